"""PutRecord and PutRecords: where a record goes, what is stored, what is refused."""

import base64

import pytest
from conftest import evidence
from kit import ACCOUNT, FIRST, TOP, SequenceNumber, data_of, not_found, put, read, shard, shards_of, stream_arn

KINESALITE = "comparison of kinesalite's suite with production"
MODEL = "service model of botocore 1.44.8"

# Partition key -> shard of 2, 3, 4 and 5 equal shards, by the MD5 of the key's UTF-8 bytes.
ROUTES = {"a": (0, 0, 0, 0), "b": (1, 1, 2, 2), "e": (1, 2, 3, 4), "f": (1, 1, 2, 2), "1": (1, 2, 3, 3),
          "é": (0, 1, 1, 2), "partitionKey-1": (0, 1, 1, 2), "key-0": (1, 2, 2, 3)}


@evidence("D", "MD5 of the partition key as an unsigned big-endian number")
@pytest.mark.parametrize("column, count", list(enumerate([2, 3, 4, 5])))
def test_a_partition_key_s_md5_chooses_the_shard(server, name, column, count):
    server.kinesis.create_stream(StreamName=name, ShardCount=count)
    reply = server.kinesis.put_records(
        StreamName=name, Records=[{"Data": b"", "PartitionKey": key} for key in ROUTES])
    assert {key: result["ShardId"] for key, result in zip(ROUTES, reply["Records"])} == {
        key: shard(route[column]) for key, route in ROUTES.items()}


@evidence("R", KINESALITE)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_an_explicit_hash_key_reaches_both_ends_of_every_range(server, name, count):
    server.kinesis.create_stream(StreamName=name, ShardCount=count)
    ends = [(each["HashKeyRange"][end], shard_id) for shard_id, each in shards_of(server.kinesis, name).items()
            for end in ("StartingHashKey", "EndingHashKey")]
    assert ends[-1][0] == str(TOP)
    for key, expected in ends:
        reply = server.kinesis.put_record(StreamName=name, Data=b"", PartitionKey="a", ExplicitHashKey=key)
        assert reply["ShardId"] == expected, key
    reply = server.kinesis.put_records(StreamName=name, Records=[
        {"Data": b"", "PartitionKey": "a", "ExplicitHashKey": key} for key, _ in ends])
    assert [each["ShardId"] for each in reply["Records"]] == [expected for _, expected in ends]


