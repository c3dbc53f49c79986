"""GetShardIterator: the five types, what they refuse, and how long a token is good for."""

import base64
import re
from datetime import datetime, timezone

import pytest
from conftest import evidence
from kit import (ACCOUNT, FIRST, SequenceNumber, data_of, iterator, put, read, shard, shards_of,
                 split_in_the_middle, stream_arn, until)

KINESALITE = "comparison of kinesalite's suite with production"
INVALID = ("InvalidArgumentException", "Invalid ShardIterator.")


def ask(stream, kind, **more):
    return {"StreamName": stream, "ShardId": FIRST, "ShardIteratorType": kind, **more}


def gone(stream, number=0):
    return ("ResourceNotFoundException",
            f"Shard {shard(number)} in stream {stream} under account {ACCOUNT} does not exist")


@evidence("R", KINESALITE)
def test_the_horizon_is_the_oldest_record(server, stream):
    put(server.kinesis, stream, b"1", b"2")
    assert data_of(read(server.kinesis, stream, "TRIM_HORIZON")) == [b"1", b"2"]


@evidence("R", KINESALITE)
def test_latest_is_fixed_by_the_call_that_made_the_iterator(server, stream):
    put(server.kinesis, stream, b"before")
    at = iterator(server.kinesis, stream, "LATEST")
    put(server.kinesis, stream, b"after")
    assert data_of(server.kinesis.get_records(ShardIterator=at)["Records"]) == [b"after"]


@evidence("R", KINESALITE)
def test_at_a_number_begins_with_that_record_and_after_it_behind(server, stream):
    numbers = put(server.kinesis, stream, b"1", b"2", b"3")
    at = read(server.kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])
    after = read(server.kinesis, stream, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])
    assert (data_of(at), data_of(after)) == ([b"2", b"3"], [b"3"])


@evidence("R", KINESALITE)
@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_the_shard_s_own_starting_number_is_a_position(server, stream, kind):
    put(server.kinesis, stream, b"1", b"2")
    start = shards_of(server.kinesis, stream)[FIRST]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert data_of(read(server.kinesis, stream, kind, StartingSequenceNumber=start)) == [b"1", b"2"]


@evidence("D", "the next larger number when there is no such record")
def test_a_number_without_a_record_means_the_next_one(server, stream):
    numbers = put(server.kinesis, stream, b"1", b"2")
    fields = SequenceNumber.of(numbers[-1])
    ahead = SequenceNumber(fields.created, fields.index + 10, fields.time, fields.shard).decimal()
    at = iterator(server.kinesis, stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=ahead)
    assert server.kinesis.get_records(ShardIterator=at)["Records"] == []


@evidence("R", KINESALITE)
def test_a_timestamp_finds_the_first_record_not_before_it(server, stream):
    arrivals = []
    for payload in (b"1", b"2", b"3"):
        put(server.kinesis, stream, payload)
        server.advance(10_000)
    arrivals = [each["ApproximateArrivalTimestamp"] for each in read(server.kinesis, stream)]
    exactly = read(server.kinesis, stream, "AT_TIMESTAMP", Timestamp=arrivals[1])
    later = read(server.kinesis, stream, "AT_TIMESTAMP", Timestamp=arrivals[1].timestamp() + 0.001)
    assert (data_of(exactly), data_of(later)) == ([b"2", b"3"], [b"3"])


@evidence("R", KINESALITE)
def test_a_timestamp_before_everything_is_the_horizon(server, stream):
    put(server.kinesis, stream, b"1")
    assert data_of(read(server.kinesis, stream, "AT_TIMESTAMP", Timestamp=1_000_000)) == [b"1"]


@evidence("R", "mhart/kinesalite 84 and 94: it must not hang")
def test_a_timestamp_behind_everything_is_the_tip(server, stream):
    put(server.kinesis, stream, b"1")
    server.advance(5000)
    at = iterator(server.kinesis, stream, "AT_TIMESTAMP", Timestamp=server.now_ms() / 1000 - 1)
    page = server.kinesis.get_records(ShardIterator=at)
    assert (page["Records"], page["MillisBehindLatest"]) == ([], 0)
    put(server.kinesis, stream, b"2")
    assert data_of(server.kinesis.get_records(ShardIterator=at)["Records"]) == [b"2"]


