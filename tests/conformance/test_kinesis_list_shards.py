"""ListShards: filters, pages and tokens."""

import pytest
from conftest import evidence
from kit import ACCOUNT, HOUR, not_found, shard, split_in_the_middle

KINESALITE = "comparison of kinesalite's suite with production"
MODEL = "service model of botocore 1.44.8"


@pytest.fixture
def split_twice(server, name):
    """Shards 0 (closed, split into 2 and 3), 1 (open), 2 (closed a minute later, 4 and 5), 3, 4, 5."""
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    server.advance(60_000)
    split_in_the_middle(server.kinesis, name, shard(0))
    server.advance(60_000)
    split_in_the_middle(server.kinesis, name, shard(2))
    server.advance(60_000)
    return name


def listed(server, **body):
    reply = server.raw.result("ListShards", body)
    return [int(each["ShardId"][-12:]) for each in reply["Shards"]]


@evidence("M", MODEL)
def test_without_a_filter_every_shard_is_listed_once(server, split_twice):
    reply = server.raw.result("ListShards", {"StreamName": split_twice})
    assert list(reply) == ["Shards"]
    assert [each["ShardId"] for each in reply["Shards"]] == [shard(n) for n in range(6)]


@evidence("M", MODEL)
@pytest.mark.parametrize("filter_type, expected", [
    ("AT_LATEST", [1, 3, 4, 5]), ("FROM_TRIM_HORIZON", [0, 1, 2, 3, 4, 5]), ("AT_TRIM_HORIZON", [0, 1])])
def test_filters_without_an_argument(server, split_twice, filter_type, expected):
    assert listed(server, StreamName=split_twice, ShardFilter={"Type": filter_type}) == expected


@evidence("M", MODEL)
def test_a_filter_after_a_shard_and_an_exclusive_start_cut_alike(server, split_twice):
    after = {"Type": "AFTER_SHARD_ID", "ShardId": shard(2)}
    assert listed(server, StreamName=split_twice, ShardFilter=after) == [3, 4, 5]
    assert listed(server, StreamName=split_twice, ExclusiveStartShardId=shard(2)) == [3, 4, 5]


@evidence("M", MODEL)
@pytest.mark.parametrize("minutes_ago, at, since", [
    (2.5, [0, 1], [0, 1, 2, 3, 4, 5]), (1.5, [1, 2, 3], [1, 2, 3, 4, 5]), (0.5, [1, 3, 4, 5], [1, 3, 4, 5])])
def test_filters_by_time(server, split_twice, minutes_ago, at, since):
    when = (server.now_ms() - minutes_ago * 60_000) / 1000
    assert listed(server, StreamName=split_twice, ShardFilter={"Type": "AT_TIMESTAMP", "Timestamp": when}) == at
    assert listed(server, StreamName=split_twice, ShardFilter={"Type": "FROM_TIMESTAMP", "Timestamp": when}) == since


@evidence("M", MODEL + "; the texts are not recorded")
@pytest.mark.parametrize("shard_filter", [
    {"Type": "AFTER_SHARD_ID"}, {"Type": "AT_TIMESTAMP"}, {"Type": "FROM_TIMESTAMP"},
    {"Type": "AT_LATEST", "ShardId": "shardId-000000000000"}])
def test_a_filter_with_the_wrong_arguments(server, stream, shard_filter):
    kind, _ = server.raw.error("ListShards", {"StreamName": stream, "ShardFilter": shard_filter})
    assert kind == "InvalidArgumentException"


@evidence("M", MODEL)
def test_pages_go_on_by_token_alone(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=5)
    first = server.raw.result("ListShards", {"StreamName": name, "MaxResults": 2})
    second = server.raw.result("ListShards", {"NextToken": first["NextToken"], "MaxResults": 2})
    third = server.raw.result("ListShards", {"NextToken": second["NextToken"]})
    pages = [[each["ShardId"] for each in page["Shards"]] for page in (first, second, third)]
    assert pages == [[shard(0), shard(1)], [shard(2), shard(3)], [shard(4)]]
    assert "NextToken" not in third


@evidence("M", MODEL)
def test_a_page_has_at_most_a_thousand_shards(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1001)
    first = server.raw.result("ListShards", {"StreamName": name, "MaxResults": 10000})
    assert len(first["Shards"]) == 1000
    assert listed(server, NextToken=first["NextToken"]) == [1000]
    server.kinesis.delete_stream(StreamName=name)


@evidence("D", "the filter of the first page lives in the token")
def test_a_token_remembers_the_filter(server, split_twice):
    first = server.raw.result("ListShards", {
        "StreamName": split_twice, "MaxResults": 1, "ShardFilter": {"Type": "AT_LATEST"}})
    assert listed(server, NextToken=first["NextToken"]) == [3, 4, 5]


TOGETHER = [
    ("StreamName", "nowhere", "terraform-provider-aws 40494"),
    ("StreamARN", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/x", "amazon-kinesis-producer 481"),
    ("ShardFilter", {"Type": "AT_LATEST"}, "apache/beam 33478"),
    ("ExclusiveStartShardId", "shardId-000000000000", "amazon-kinesis-scaling-utils 82"),
    ("StreamCreationTimestamp", 1700000000, "by analogy"),
]


@evidence("F", "; ".join(source for _, _, source in TOGETHER))
@pytest.mark.parametrize("member, value", [(member, value) for member, value, _ in TOGETHER])
def test_a_token_stands_alone(server, name, member, value):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    token = server.raw.result("ListShards", {"StreamName": name, "MaxResults": 1})["NextToken"]
    assert server.raw.error("ListShards", {"NextToken": token, member: value}) == (
        "InvalidArgumentException", f"NextToken and {member} cannot be provided together.")


@evidence("R", KINESALITE)
def test_a_listing_needs_a_stream_or_a_token(server):
    assert server.raw.error("ListShards", {}) == (
        "InvalidArgumentException", "Either NextToken or StreamName should be provided.")


@evidence("M", MODEL + ": tokens are good for 300 s; the text is ours")
def test_a_token_expires(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    token = server.raw.result("ListShards", {"StreamName": name, "MaxResults": 1})["NextToken"]
    server.advance(300_001)
    assert server.raw.error("ListShards", {"NextToken": token})[0] == "ExpiredNextTokenException"


@evidence("M", MODEL + "; the text is ours")
@pytest.mark.parametrize("token", ["x", "AAAA" * 30])
def test_a_token_that_was_not_issued(server, token):
    assert server.raw.error("ListShards", {"NextToken": token})[0] == "InvalidArgumentException"


@evidence("D", "distinguishes streams of one name")
def test_a_creation_time_that_does_not_match(server, stream):
    created = server.raw.result("DescribeStream", {"StreamName": stream})["StreamDescription"]
    created = created["StreamCreationTimestamp"]
    assert listed(server, StreamName=stream, StreamCreationTimestamp=created) == [0]
    assert server.raw.error("ListShards", {"StreamName": stream, "StreamCreationTimestamp": created - 100}) == (
        not_found(stream))


@evidence("D", "a closed shard is listed until its records have left retention")
def test_expired_shards_are_listed_no_more(server, split_twice):
    server.advance(25 * HOUR)
    reply = server.raw.result("ListShards", {"StreamName": split_twice})
    assert [each["ShardId"] for each in reply["Shards"]] == [shard(n) for n in (1, 3, 4, 5)]
    assert reply["Shards"][1]["ParentShardId"] == shard(0), "a parent's name outlives the parent"
