"""CreateStream, DeleteStream, DescribeStream(Summary), ListStreams, DescribeLimits and their quotas."""

import json
import re

import pytest
from conftest import evidence
from kit import ACCOUNT, FIRST, REGION, TOP, not_found, refused, shard, shards_of, stream_arn, until

KINESALITE = "comparison of kinesalite's suite with production"
LOCALSTACK = "localstack snapshots validated on AWS"
MODEL = "service model of botocore 1.44.8"


@evidence("R", KINESALITE + "; members of the current model")
def test_a_new_stream_is_described_in_full(server, name):
    before = server.now_ms() // 1000
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    described = server.kinesis.describe_stream(StreamName=name)["StreamDescription"]
    created = described.pop("StreamCreationTimestamp").timestamp()
    shards = described.pop("Shards")
    assert before <= created <= server.now_ms() / 1000
    assert [each["ShardId"] for each in shards] == [FIRST]
    assert described == {
        "StreamName": name, "StreamARN": stream_arn(name), "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "HasMoreShards": False,
        "RetentionPeriodHours": 24, "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE"}


@evidence("M", MODEL)
def test_a_summary_counts_open_shards(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=3)
    summary = server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    del summary["StreamCreationTimestamp"]
    assert summary == {
        "StreamName": name, "StreamARN": stream_arn(name), "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}], "EncryptionType": "NONE",
        "OpenShardCount": 3, "ConsumerCount": 0, "MaxRecordSizeInKiB": 1024}


@evidence("R", KINESALITE + " (three shards); the same rule for the rest")
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_shards_share_the_hash_keys_and_the_last_takes_the_rest(server, name, count):
    server.kinesis.create_stream(StreamName=name, ShardCount=count)
    width = 2**128 // count
    ranges = [(int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"]))
              for each in shards_of(server.kinesis, name).values()]
    assert ranges == [(n * width, TOP if n == count - 1 else (n + 1) * width - 1) for n in range(count)]


@evidence("R", KINESALITE)
def test_an_open_shard_has_three_members(server, stream):
    listed = server.raw.result("DescribeStream", {"StreamName": stream})["StreamDescription"]["Shards"][0]
    assert list(listed) == ["ShardId", "HashKeyRange", "SequenceNumberRange"]
    assert list(listed["SequenceNumberRange"]) == ["StartingSequenceNumber"]


@evidence("R", KINESALITE)
def test_timestamps_are_plain_decimals_in_seconds(server, stream):
    text = server.raw.kinesis("DescribeStream", {"StreamName": stream}).body.decode()
    assert re.search(r'"StreamCreationTimestamp":\d{10}(\.\d{1,3})?[,}]', text), text


@evidence("R", KINESALITE)
def test_a_name_is_taken_once(server, stream):
    assert server.raw.error("CreateStream", {"StreamName": stream, "ShardCount": 1}) == (
        "ResourceInUseException", f"Stream {stream} under account {ACCOUNT} already exists.")


MISSING = [
    ("DescribeStream", {}), ("DescribeStreamSummary", {}), ("DeleteStream", {}), ("ListShards", {}),
    ("PutRecord", {"Data": "", "PartitionKey": "k"}),
    ("PutRecords", {"Records": [{"Data": "", "PartitionKey": "k"}]}),
    ("SplitShard", {"ShardToSplit": "shardId-0", "NewStartingHashKey": "5"}),
    ("MergeShards", {"ShardToMerge": "shardId-0", "AdjacentShardToMerge": "shardId-1"}),
    ("AddTagsToStream", {"Tags": {"a": "b"}}), ("RemoveTagsFromStream", {"TagKeys": ["a"]}),
    ("ListTagsForStream", {}), ("IncreaseStreamRetentionPeriod", {"RetentionPeriodHours": 25}),
    ("DecreaseStreamRetentionPeriod", {"RetentionPeriodHours": 25}),
]


@evidence("R", KINESALITE)
@pytest.mark.parametrize("operation, body", MISSING)
def test_a_missing_stream_is_named_with_its_account(server, name, operation, body):
    assert server.raw.error(operation, {"StreamName": name, **body}) == not_found(name)


@evidence("R", LOCALSTACK)
def test_a_missing_stream_given_by_arn_is_named_by_its_name(server, name):
    arn = stream_arn(name, "111111111111")
    assert server.raw.error("DescribeStream", {"StreamARN": arn}) == not_found(name, "111111111111")


@evidence("D", "producers of the field send name and ARN together")
def test_name_and_arn_together_must_agree(server, stream, name):
    both = {"StreamName": stream, "StreamARN": stream_arn(stream)}
    assert server.raw.result("DescribeStreamSummary", both)["StreamDescriptionSummary"]["StreamName"] == stream
    both["StreamName"] = name + "-other"
    assert server.raw.error("DescribeStreamSummary", both)[0] == "InvalidArgumentException"


@evidence("M", MODEL + "; the text is ours")
@pytest.mark.parametrize("operation, body", [MISSING[0], MISSING[4], MISSING[8]])
def test_neither_name_nor_arn_is_an_invalid_argument(server, operation, body):
    assert server.raw.error(operation, body)[0] == "InvalidArgumentException"


@evidence("M", "StreamId is reserved in the model")
def test_a_stream_id_is_accepted_and_never_answered(server, stream):
    body = {"StreamName": stream, "StreamId": "abcdefghij0123456789-abc"}
    assert "StreamId" not in server.raw.result("DescribeStreamSummary", body)["StreamDescriptionSummary"]


@evidence("R", LOCALSTACK + ": CreateStream with nothing but a name had four open shards")
@pytest.mark.parametrize("more", [{}, {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}])
def test_on_demand_starts_with_four_shards(server, name, more):
    server.kinesis.create_stream(StreamName=name, **more)
    summary = server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["StreamModeDetails"]) == (4, {"StreamMode": "ON_DEMAND"})


