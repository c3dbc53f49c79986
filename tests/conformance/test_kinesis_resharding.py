"""SplitShard and MergeShards: ranges, lineage, what happens to records, every refusal."""

import pytest
from conftest import evidence
from kit import (ACCOUNT, FIRST, TOP, data_of, merge, put, read, refused, shard, shards_of,
                 split_in_the_middle)

KINESALITE = "comparison of kinesalite's suite with production"


def split(stream, key, shard_id=FIRST):
    return {"StreamName": stream, "ShardToSplit": shard_id, "NewStartingHashKey": str(key)}


def joined(stream, first, second):
    return {"StreamName": stream, "ShardToMerge": shard(first), "AdjacentShardToMerge": shard(second)}


def missing(stream, text):
    return "ResourceNotFoundException", f"Could not find shard {text} in stream {stream} under account {ACCOUNT}."


@evidence("R", KINESALITE)
def test_a_split_cuts_the_range_at_the_key(server, stream):
    server.kinesis.split_shard(**split(stream, 1000))
    listed = shards_of(server.kinesis, stream)
    assert {key: (each["HashKeyRange"]["StartingHashKey"], each["HashKeyRange"]["EndingHashKey"])
            for key, each in listed.items()} == {
        shard(0): ("0", str(TOP)), shard(1): ("0", "999"), shard(2): ("1000", str(TOP))}


@evidence("R", KINESALITE)
def test_the_children_of_a_split_name_their_parent(server, stream):
    split_in_the_middle(server.kinesis, stream)
    listed = shards_of(server.kinesis, stream)
    assert "ParentShardId" not in listed[shard(0)]
    for child in (shard(1), shard(2)):
        assert listed[child]["ParentShardId"] == shard(0)
        assert "AdjacentParentShardId" not in listed[child]
        assert "EndingSequenceNumber" not in listed[child]["SequenceNumberRange"]
    assert "EndingSequenceNumber" in listed[shard(0)]["SequenceNumberRange"]


@evidence("R", KINESALITE)
def test_a_merge_joins_the_ranges_and_names_both_parents(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=3)
    before = shards_of(server.kinesis, name)
    merge(server.kinesis, name, shard(1), shard(2))
    after = shards_of(server.kinesis, name)
    child = after[shard(3)]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard(1), shard(2))
    assert child["HashKeyRange"] == {
        "StartingHashKey": before[shard(1)]["HashKeyRange"]["StartingHashKey"], "EndingHashKey": str(TOP)}
    assert [key for key, each in after.items() if "EndingSequenceNumber" in each["SequenceNumberRange"]] == [
        shard(1), shard(2)]


@evidence("R", "getmoto/moto 1475: records stay in the parent")
def test_records_stay_where_they_were_put(server, stream):
    put(server.kinesis, stream, b"before")
    split_in_the_middle(server.kinesis, stream)
    after = [server.kinesis.put_record(StreamName=stream, Data=b"after", PartitionKey=key)["ShardId"]
             for key in ("a", "b")]
    assert after == [shard(1), shard(2)]
    assert data_of(read(server.kinesis, stream, shard_id=shard(0))) == [b"before"]
    for child in (shard(1), shard(2)):
        assert data_of(read(server.kinesis, stream, shard_id=child)) == [b"after"]


