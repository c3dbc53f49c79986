"""What the tests share: waiting for a condition, refusals, shards, sequence numbers, packages of functions."""

import io
import time
import zipfile
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
TOP = 2**128 - 1
HOUR = 3_600_000
FIRST = "shardId-000000000000"


def until(condition, seconds=30, each=None):
    """Polls until the condition gives something true and returns it; `each` runs before every look."""
    deadline = time.monotonic() + seconds
    while True:
        if each is not None:
            each()
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.01)


def refused(call, **arguments):
    """The (code, message) of an SDK call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# --- Streams ---------------------------------------------------------------------------------------


def shard(number):
    return f"shardId-{number:012d}"


def stream_arn(name, account=ACCOUNT):
    return f"arn:aws:kinesis:{REGION}:{account}:stream/{name}"


def not_found(name, account=ACCOUNT):
    return "ResourceNotFoundException", f"Stream {name} under account {account} not found."


def iterator(kinesis, stream, kind="TRIM_HORIZON", shard_id=FIRST, **more):
    return kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType=kind, **more)["ShardIterator"]


def read(kinesis, stream, kind="TRIM_HORIZON", shard_id=FIRST, **more):
    """Every record from the position to the tip (or the shard's end)."""
    at, found = iterator(kinesis, stream, kind, shard_id, **more), []
    while at is not None:
        page = kinesis.get_records(ShardIterator=at)
        found += page["Records"]
        at = page.get("NextShardIterator")
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            break
    return found


def data_of(records):
    return [record["Data"] for record in records]


def put(kinesis, stream, *payloads, key="k", **more):
    """Puts each payload by itself and returns the sequence numbers."""
    return [kinesis.put_record(StreamName=stream, Data=payload, PartitionKey=key, **more)["SequenceNumber"]
            for payload in payloads]


def shards_of(kinesis, stream):
    """Shard id -> shard, as listed."""
    return {each["ShardId"]: each for each in kinesis.list_shards(StreamName=stream)["Shards"]}


def split_in_the_middle(kinesis, stream, shard_id=FIRST):
    key_range = shards_of(kinesis, stream)[shard_id]["HashKeyRange"]
    middle = (int(key_range["StartingHashKey"]) + int(key_range["EndingHashKey"]) + 1) // 2
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard_id, NewStartingHashKey=str(middle))
    wait_active(kinesis, stream)


def merge(kinesis, stream, first, second):
    kinesis.merge_shards(StreamName=stream, ShardToMerge=first, AdjacentShardToMerge=second)
    wait_active(kinesis, stream)


def wait_active(kinesis, stream):
    def summary():
        return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    until(lambda: summary()["StreamStatus"] == "ACTIVE")


@dataclass(frozen=True)
class SequenceNumber:
    """The fields of a number of version 2: 47 hex digits, as field numbers of AWS decode."""

    created: int
    index: int
    time: int
    shard: int

    @classmethod
    def of(cls, decimal):
        digits = f"{int(decimal):x}"
        assert (len(digits), digits[0], digits[-1]) == (47, "2", "2"), decimal
        assert digits[27:29] == "00", decimal
        assert digits[10] == digits[45], "the low digit of the shard number stands twice"
        return cls(int(digits[1:10], 16), int(digits[11:27], 16), int(digits[29:38], 16), int(digits[38:46], 16))

    def decimal(self):
        return str(int(f"2{self.created:09x}{self.shard & 15:x}{self.index:016x}00{self.time:09x}"
                       f"{self.shard:08x}2", 16))


# --- Functions ---------------------------------------------------------------------------------------


def package(source, name="app.py", **others):
    """A zip with one Python file, and any others by name (dots written as __)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
        for other, text in others.items():
            archive.writestr(other.replace("__", "."), text)
    return buffer.getvalue()


def create_function(server, name, source, handler="app.handler", **more):
    """Creates the function and returns when it is Active."""
    created = server.functions.create_function(
        FunctionName=name, Runtime="python3.11", Handler=handler, Role=ROLE,
        Code={"ZipFile": package(source)}, **more)
    wait_function(server, name)
    return created


def wait_function(server, name):
    def settled():
        now = server.functions.get_function_configuration(FunctionName=name)
        return now["State"] == "Active" and now.get("LastUpdateStatus") != "InProgress"
    until(settled)