@evidence("F", "aws/aws-cdk 18247")
def test_a_shard_count_does_not_go_with_on_demand(server, name):
    kind, text = server.raw.error("CreateStream", {
        "StreamName": name, "ShardCount": 2, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    assert kind == "ValidationException"
    assert "ShardCount is not expected when StreamMode=ON_DEMAND" in text


@evidence("M", MODEL + "; the text by analogy")
def test_provisioned_needs_a_shard_count(server, name):
    kind, text = server.raw.error("CreateStream", {
        "StreamName": name, "StreamModeDetails": {"StreamMode": "PROVISIONED"}})
    assert kind == "ValidationException"
    assert "ShardCount is required when StreamMode=PROVISIONED" in text


@evidence("R", KINESALITE)
def test_deleting_frees_the_name(server, stream):
    server.kinesis.put_record(StreamName=stream, Data=b"old", PartitionKey="k")
    server.kinesis.delete_stream(StreamName=stream)
    until(lambda: stream not in server.kinesis.list_streams(ExclusiveStartStreamName=stream[:-1])["StreamNames"])
    assert server.raw.error("DescribeStream", {"StreamName": stream}) == not_found(stream)
    server.kinesis.create_stream(StreamName=stream, ShardCount=1)
    at = server.kinesis.get_shard_iterator(StreamName=stream, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    assert server.kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"] == []


@evidence("M", MODEL)
def test_enforcing_the_deletion_of_consumers_needs_none(server, stream):
    server.kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    until(lambda: server.raw.kinesis("DescribeStreamSummary", {"StreamName": stream}).status == 400)


@evidence("R", KINESALITE)
def test_streams_are_listed_by_name_in_pages(account):
    kinesis, _ = account
    for each in ("b", "d", "a", "c"):
        kinesis.create_stream(StreamName=each, ShardCount=1)
    first = kinesis.list_streams(Limit=3)
    assert (first["StreamNames"], first["HasMoreStreams"]) == (["a", "b", "c"], True)
    assert [each["StreamName"] for each in first["StreamSummaries"]] == ["a", "b", "c"]
    rest = kinesis.list_streams(NextToken=first["NextToken"])
    assert (rest["StreamNames"], rest["HasMoreStreams"], "NextToken" in rest) == (["d"], False, False)


@evidence("R", KINESALITE)
def test_a_listing_starts_behind_a_name_that_need_not_exist(account):
    kinesis, _ = account
    for each in ("a", "c"):
        kinesis.create_stream(StreamName=each, ShardCount=1)
    assert kinesis.list_streams(ExclusiveStartStreamName="b")["StreamNames"] == ["c"]
    assert kinesis.list_streams(ExclusiveStartStreamName="c")["StreamNames"] == []


@evidence("M", MODEL)
def test_a_page_of_streams_holds_at_most_a_hundred(account):
    kinesis, _ = account
    for number in range(101):
        kinesis.create_stream(StreamName=f"s{number:03d}", ShardCount=1)
    page = kinesis.list_streams(Limit=10000)
    assert (len(page["StreamNames"]), page["HasMoreStreams"]) == (100, True)
    assert len(kinesis.list_streams()["StreamNames"]) == 100


@evidence("M", MODEL)
def test_a_stream_s_summary_in_a_listing(account):
    kinesis, number = account
    kinesis.create_stream(StreamName="one", ShardCount=1)
    summary = kinesis.list_streams()["StreamSummaries"][0]
    del summary["StreamCreationTimestamp"]
    assert summary == {"StreamName": "one", "StreamARN": stream_arn("one", number), "StreamStatus": "ACTIVE",
                       "StreamModeDetails": {"StreamMode": "PROVISIONED"}}


@evidence("R", KINESALITE)
def test_shards_are_described_in_pages(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=5)
    first = server.kinesis.describe_stream(StreamName=name, Limit=2)["StreamDescription"]
    assert ([each["ShardId"] for each in first["Shards"]], first["HasMoreShards"]) == ([shard(0), shard(1)], True)
    rest = server.kinesis.describe_stream(StreamName=name, ExclusiveStartShardId=shard(1))["StreamDescription"]
    assert ([each["ShardId"] for each in rest["Shards"]], rest["HasMoreShards"]) == (
        [shard(2), shard(3), shard(4)], False)


@evidence("M", MODEL)
def test_a_description_holds_at_most_a_hundred_shards(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=101)
    described = server.kinesis.describe_stream(StreamName=name, Limit=10000)["StreamDescription"]
    assert (len(described["Shards"]), described["HasMoreShards"]) == (100, True)


@evidence("R", KINESALITE)
def test_the_shard_quota_is_counted_per_account(account):
    kinesis, number = account
    kinesis.create_stream(StreamName="some", ShardCount=2)
    assert refused(kinesis.create_stream, StreamName="more", ShardCount=20000) == (
        "LimitExceededException",
        f"This request would exceed the shard limit for the account {number} in {REGION}. Current shard "
        "count for the account: 2. Limit: 20000. Number of additional shards that would have resulted from "
        "this request: 20000. Refer to the AWS Service Limits page "
        "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "
        "to request higher limits.")


@evidence("D", "quota of on-demand streams; the text is ours")
def test_the_quota_of_on_demand_streams(account):
    kinesis, _ = account
    for number in range(50):
        kinesis.create_stream(StreamName=f"s{number}", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    code, _ = refused(kinesis.create_stream, StreamName="one-more", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert code == "LimitExceededException"


@evidence("M", MODEL)
def test_limits_of_an_account(account):
    kinesis, _ = account
    kinesis.create_stream(StreamName="provisioned", ShardCount=3)
    kinesis.create_stream(StreamName="on-demand")
    limits = kinesis.describe_limits()
    del limits["ResponseMetadata"]
    assert (limits["ShardLimit"], limits["OnDemandStreamCount"], limits["OnDemandStreamCountLimit"]) == (20000, 1, 50)
    assert limits["OpenShardCount"] in (3, 7)  # Whether on-demand shards count is not recorded.


@evidence("M", MODEL)
def test_tags_given_at_creation_are_there_at_once(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1, Tags={"team": "billing"})
    assert server.kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "billing"}]


@evidence("M", MODEL)
def test_a_larger_record_size_is_a_property_of_the_stream(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1, MaxRecordSizeInKiB=2048)
    summary = server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 2048
    server.kinesis.put_record(StreamName=name, Data=b"x" * (2 * 1048576 - 1), PartitionKey="k")
    kind, text = server.raw.error("PutRecord", json.dumps({
        "StreamName": name, "Data": "AAAA" * (2 * 1048576 // 3 + 1), "PartitionKey": "k"}))
    assert (kind, "less than or equal to 2097152" in text) == ("ValidationException", True)
