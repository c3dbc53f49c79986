"""AWS's limits of a shard, on the server that enforces them: partial failure inside a 200, throttled reads.

The service clock goes on while a test runs, so that a shard earns allowance: bounds are taken from the
clock before and after.
"""

import base64

import pytest
from conftest import evidence
from kit import ACCOUNT, FIRST, data_of, iterator, put, read, refused, shard, shards_of

RATE = "1,000 records and 1 MiB a second into a shard; 5 reads and 2 MiB a second out of it"
THROTTLED = "ProvisionedThroughputExceededException"


def exceeded(stream, shard_id=FIRST):
    return f"Rate exceeded for shard {shard_id} in stream {stream} under account {ACCOUNT}."


@pytest.fixture
def narrow(limited, name):
    """A stream with one shard that has its whole allowance."""
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


def batch(count, data=b"x", **more):
    return [{"Data": data, "PartitionKey": "k", **more}] * count


def exhaust_writes(server, stream):
    """Uses up the records of this second and returns the first refused entry."""
    for _ in range(20):
        reply = server.kinesis.put_records(StreamName=stream, Records=batch(500))
        refused_entries = [each for each in reply["Records"] if "ErrorCode" in each]
        if refused_entries:
            return refused_entries[0]
    raise AssertionError("10,000 records at once were not throttled")


@evidence("D", RATE)
def test_a_shard_takes_a_thousand_records_a_second(limited, narrow):
    started = limited.now_ms()
    replies = [limited.kinesis.put_records(StreamName=narrow, Records=batch(500)) for _ in range(4)]
    earned = limited.now_ms() - started
    stored = sum(500 - reply["FailedRecordCount"] for reply in replies)
    assert 1000 <= stored <= 1000 + earned + 1
    assert len(read_when_allowed(limited, narrow)) == stored


def read_when_allowed(server, stream):
    server.advance(10_000)
    return read(server.kinesis, stream)


@evidence("F", "partial failures as users report them; members of the model")
def test_a_batch_fails_in_part_inside_a_200(limited, narrow):
    exhaust_writes(limited, narrow)
    reply = limited.raw.result("PutRecords", {
        "StreamName": narrow, "Records": [{"Data": "", "PartitionKey": "k"}] * 500})
    failed = [each for each in reply["Records"] if "ErrorCode" in each]
    assert reply["FailedRecordCount"] == len(failed) > 0
    assert len(reply["Records"]) == 500
    assert all(each == {"ErrorCode": THROTTLED, "ErrorMessage": exceeded(narrow)} for each in failed)
    assert all(sorted(each) == ["SequenceNumber", "ShardId"] for each in reply["Records"] if each not in failed)


@evidence("D", RATE)
def test_only_the_stored_part_of_a_batch_is_read_back(limited, narrow):
    sent = [b"%d" % n for n in range(500)]
    stored = []
    for _ in range(4):
        reply = limited.kinesis.put_records(
            StreamName=narrow, Records=[{"Data": data, "PartitionKey": "k"} for data in sent])
        stored += [data for data, result in zip(sent, reply["Records"]) if "ErrorCode" not in result]
    assert len(stored) < 2000
    assert data_of(read_when_allowed(limited, narrow)) == stored


@evidence("D", RATE)
def test_a_second_later_everything_is_accepted_again(limited, narrow):
    exhaust_writes(limited, narrow)
    limited.advance(1000)
    assert limited.kinesis.put_records(StreamName=narrow, Records=batch(500))["FailedRecordCount"] == 0


@evidence("F", "a throttled PutRecord is an error, a throttled entry of PutRecords is data")
def test_a_single_put_is_refused_whole(limited, narrow):
    put(limited.kinesis, narrow, b"x" * 1_000_000)
    reply = limited.raw.kinesis("PutRecord", {
        "StreamName": narrow, "Data": base64.b64encode(b"x" * 900_000).decode(), "PartitionKey": "k"})
    assert reply.status == 400
    assert reply.json() == {"__type": THROTTLED, "message": exceeded(narrow)}
    assert len(read_when_allowed(limited, narrow)) == 1, "a refused record is not stored"