@evidence("M", "a Timestamp is checked against now; SDKs send microseconds, which no clock may make a later millisecond")
def test_a_timestamp_of_this_moment_is_not_in_the_future(server, stream):
    put(server.kinesis, stream, b"1")
    whole = server.now_ms() / 1000
    for micros in range(0, 1_000, 37):
        moment = whole + micros / 1e6
        iterator(server.kinesis, stream, "AT_TIMESTAMP", Timestamp=moment)
        server.kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "FROM_TIMESTAMP", "Timestamp": moment})


@evidence("R", KINESALITE)
def test_a_timestamp_in_the_future(server, stream):
    ahead = server.now_ms() // 1000 + 3600
    kind, text = server.raw.error("GetShardIterator", ask(stream, "AT_TIMESTAMP", Timestamp=ahead))
    assert kind == "InvalidArgumentException"
    found = re.fullmatch(r"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
                         r"timestampInMillis: (\d+), currentTimestampInMillis: (\d+)", text)
    assert found, text
    assert int(found[1]) == ahead * 1000
    assert int(found[2]) == pytest.approx(server.now_ms(), abs=60_000)


EITHER = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
          "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_a_type_that_needs_a_number(server, stream, kind):
    assert server.raw.error("GetShardIterator", ask(stream, kind)) == (
        "InvalidArgumentException", f"{EITHER}{kind} and no StartingSequenceNumber.")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("kind", ["LATEST", "TRIM_HORIZON"])
def test_a_type_that_takes_no_number(server, stream, kind):
    assert server.raw.error("GetShardIterator", ask(stream, kind, StartingSequenceNumber="5")) == (
        "InvalidArgumentException", f"{EITHER}{kind} and also a StartingSequenceNumber.")


@evidence("R", KINESALITE)
def test_at_timestamp_needs_a_timestamp(server, stream):
    assert server.raw.error("GetShardIterator", ask(stream, "AT_TIMESTAMP")) == (
        "InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
        "Current request has no timestamp parameter.")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("number", ["1" * 56, "9" * 58])
