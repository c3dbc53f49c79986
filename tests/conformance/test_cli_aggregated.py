"""Envelopes of the Kinesis Producer Library: `penstock put --aggregate` and `penstock tail`.

AWS's own library (aws-kinesis-agg) and protobuf's runtime are the other side.
"""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import random
import subprocess
import threading

import pytest
from aws_kinesis_agg import MAGIC, aggregator, deaggregator
from command import BINARY, environment, run
from conftest import Server, evidence
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from kit import TOP, data_of, put, read, shard, shards_of, split_in_the_middle, stream_arn

MOST_BYTES = 51_200


def opened(records):
    """What AWS's library finds in records as GetRecords gives them: (partition key, data)."""
    found = deaggregator.iter_deaggregate_records(records, data_format="Boto3")
    return [(each["kinesis"]["partitionKey"], base64.b64decode(each["kinesis"]["data"])) for each in found]


def envelope(*records):
    """Packed by AWS's library: (key, data) or (key, data, explicit hash key)."""
    library = aggregator.RecordAggregator()
    for each in records:
        assert library.add_user_record(*each) is None, "it fits into one"
    return library.clear_and_get().get_contents()[2]


def hash_of(key):
    return int.from_bytes(hashlib.md5(key.encode()).digest(), "big")


# --- put --aggregate ----------------------------------------------------------------------------------


@evidence("D", "KPL: key \"a\", ExplicitHashKey of the first record, an envelope a shard, 51,200 bytes")
def test_aws_s_library_reads_what_was_packed(server, name, tmp_path):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    lines = [json.dumps({"customer": f"c{number % 97}", "n": number}) for number in range(10_000)]
    file = tmp_path / "lines.ndjson"
    file.write_text("\n".join(lines))
    done = run(server, "put", name, "--file", file, "--key", "customer", "--aggregate")
    assert done.code == 0, done
    found = []
    for shard_id, each in shards_of(server.kinesis, name).items():
        low, high = int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"])
        records = read(server.kinesis, name, shard_id=shard_id)
        assert all(record["PartitionKey"] == "a" and len(record["Data"]) <= MOST_BYTES for record in records)
        inside = opened(records)
        assert all(low <= hash_of(key) <= high for key, _ in inside), shard_id
        numbers = [json.loads(data)["n"] for _, data in inside]
        assert numbers == sorted(numbers), "a shard's records keep their order"
        found += [data.decode() for _, data in inside]
        assert [json.loads(data)["customer"] for _, data in inside] == [key for key, _ in inside]
    assert sorted(found) == sorted(lines)
    first, second = done.lines()
    count = int(second.split()[0])
    assert first == f"10,000 records in {count} envelopes and 0 plain records"
    assert second == f"{count} entries: {count} stored, 0 failed; 0 refusals retried, 1 calls, 0 of them partly refused"


@evidence("D", "KPL: a lone record goes as it is, and so does one that is larger than an envelope may be")
def test_what_is_alone_is_not_packed(server, stream):
    done = run(server, "put", stream, "--aggregate", stdin="only one\n")
    assert done.lines()[0] == "1 record in 0 envelopes and 1 plain record"
    run(server, "put", stream, "--aggregate", stdin="a\nb\n" + "x" * 60_000 + "\nc\n")
    lone, packed, large, last = data_of(read(server.kinesis, stream))
    assert (lone, large, last) == (b"only one", b"x" * 60_000, b"c")
    assert packed.startswith(MAGIC)


@evidence("D", "the service counts an envelope as one record")
def test_an_envelope_is_one_record_to_the_limits(name):
    running = Server("--limits", "aws")
    try:
        running.kinesis.create_stream(StreamName=name, ShardCount=1)
        lines = [f"line {number}" for number in range(5_000)]
        done = run(running, "put", name, "--aggregate", stdin="\n".join(lines))
        assert done.code == 0 and " 0 refusals retried" in done.out, "1,000 records a second are five envelopes here"
        tail = run(running, "tail", name, "--from", "horizon", "--no-follow")
        assert tail.lines() == lines
    finally:
        running.stop()