@evidence("D", RATE)
def test_a_shard_takes_a_mebibyte_a_second(limited, narrow):
    reply = limited.kinesis.put_records(StreamName=narrow, Records=batch(2, b"x" * 700_000))
    assert ["ErrorCode" in each for each in reply["Records"]] == [False, True]
    assert reply["Records"][1]["ErrorMessage"] == exceeded(narrow)


@evidence("D", "the partition key counts")
def test_a_large_record_uses_up_the_second(limited, narrow):
    put(limited.kinesis, narrow, b"x" * (1048576 - 1))
    code, text = refused(limited.kinesis.put_record, StreamName=narrow, Data=b"x" * 500_000, PartitionKey="k")
    assert (code, text) == (THROTTLED, exceeded(narrow))
    limited.advance(1000)
    put(limited.kinesis, narrow, b"x" * 500_000)


@evidence("D", "a refused record does not keep smaller ones behind it from being stored")
def test_later_entries_are_tried_after_a_refused_one(limited, narrow):
    entries = [{"Data": b"x" * size, "PartitionKey": "k"} for size in (700_000, 700_000, 10)]
    reply = limited.kinesis.put_records(StreamName=narrow, Records=entries)
    assert ["ErrorCode" in each for each in reply["Records"]] == [False, True, False]


@evidence("D", RATE)
def test_a_hot_shard_leaves_the_others_alone(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=2)
    ends = [each["HashKeyRange"]["StartingHashKey"] for each in shards_of(limited.kinesis, name).values()]
    for _ in range(4):
        limited.kinesis.put_records(StreamName=name, Records=batch(500, ExplicitHashKey=ends[0]))
    mixed = batch(250, ExplicitHashKey=ends[0]) + batch(250, ExplicitHashKey=ends[1])
    reply = limited.kinesis.put_records(StreamName=name, Records=mixed)
    assert all(each["ErrorMessage"] == exceeded(name, shard(0))
               for each in reply["Records"] if "ErrorCode" in each)
    assert all(each["ShardId"] == shard(1) for each in reply["Records"][250:])
    assert 0 < reply["FailedRecordCount"] <= 250


@evidence("D", RATE)
def test_the_sixth_read_of_a_second_is_refused(limited, narrow):
    at = iterator(limited.kinesis, narrow)
    answers = [limited.raw.kinesis("GetRecords", {"ShardIterator": at}) for _ in range(12)]
    statuses = [answer.status for answer in answers]
    assert statuses[:5] == [200] * 5
    assert 400 in statuses
    assert answers[statuses.index(400)].json() == {"__type": THROTTLED, "message": exceeded(narrow)}
    limited.advance(1000)
    assert limited.raw.kinesis("GetRecords", {"ShardIterator": at}).status == 200


@evidence("D", RATE)
def test_the_sixth_iterator_of_a_second_is_refused(limited, narrow):
    body = {"StreamName": narrow, "ShardId": FIRST, "ShardIteratorType": "LATEST"}
    answers = [limited.raw.kinesis("GetShardIterator", body) for _ in range(12)]
    statuses = [answer.status for answer in answers]
    assert statuses[:5] == [200] * 5
    assert answers[statuses.index(400)].json()["__type"] == THROTTLED


@evidence("D", "a large page is paid off at 2 MiB a second")
def test_a_large_page_is_paid_off_before_the_next(limited, narrow):
    for _ in range(6):
        put(limited.kinesis, narrow, b"x" * 1_000_000)
        limited.advance(1000)
    at = iterator(limited.kinesis, narrow)
    page = limited.kinesis.get_records(ShardIterator=at)
    assert sum(len(each["Data"]) for each in page["Records"]) > 2 * 1048576
    after = page["NextShardIterator"]
    assert limited.raw.error("GetRecords", {"ShardIterator": after})[0] == THROTTLED
    limited.advance(5000)
    assert limited.raw.kinesis("GetRecords", {"ShardIterator": after}).status == 200


@evidence("own", "--limits off: for tests that are not about limits")
def test_without_limits_nothing_is_throttled(server, stream):
    for _ in range(6):
        assert server.kinesis.put_records(StreamName=stream, Records=batch(500))["FailedRecordCount"] == 0
    at = iterator(server.kinesis, stream)
    for _ in range(12):
        server.kinesis.get_records(ShardIterator=at, Limit=1)
