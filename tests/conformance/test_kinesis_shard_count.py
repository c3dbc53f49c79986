"""UpdateShardCount: how many shards there are afterwards, their lineage, what is refused."""

import pytest
from conftest import evidence
from kit import (ACCOUNT, TOP, data_of, not_found, put, read, refused, shard, shards_of, stream_arn,
                 wait_active)

MOTO = "getmoto/moto test_update_shard_count: counted on AWS"
KINESALITE = "kinesalite, pull request 48"


def resize(server, stream, shards):
    reply = server.kinesis.update_shard_count(StreamName=stream, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
    wait_active(server.kinesis, stream)
    return reply


def request(stream, shards, **more):
    return {"StreamName": stream, "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING", **more}


def is_open(each):
    return "EndingSequenceNumber" not in each["SequenceNumberRange"]


def open_ranges(server, stream):
    return sorted((int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"]))
                  for each in shards_of(server.kinesis, stream).values() if is_open(each))


def covers_every_key(ranges):
    return (ranges[0][0], ranges[-1][1]) == (0, TOP) and all(
        end + 1 == start for (_, end), (start, _) in zip(ranges, ranges[1:]))


@evidence("R", MOTO)
@pytest.mark.parametrize("before, after, total", [(2, 4, 6), (4, 5, 15), (10, 13, 37), (4, 2, 6), (5, 3, 7)])
def test_as_many_shards_as_on_aws(server, name, before, after, total):
    server.kinesis.create_stream(StreamName=name, ShardCount=before)
    resize(server, name, after)
    assert len(shards_of(server.kinesis, name)) == total
    ranges = open_ranges(server, name)
    assert len(ranges) == after
    assert covers_every_key(ranges)
    summary = server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == after


@evidence("F", "stackshy/cloudemu 1070: Terraform needs name and ARN")
def test_the_reply_says_what_was_and_what_will_be(server, stream):
    reply = server.kinesis.update_shard_count(StreamARN=stream_arn(stream), TargetShardCount=2,
                                              ScalingType="UNIFORM_SCALING")
    reply.pop("ResponseMetadata")
    assert reply == {"StreamName": stream, "StreamARN": stream_arn(stream), "CurrentShardCount": 1,
                     "TargetShardCount": 2}


@evidence("F", "stackshy/cloudemu 372: children have parents and nothing is lost")
def test_every_new_shard_has_parents_and_records_stay(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    put(server.kinesis, name, b"before", key="a")
    resize(server, name, 5)
    listed = shards_of(server.kinesis, name)
    for number, each in enumerate(listed.values()):
        parents = [each[key] for key in ("ParentShardId", "AdjacentParentShardId") if key in each]
        assert len(parents) == (0 if number < 4 else 1 if number < 12 else 2)
        for parent in parents:
            assert int(each["SequenceNumberRange"]["StartingSequenceNumber"]) > int(
                listed[parent]["SequenceNumberRange"]["EndingSequenceNumber"])
    assert data_of(read(server.kinesis, name, shard_id=shard(0))) == [b"before"]
    put(server.kinesis, name, b"after", key="a")
    assert [b"after"] in [data_of(read(server.kinesis, name, shard_id=key)) for key, each in listed.items()
                          if is_open(each)]


@evidence("D", "a shard that was open for a moment only is read to its end, too")
def test_every_closed_shard_ends_with_its_children(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    resize(server, name, 5)
    for key, each in shards_of(server.kinesis, name).items():
        at = server.kinesis.get_shard_iterator(StreamName=name, ShardId=key, ShardIteratorType="TRIM_HORIZON")
        page = server.kinesis.get_records(ShardIterator=at["ShardIterator"])
        assert ("NextShardIterator" in page) == is_open(each)
        assert bool(page.get("ChildShards")) == (not is_open(each))


@evidence("D", "SequenceNumberForOrdering takes a number that the stream has just given")
def test_a_new_shard_s_number_orders_the_next_put(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    resize(server, name, 5)
    first, = put(server.kinesis, name, b"1")
    second, = put(server.kinesis, name, b"2", SequenceNumberForOrdering=first)
    assert int(second) > int(first)


@evidence("R", KINESALITE)
def test_more_than_twice_is_refused(server, stream):
    assert server.raw.error("UpdateShardCount", request(stream, 3)) == (
        "LimitExceededException",
        "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 1, "
        "Target shard count: 3")


@evidence("R", KINESALITE)
def test_less_than_half_is_refused(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=5)
    assert server.raw.error("UpdateShardCount", request(name, 2)) == (
        "LimitExceededException",
        "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: 5, "
        "Target shard count: 2")


@evidence("R", KINESALITE)
def test_the_ceiling_is_named(server, stream):
    assert server.raw.error("UpdateShardCount", request(stream, 10_001)) == (
        "LimitExceededException",
        "Target shard count or number of open shards cannot be greater than 10000. Current open shard count: 1, "
        "Target shard count: 10001")


@evidence("D", "the same count is accepted and changes nothing")
def test_the_present_count_changes_nothing(server, stream):
    reply = resize(server, stream, 1)
    assert (reply["CurrentShardCount"], reply["TargetShardCount"]) == (1, 1)
    assert len(shards_of(server.kinesis, stream)) == 1


@evidence("R", "the text of the shard quota")
def test_shards_open_for_a_moment_count_against_the_quota(account):
    kinesis, number = account
    kinesis.create_stream(StreamName="large", ShardCount=19_995)
    kinesis.create_stream(StreamName="small", ShardCount=4)
    code, text = refused(kinesis.update_shard_count, StreamName="small", TargetShardCount=5,
                         ScalingType="UNIFORM_SCALING")
    assert code == "LimitExceededException"
    assert text.startswith(f"This request would exceed the shard limit for the account {number} in us-east-1. "
                           "Current shard count for the account: 19999. Limit: 20000. Number of additional shards "
                           "that would have resulted from this request: 4.")
    kinesis.delete_stream(StreamName="large")
    kinesis.delete_stream(StreamName="small")


@evidence("D", "ten scalings in 24 hours; the text is a field report's")
def test_ten_a_day(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    for step in range(10):
        resize(limited, name, 2 - step % 2)
    assert refused(limited.kinesis.update_shard_count, **request(name, 2)) == (
        "LimitExceededException", f"Rate exceeded for stream {name} under account {ACCOUNT}.")
    limited.advance(24 * 3_600_000)
    resize(limited, name, 2)


@evidence("own", "without limits a stream may be scaled as often as a test likes")
def test_more_than_ten_without_limits(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    for step in range(12):
        resize(server, name, 2 - step % 2)


@evidence("F", "getmoto/moto")
def test_an_on_demand_stream_is_refused(server, name):
    server.kinesis.create_stream(StreamName=name)
    assert server.raw.error("UpdateShardCount", request(name, 8)) == (
        "ValidationException", f"Request is invalid. Stream {name} under account {ACCOUNT} is in On-Demand mode.")


@evidence("R", "the text of a stream that is not there")
def test_an_unknown_stream(server, name):
    assert server.raw.error("UpdateShardCount", request(name, 2)) == not_found(name)


@evidence("M", "both are required, and there is one type")
@pytest.mark.parametrize("change, text", [
    ({"TargetShardCount": None},
     "Value null at 'targetShardCount' failed to satisfy constraint: Member must not be null"),
    ({"TargetShardCount": 0},
     "Value '0' at 'targetShardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"),
    ({"ScalingType": "FAST"},
     "Value 'FAST' at 'scalingType' failed to satisfy constraint: Member must satisfy enum value set: "
     "[UNIFORM_SCALING]")])
def test_members_are_checked(server, stream, change, text):
    assert server.raw.error("UpdateShardCount", {**request(stream, 2), **change}) == (
        "ValidationException", f"1 validation error detected: {text}")