def test_a_number_that_is_none(server, stream, number):
    body = ask(stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert server.raw.error("GetShardIterator", body) == (
        "InvalidArgumentException", f"StartingSequenceNumber {number} used in GetShardIterator on shard {FIRST} "
        f"in stream {stream} under account {ACCOUNT} is invalid.")


@evidence("R", KINESALITE)
def test_a_number_of_the_oldest_version(server, stream):
    # Every small number is one.
    reply = server.raw.kinesis("GetShardIterator", ask(stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber="0"))
    assert (reply.status, reply.json()["__type"]) == (500, "InternalFailure")
    body = ask(stream, "AT_SEQUENCE_NUMBER", StartingSequenceNumber="5")
    assert server.raw.error("GetShardIterator", body) == (
        "InvalidArgumentException", f"Invalid StartingSequenceNumber. It encodes {shard(5)}, while it was used in "
        f"a call to a shard with {shard(0)}")


@evidence("R", KINESALITE)
def test_a_number_of_another_shard(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    number = shards_of(server.kinesis, name)[shard(1)]["SequenceNumberRange"]["StartingSequenceNumber"]
    body = ask(name, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert server.raw.error("GetShardIterator", body) == (
        "InvalidArgumentException", f"Invalid StartingSequenceNumber. It encodes {shard(1)}, while it was used in "
        f"a call to a shard with {shard(0)}")


@evidence("R", KINESALITE)
def test_a_number_of_an_earlier_stream(server, stream):
    number, = put(server.kinesis, stream, b"1")
    fields = SequenceNumber.of(number)
    older = SequenceNumber(fields.created - 100, fields.index, fields.time, fields.shard).decimal()
    body = ask(stream, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=older)
    assert server.raw.error("GetShardIterator", body) == (
        "InvalidArgumentException", f"StartingSequenceNumber {older} used in GetShardIterator on shard {FIRST} in "
        f"stream {stream} under account {ACCOUNT} is invalid because it did not come from this stream.")


@evidence("F", "etspaceman/kinesis-mock 1536")
def test_a_shard_s_ending_number_is_no_start(server, stream):
    split_in_the_middle(server.kinesis, stream)
    ending = shards_of(server.kinesis, stream)[FIRST]["SequenceNumberRange"]["EndingSequenceNumber"]
    body = ask(stream, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=ending)
    assert server.raw.error("GetShardIterator", body) == (
        "InvalidArgumentException", "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, "
        "SequenceNumber has reached max possible value for the shard.")


@evidence("R", KINESALITE)
@pytest.mark.parametrize("form", ["shardId-000000000001", "shardId-1", "1", "-1", "anything-1"])
def test_a_shard_may_be_written_in_many_ways(server, name, form):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    reply = server.kinesis.put_record(StreamName=name, Data=b"1", PartitionKey="b")
    assert reply["ShardId"] == shard(1)
    assert data_of(read(server.kinesis, name, shard_id=form)) == [b"1"]


@evidence("R", KINESALITE)
@pytest.mark.parametrize("form", ["shardId-x", "shardId", "shardId-2147483648", "shardId-1-1"])
def test_a_shard_id_that_cannot_be_read(server, stream, form):
    body = {**ask(stream, "LATEST"), "ShardId": form}
    assert server.raw.error("GetShardIterator", body) == (
        "ResourceNotFoundException", f"Could not find shard {form} in stream {stream} under account {ACCOUNT}.")


@evidence("R", KINESALITE)
def test_a_shard_that_is_missing(server, stream):
    body = {**ask(stream, "LATEST"), "ShardId": "shardId-5"}
    assert server.raw.error("GetShardIterator", body) == gone(stream, 5)


@evidence("R", KINESALITE)
def test_a_missing_stream_is_reported_as_a_missing_shard(server, name):
    assert server.raw.error("GetShardIterator", ask(name, "LATEST")) == gone(name)


@evidence("R", "validated on AWS by localstack")
def test_an_iterator_in_quotes_is_read(server, stream):
    put(server.kinesis, stream, b"1")
    quoted = '"' + iterator(server.kinesis, stream) + '"'
    assert data_of(server.kinesis.get_records(ShardIterator=quoted)["Records"]) == [b"1"]


def tampered(token):
    raw = bytearray(base64.b64decode(token))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


@evidence("R", KINESALITE)
@pytest.mark.parametrize("change", [
    lambda token: "x", lambda token: "AAAA" * 40, lambda token: base64.b64encode(b"\0" * 7 + b"\1" + b"y" * 160).decode(),
    lambda token: token[:-4], lambda token: token + "AAAA", tampered, lambda token: token.replace("A", "*", 1),
], ids=["short", "zeros", "made-up", "cut", "longer", "bit-flip", "no-base64"])
def test_a_token_that_was_not_issued_is_invalid(server, stream, change):
    bad = change(iterator(server.kinesis, stream))
    assert server.raw.error("GetRecords", {"ShardIterator": bad}) == INVALID


@evidence("D", "the model allows 512 characters; clients log and store them")
def test_a_token_is_short_base64(server, name):
    long_name = (name + "-" + "n" * 128)[:128]
    server.kinesis.create_stream(StreamName=long_name, ShardCount=1)
    token = iterator(server.kinesis, long_name)
    assert len(token) <= 512
    assert re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", token)


DATE = r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4})"
EXPIRED = re.compile(rf"Iterator expired\. The iterator was created at time {DATE} while right now it is {DATE} which is "
                     r"further in the future than the tolerated delay of 300000 milliseconds\.")


def seconds(text):
    return datetime.strptime(text, "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=timezone.utc).timestamp()


@evidence("R", KINESALITE)
def test_an_iterator_expires_after_five_minutes(server, stream):
    at = iterator(server.kinesis, stream)
    server.advance(290_000)
    fresh = server.kinesis.get_records(ShardIterator=at)["NextShardIterator"]
    server.advance(10_001)
    kind, text = server.raw.error("GetRecords", {"ShardIterator": at})
    assert kind == "ExpiredIteratorException"
    found = EXPIRED.fullmatch(text)
    assert found, text
    assert 300 <= seconds(found[2]) - seconds(found[1]) <= 360
    assert server.kinesis.get_records(ShardIterator=fresh)["Records"] == []


@evidence("R", KINESALITE)
def test_expiry_is_reported_even_when_the_stream_is_gone(server, stream):
    at = iterator(server.kinesis, stream)
    server.kinesis.delete_stream(StreamName=stream)
    server.advance(300_001)
    assert server.raw.error("GetRecords", {"ShardIterator": at})[0] == "ExpiredIteratorException"


@evidence("R", KINESALITE)
def test_an_iterator_dies_with_its_stream(server, stream):
    at = iterator(server.kinesis, stream)
    server.kinesis.delete_stream(StreamName=stream)
    until(lambda: server.raw.kinesis("DescribeStream", {"StreamName": stream}).status == 400)
    assert server.raw.error("GetRecords", {"ShardIterator": at}) == gone(stream)


@evidence("own", "AWS was seen to fail; wrong data would be worse")
def test_an_iterator_does_not_read_a_later_stream_of_the_same_name(server, stream):
    at = iterator(server.kinesis, stream)
    server.kinesis.delete_stream(StreamName=stream)
    until(lambda: server.raw.kinesis("DescribeStream", {"StreamName": stream}).status == 400)
    server.kinesis.create_stream(StreamName=stream, ShardCount=1)
    put(server.kinesis, stream, b"new")
    assert server.raw.error("GetRecords", {"ShardIterator": at}) == gone(stream)


@evidence("R", KINESALITE)
def test_an_iterator_may_be_used_again(server, stream):
    put(server.kinesis, stream, b"1")
    at = iterator(server.kinesis, stream)
    assert data_of(server.kinesis.get_records(ShardIterator=at)["Records"]) == [b"1"]
    put(server.kinesis, stream, b"2")
    assert data_of(server.kinesis.get_records(ShardIterator=at)["Records"]) == [b"1", b"2"]


@evidence("R", KINESALITE)
def test_every_answer_has_a_new_token(server, stream):
    at = iterator(server.kinesis, stream)
    server.advance(1)
    first = server.kinesis.get_records(ShardIterator=at)["NextShardIterator"]
    server.advance(1)
    second = server.kinesis.get_records(ShardIterator=at)["NextShardIterator"]
    assert len({at, first, second}) == 3


@evidence("M", "DryRun in the service model; the text is ours")
def test_a_dry_run_of_iterators_and_reads(server, stream):
    assert server.raw.error("GetShardIterator", ask(stream, "LATEST", DryRun=True))[0] == "DryRunOperationException"
    at = iterator(server.kinesis, stream)
    assert server.raw.error("GetRecords", {"ShardIterator": at, "DryRun": True})[0] == "DryRunOperationException"
    assert server.raw.error("GetRecords", {"ShardIterator": "x", "DryRun": True}) == INVALID


@evidence("D", "StreamARN of GetRecords routes requests; a mismatch is not recorded")
def test_an_arn_beside_an_iterator_must_be_its_stream_s(server, stream):
    at = iterator(server.kinesis, stream)
    assert server.kinesis.get_records(ShardIterator=at, StreamARN=stream_arn(stream))["Records"] == []
    kind, _ = server.raw.error("GetRecords", {"ShardIterator": at, "StreamARN": stream_arn("other")})
    assert kind == "InvalidArgumentException"