HASH_KEY_RANGE = ("InvalidArgumentException",
                  "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                  f"Specified value was {TOP + 1}")


@evidence("R", KINESALITE)
def test_an_explicit_hash_key_above_the_range(server, stream):
    assert server.raw.error("PutRecord", {"StreamName": stream, "Data": "", "PartitionKey": "k",
                                          "ExplicitHashKey": str(TOP + 1)}) == HASH_KEY_RANGE


@evidence("R", KINESALITE)
def test_one_bad_hash_key_refuses_the_whole_batch(server, stream):
    assert server.raw.error("PutRecords", {"StreamName": stream, "Records": [
        {"Data": "", "PartitionKey": "k"},
        {"Data": "", "PartitionKey": "k", "ExplicitHashKey": str(TOP + 1)}]}) == HASH_KEY_RANGE
    assert read(server.kinesis, stream) == []


@evidence("R", KINESALITE)
def test_the_reply_to_a_put(server, stream):
    reply = server.raw.result("PutRecord", {"StreamName": stream, "Data": "aGk=", "PartitionKey": "k"})
    assert sorted(reply) == ["SequenceNumber", "ShardId"]
    assert reply["ShardId"] == FIRST


@evidence("R", KINESALITE)
def test_the_reply_to_a_batch(server, stream):
    reply = server.raw.result("PutRecords", {"StreamName": stream, "Records": [
        {"Data": "", "PartitionKey": "a"}, {"Data": "", "PartitionKey": "b"}]})
    assert sorted(reply) == ["FailedRecordCount", "Records"]
    assert reply["FailedRecordCount"] == 0
    assert [sorted(each) for each in reply["Records"]] == [["SequenceNumber", "ShardId"]] * 2


@evidence("R", KINESALITE)
def test_empty_data_is_a_record(server, stream):
    put(server.kinesis, stream, b"")
    assert data_of(read(server.kinesis, stream)) == [b""]


@evidence("D", "data is opaque bytes")
def test_every_byte_comes_back(server, stream):
    payload = bytes(range(256)) * 3
    put(server.kinesis, stream, payload)
    server.kinesis.put_records(StreamName=stream, Records=[{"Data": payload[1:], "PartitionKey": "k"}])
    assert data_of(read(server.kinesis, stream)) == [payload, payload[1:]]


@evidence("R", KINESALITE + "; localstack snapshots: no EncryptionType on plain records")
def test_what_a_record_keeps(server, stream):
    sent = {"StreamName": stream, "Data": "aGk=", "PartitionKey": "key ü\n\"", "ExplicitHashKey": "7"}
    number = server.raw.result("PutRecord", sent)["SequenceNumber"]
    at = server.raw.result("GetShardIterator", {
        "StreamName": stream, "ShardId": FIRST, "ShardIteratorType": "TRIM_HORIZON"})
    record, = server.raw.result("GetRecords", at)["Records"]
    assert record.pop("ApproximateArrivalTimestamp") == pytest.approx(server.now_ms() / 1000, abs=60)
    assert record == {"SequenceNumber": number, "Data": "aGk=", "PartitionKey": sent["PartitionKey"]}


@evidence("R", KINESALITE)
def test_a_partition_key_is_measured_in_characters(server, stream):
    put(server.kinesis, stream, b"x", key="é" * 256)
    assert read(server.kinesis, stream)[0]["PartitionKey"] == "é" * 256
    kind, text = server.raw.error("PutRecord", {"StreamName": stream, "Data": "", "PartitionKey": "é" * 257})
    assert (kind, text.endswith("Member must have length less than or equal to 256")) == ("ValidationException", True)


@evidence("D", "observed on AWS: records of one shard keep their order in a batch")
def test_a_batch_keeps_its_order_within_each_shard(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    sent = [(f"key-{n % 7}", b"%d" % n) for n in range(500)]
    reply = server.kinesis.put_records(
        StreamName=name, Records=[{"PartitionKey": key, "Data": data} for key, data in sent])
    for shard_id in (shard(0), shard(1)):
        mine = [(data, result["SequenceNumber"]) for (_, data), result in zip(sent, reply["Records"])
                if result["ShardId"] == shard_id]
        stored = [(each["Data"], each["SequenceNumber"]) for each in read(server.kinesis, name, shard_id=shard_id)]
        assert stored == mine
        assert len(mine) > 50


@evidence("R", KINESALITE)
def test_a_batch_has_at_most_500_records(server, stream):
    kind, text = server.raw.error("PutRecords", {
        "StreamName": stream, "Records": [{"Data": "", "PartitionKey": "k"}] * 501})
    assert kind == "ValidationException"
    assert text.startswith("1 validation error detected: Value ")
    assert text.endswith(" at 'records' failed to satisfy constraint: "
                         "Member must have length less than or equal to 500")
    assert read(server.kinesis, stream) == []


@evidence("D", "1 MiB of data and partition key together")
def test_data_and_key_together_have_at_most_one_mebibyte(server, stream):
    put(server.kinesis, stream, b"x" * (1048576 - 1))
    kind, _ = server.raw.error("PutRecord", {
        "StreamName": stream, "Data": base64.b64encode(b"x" * 1048576).decode(), "PartitionKey": "k"})
    assert kind == "ValidationException"
    assert len(read(server.kinesis, stream)) == 1


@evidence("F", "awslabs/amazon-kinesis-producer 680: text since records of 10 MiB")
def test_an_oversize_record_is_refused_by_its_data(server, stream):
    assert server.raw.error("PutRecord", {
        "StreamName": stream, "Data": base64.b64encode(b"x" * 1048577).decode(), "PartitionKey": "k"}) == (
        "ValidationException", "1 validation error detected: Value at 'data' failed to satisfy constraint: "
        "Member must have length less than or equal to 1048576.")


@evidence("D", "ten mebibytes of data and keys; the text is ours")
def test_a_batch_has_at_most_ten_mebibytes(server, stream):
    megabyte = base64.b64encode(b"x" * 1_000_000).decode()
    ten = [{"Data": megabyte, "PartitionKey": "k"}] * 10
    assert server.raw.result("PutRecords", {"StreamName": stream, "Records": ten})["FailedRecordCount"] == 0
    kind, _ = server.raw.error("PutRecords", {"StreamName": stream, "Records": ten + ten[:1]})
    assert kind == "InvalidArgumentException"


@evidence("R", KINESALITE)
def test_a_number_for_ordering_is_a_lower_bound(server, stream):
    first, = put(server.kinesis, stream, b"1")
    second, = put(server.kinesis, stream, b"2", SequenceNumberForOrdering=first)
    assert int(second) > int(first)
    assert data_of(read(server.kinesis, stream)) == [b"1", b"2"]


@evidence("R", KINESALITE)
@pytest.mark.parametrize("change", ["nonsense", "future"])
def test_a_number_for_ordering_must_be_of_the_past(server, stream, change):
    number, = put(server.kinesis, stream, b"1")
    fields = SequenceNumber.of(number)
    ahead = SequenceNumber(fields.created, fields.index, fields.time + 3600, fields.shard)
    given = "1" * 56 if change == "nonsense" else ahead.decimal()
    assert server.raw.error("PutRecord", {
        "StreamName": stream, "Data": "", "PartitionKey": "k", "SequenceNumberForOrdering": given}) == (
        "InvalidArgumentException", f"ExclusiveMinimumSequenceNumber {given} used in PutRecord on stream "
        f"{stream} under account {ACCOUNT} is invalid.")


@evidence("F", "public producers begin with 0 for the record before the first")
def test_a_number_for_ordering_may_be_nought(server, stream):
    put(server.kinesis, stream, b"1", SequenceNumberForOrdering="0")
    assert data_of(read(server.kinesis, stream)) == [b"1"]


@evidence("R", KINESALITE)
def test_a_number_for_ordering_may_come_from_another_stream(server, stream, name):
    number, = put(server.kinesis, stream, b"1")
    server.kinesis.create_stream(StreamName=name + "-b", ShardCount=1)
    assert put(server.kinesis, name + "-b", b"2", SequenceNumberForOrdering=number)


@evidence("M", MODEL + ": DryRun; the text is ours")
@pytest.mark.parametrize("operation, body", [
    ("PutRecord", {"Data": "", "PartitionKey": "k"}),
    ("PutRecords", {"Records": [{"Data": "", "PartitionKey": "k"}]})])
def test_a_dry_run_checks_and_stores_nothing(server, stream, operation, body):
    dry = {"StreamName": stream, "DryRun": True, **body}
    assert server.raw.error(operation, dry)[0] == "DryRunOperationException"
    assert read(server.kinesis, stream) == []
    assert server.raw.error(operation, {**dry, "StreamName": "nowhere"}) == not_found("nowhere")


@evidence("M", MODEL)
def test_a_stream_may_be_named_by_its_arn(server, stream):
    server.kinesis.put_record(StreamARN=stream_arn(stream), Data=b"1", PartitionKey="k")
    server.kinesis.put_records(StreamARN=stream_arn(stream), Records=[{"Data": b"2", "PartitionKey": "k"}])
    assert data_of(read(server.kinesis, stream)) == [b"1", b"2"]


@evidence("D", "kinesis developer guide: no idempotency")
def test_a_repeated_put_is_stored_again(server, stream):
    numbers = put(server.kinesis, stream, b"same", b"same")
    assert numbers[0] != numbers[1]
    assert data_of(read(server.kinesis, stream)) == [b"same", b"same"]


@evidence("own", "JSON text with escapes takes the general path")
def test_escapes_and_spaces_in_a_body_change_nothing(server, stream):
    body = ('{ "Records" : [ { "PartitionKey" : "\\u0061\\n\\"\\ud83d\\ude00", "Data" : "aGk\\u003d" } ],\n'
            f'  "StreamName" : "{stream}" }}')
    assert server.raw.result("PutRecords", body)["FailedRecordCount"] == 0
    record, = read(server.kinesis, stream)
    assert (record["Data"], record["PartitionKey"]) == (b"hi", 'a\n"😀')