@contextlib.contextmanager
def between(server, operation, happens):
    """An address that passes everything on to the server; before the first call of the operation something happens."""
    pending = [happens]

    class Passing(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["X-Amz-Target"].endswith("." + operation) and pending:
                pending.pop()()
            onward = http.client.HTTPConnection("127.0.0.1", server.port)
            onward.request("POST", "/", body, dict(self.headers))
            reply = onward.getresponse()
            answer = reply.read()
            self.send_response(reply.status)
            for header, value in reply.getheaders():
                if header.lower() not in ("connection", "content-length"):
                    self.send_header(header, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            onward.close()

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
        assert not pending, "it happened"
    finally:
        proxy.shutdown()
        proxy.server_close()


@evidence("D", "KPL: what went to another shard than was predicted is packed and sent again")
def test_a_reshard_between_packing_and_storing_loses_nothing(server, stream):
    lines = [f"line {number}" for number in range(100)]
    with between(server, "PutRecords", lambda: split_in_the_middle(server.kinesis, stream)) as address:
        done = run(server, "put", stream, "--aggregate", "--endpoint-url", address, stdin="\n".join(lines))
    assert done.code == 0, done
    assert done.lines()[0] == ("100 records in 3 envelopes and 0 plain records; "
                               "100 sent again, because the stream was changed meanwhile")
    tail = run(server, "tail", stream, "--from", "horizon", "--no-follow")
    assert sorted(tail.lines()) == sorted(lines), "each once, for readers that drop strays as the KCL does"
    assert "of 100 records" in tail.err, "the first envelope"


PLACED = " (the service places them, so none are packed)"


@evidence("D", "KPL: on a stream whose records the service places nothing is packed")
def test_where_the_service_places_records(server, name):
    server.kinesis.create_stream(StreamName=name, RecordDistributionStrategy="AUTO",
                                 StreamModeDetails={"StreamMode": "ON_DEMAND"})
    lines = [f"line {number}" for number in range(100)]
    done = run(server, "put", name, "--aggregate", stdin="\n".join(lines))
    assert done.lines()[0] == "100 records in 0 envelopes and 100 plain records" + PLACED
    assert sorted(run(server, "tail", name, "--from", "horizon", "--no-follow").lines()) == sorted(lines)


@evidence("own", "an envelope that the service placed elsewhere is opened and sent again")
def test_a_stream_that_begins_to_place_records(server, name):
    server.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    lines = [f"line {number}" for number in range(100)]

    def changes():
        server.kinesis.update_stream_record_distribution_strategy(
            StreamARN=stream_arn(name), RecordDistributionStrategy="AUTO")

    with between(server, "PutRecords", changes) as address:
        done = run(server, "put", name, "--aggregate", "--endpoint-url", address, stdin="\n".join(lines))
    assert done.code == 0, done
    tail = run(server, "tail", name, "--from", "horizon", "--no-follow")
    assert sorted(tail.lines()) == sorted(lines), "each once"


# --- tail ---------------------------------------------------------------------------------------------


@evidence("D", "KCL: user records with their own keys and sub-sequence numbers")
def test_envelopes_are_opened(server, stream):
    packed = envelope(("key one", b"first"), ("key two", "zwölf"), ("key one", b"", "12"))
    numbers = put(server.kinesis, stream, b"plain", packed, b"after")
    done = run(server, "tail", stream, "--from", "horizon", "--no-follow")
    assert done.lines() == ["plain", "first", "zwölf", "", "after"]
    done = run(server, "tail", stream, "--from", "horizon", "--limit", "4", "--verbose")
    assert done.lines() == [f"{shard(0)} {numbers[0]} k plain", f"{shard(0)} {numbers[1]}#0 key one first",
                            f"{shard(0)} {numbers[1]}#1 key two zwölf", f"{shard(0)} {numbers[1]}#2 key one "]


@evidence("own", "--json: the members of GetRecords, and where the record is")
def test_records_as_json(server, stream):
    numbers = put(server.kinesis, stream, bytes(range(256)), envelope(("k1", b"one"), ("k2", b"\n\xff", "12")))
    lines = [json.loads(line) for line in run(server, "tail", stream, "--from", "horizon", "--no-follow", "--json").lines()]
    arrivals = [line.pop("ApproximateArrivalTimestamp") for line in lines]
    assert lines == [
        {"ShardId": shard(0), "SequenceNumber": numbers[0], "PartitionKey": "k",
         "Data": base64.b64encode(bytes(range(256))).decode()},
        {"ShardId": shard(0), "SequenceNumber": numbers[1], "SubSequenceNumber": 0, "PartitionKey": "k1", "Data": "b25l"},
        {"ShardId": shard(0), "SequenceNumber": numbers[1], "SubSequenceNumber": 1, "PartitionKey": "k2",
         "ExplicitHashKey": "12", "Data": "Cv8="}]
    assert arrivals[1] == arrivals[2] == read(server.kinesis, stream)[1]["ApproximateArrivalTimestamp"].timestamp()


@evidence("own", "--envelopes prints what the service has")
def test_envelopes_can_be_left_as_they_are(server, stream):
    packed = envelope(("k", b"first"), ("k", b"second"))
    put(server.kinesis, stream, packed)
    assert tail_bytes(server, stream, "--envelopes") == packed + b"\n"


@evidence("D", "KCL: an envelope with a record of another shard is dropped as a whole")
@pytest.mark.parametrize("keys, explicit, whose", [
    (["a", "b"], None, "b is in the upper half"),
    (["a", "a"], str(TOP), "the explicit hash key wins"),
])
def test_strays_are_left_out(server, name, keys, explicit, whose):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    packed = envelope((keys[0], b"first"), (keys[1], b"second", explicit))
    number, = put(server.kinesis, name, packed, key="a", ExplicitHashKey="0")
    put(server.kinesis, name, b"after", key="a")
    done = run(server, "tail", name, "--from", "horizon", "--no-follow")
    assert done.lines() == ["after"], whose
    assert done.err == (f"penstock: left out {shard(0)} {number}: an envelope of 2 records, of which at least one belongs "
                        "to another shard; --envelopes shows it\n")


def tail_bytes(server, stream, *more):
    ended = subprocess.run([BINARY, "tail", stream, "--from", "horizon", "--no-follow", *more], capture_output=True,
                           timeout=60, env=environment(server))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def message_type():
    """AggregatedRecord with bytes instead of strings, which are the same on the wire: any byte is allowed in both."""
    file = descriptor_pb2.FileDescriptorProto(name="envelope.proto", package="envelope", syntax="proto2")
    field = descriptor_pb2.FieldDescriptorProto
    for message, members in {
        "Tag": [("key", field.TYPE_BYTES, field.LABEL_REQUIRED), ("value", field.TYPE_BYTES, field.LABEL_OPTIONAL)],
        "Record": [("partition_key_index", field.TYPE_UINT64, field.LABEL_REQUIRED),
                   ("explicit_hash_key_index", field.TYPE_UINT64, field.LABEL_OPTIONAL),
                   ("data", field.TYPE_BYTES, field.LABEL_REQUIRED), ("tags", ".envelope.Tag", field.LABEL_REPEATED)],
        "AggregatedRecord": [("partition_key_table", field.TYPE_BYTES, field.LABEL_REPEATED),
                             ("explicit_hash_key_table", field.TYPE_BYTES, field.LABEL_REPEATED),
                             ("records", ".envelope.Record", field.LABEL_REPEATED)],
    }.items():
        made = file.message_type.add(name=message)
        for number, (member, kind, label) in enumerate(members, 1):
            if isinstance(kind, str):
                made.field.add(name=member, number=number, type=field.TYPE_MESSAGE, type_name=kind, label=label)
            else:
                made.field.add(name=member, number=number, type=kind, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("envelope.AggregatedRecord"))


AggregatedRecord = message_type()


def sealed(message):
    return MAGIC + message + hashlib.md5(message).digest()


def expected(message):
    """What protobuf makes of a message: the data of its records, or None where it is none."""
    try:
        read_message = AggregatedRecord.FromString(message)
        if not read_message.IsInitialized():
            return None
        records = []
        for record in read_message.records:
            read_message.partition_key_table[record.partition_key_index]
            if record.HasField("explicit_hash_key_index"):
                key = read_message.explicit_hash_key_table[record.explicit_hash_key_index]
                if not key.isdigit() or int(key) > TOP:
                    return None
            records.append(record.data)
        return records
    except (DecodeError, IndexError):
        return None


def message_of(rng):
    message = AggregatedRecord()
    message.partition_key_table.extend(bytes([97 + i]) * rng.randint(1, 5) for i in range(rng.randint(1, 3)))
    message.explicit_hash_key_table.extend(str(rng.randrange(2**128)).encode() for _ in range(rng.randint(0, 2)))
    for _ in range(rng.randint(0, 4)):
        record = message.records.add(partition_key_index=rng.randrange(len(message.partition_key_table)),
                                     data=rng.randbytes(rng.randint(0, 12)))
        if message.explicit_hash_key_table and rng.random() < 0.5:
            record.explicit_hash_key_index = rng.randrange(len(message.explicit_hash_key_table))
        if rng.random() < 0.2:
            record.tags.add(key=b"name", value=b"value")
    return message.SerializeToString()


def changed(rng, message):
    message = bytearray(message)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(message))
        kind = rng.random()
        if kind < 0.5:
            message[at] ^= 1 << rng.randrange(8)
        elif kind < 0.7:
            del message[at:at + rng.randint(1, 4)]
        elif kind < 0.9:
            message[at:at] = rng.randbytes(rng.randint(1, 3))
        else:
            message[at] = rng.choice(b"\x0a\x12\x1a\x1b\x1c\x08\x10\x22\xff\x00")
        if not message:
            return b"\x0a\x01k"
    return bytes(message)


@evidence("D", "protobuf's runtime reads thousands of envelopes, damaged in all ways, with right sums")
def test_it_reads_what_protobuf_reads(server, stream):
    rng = random.Random(39)
    messages = [message if i % 4 == 0 else changed(rng, message) for i, message in
                enumerate(message_of(rng) for _ in range(4_000))]
    for at in range(0, len(messages), 500):
        server.kinesis.put_records(StreamName=stream, Records=[
            {"Data": sealed(message), "PartitionKey": "k"} for message in messages[at:at + 500]])
    wanted = [(message, expected(message)) for message in messages]
    assert 1_000 < sum(records is None for _, records in wanted) < 3_000, "of either kind there are many"
    out, at = tail_bytes(server, stream), 0
    for message, records in wanted:
        lines = b"".join(data + b"\n" for data in ([sealed(message)] if records is None else records))
        assert out[at:at + len(lines)] == lines, f"{message.hex()} has {records}"
        at += len(lines)
    assert at == len(out)