@evidence("R", KINESALITE)
def test_open_shards_cover_every_key_after_many_changes(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    split_in_the_middle(server.kinesis, name, shard(1))  # 2, 3
    merge(server.kinesis, name, shard(0), shard(2))  # 4
    split_in_the_middle(server.kinesis, name, shard(4))  # 5, 6
    listed = shards_of(server.kinesis, name)
    assert list(listed) == [shard(n) for n in range(7)]
    ranges = sorted((int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"]))
                    for each in listed.values() if "EndingSequenceNumber" not in each["SequenceNumberRange"])
    assert (ranges[0][0], ranges[-1][1]) == (0, TOP)
    assert all(end + 1 == start for (_, end), (start, _) in zip(ranges, ranges[1:]))
    summary = server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == len(ranges) == 3


@evidence("R", KINESALITE)
@pytest.mark.parametrize("key", [0, 1, TOP, TOP + 1])
def test_a_key_at_the_rim_does_not_split(server, stream, key):
    assert server.raw.error("SplitShard", split(stream, key)) == (
        "InvalidArgumentException",
        f"NewStartingHashKey {key} used in SplitShard() on shard {FIRST} in stream {stream} under account "
        f"{ACCOUNT} is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's "
        f"EndingHashKey {TOP}.")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("key", [2, TOP - 1])
def test_the_outermost_keys_that_split(server, stream, key):
    server.kinesis.split_shard(**split(stream, key))
    assert shards_of(server.kinesis, stream)[shard(2)]["HashKeyRange"]["StartingHashKey"] == str(key)


@evidence("F", "getmoto/moto")
def test_a_shard_is_split_or_merged_once(server, stream):
    split_in_the_middle(server.kinesis, stream)
    closed = ("InvalidArgumentException",
              f"Shard {FIRST} in stream {stream} under account {ACCOUNT} has already been merged or split, and thus "
              "is not eligible for merging or splitting.")
    assert server.raw.error("SplitShard", split(stream, 1000)) == closed
    assert server.raw.error("MergeShards", joined(stream, 0, 1)) == closed


@evidence("R", KINESALITE)
@pytest.mark.parametrize("first, second", [(1, 0), (0, 2), (0, 0)])
def test_only_neighbours_in_order_are_merged(server, name, first, second):
    server.kinesis.create_stream(StreamName=name, ShardCount=3)
    assert server.raw.error("MergeShards", joined(name, first, second)) == (
        "InvalidArgumentException",
        f"Shards {shard(first)} and {shard(second)} in stream {name} under account {ACCOUNT} are not an adjacent "
        "pair of shards eligible for merging")


@evidence("R", KINESALITE)
def test_an_unknown_shard_is_named_in_full(server, stream):
    assert server.raw.error("SplitShard", split(stream, 5, "shardId-5")) == missing(stream, shard(5))
    assert server.raw.error("MergeShards", joined(stream, 0, 7)) == missing(stream, shard(7))


@evidence("R", KINESALITE)
def test_an_unreadable_shard_id_is_named_as_given(server, stream):
    assert server.raw.error("SplitShard", split(stream, 5, "shardId-x")) == missing(stream, "shardId-x")


@evidence("R", KINESALITE)
def test_a_shard_id_is_read_before_the_stream_is_looked_up(server, name):
    assert server.raw.error("SplitShard", split(name, 5, "nonsense")) == missing(name, "nonsense")


@evidence("R", KINESALITE)
def test_the_short_form_of_a_shard_id_splits(server, stream):
    server.kinesis.split_shard(**split(stream, 1000, "0"))
    assert len(shards_of(server.kinesis, stream)) == 3


@evidence("F", "getmoto/moto")
def test_an_on_demand_stream_is_not_resharded_by_hand(server, name):
    server.kinesis.create_stream(StreamName=name)
    text = f"Request is invalid. Stream {name} under account {ACCOUNT} is in On-Demand mode."
    assert server.raw.error("SplitShard", split(name, 1000)) == ("ValidationException", text)
    assert server.raw.error("MergeShards", joined(name, 0, 1)) == ("ValidationException", text)


@evidence("R", KINESALITE)
def test_a_split_counts_against_the_shard_quota(account):
    kinesis, number = account
    kinesis.create_stream(StreamName="full", ShardCount=20000)
    code, text = refused(kinesis.split_shard, StreamName="full", ShardToSplit=FIRST, NewStartingHashKey="1000")
    assert code == "LimitExceededException"
    assert text.startswith(f"This request would exceed the shard limit for the account {number} in us-east-1. "
                           "Current shard count for the account: 20000. Limit: 20000. Number of additional shards "
                           "that would have resulted from this request: 1.")
    kinesis.delete_stream(StreamName="full")


@evidence("own", "splits that follow each other within a second keep the order of numbers")
def test_quick_splits_keep_numbers_in_order(server, stream):
    newest = 0
    for step in range(4):
        split_in_the_middle(server.kinesis, stream, shard(2 * step))
        number, = put(server.kinesis, stream, b"%d" % step, ExplicitHashKey=str(TOP))
        assert int(number) > newest
        newest = int(number)
