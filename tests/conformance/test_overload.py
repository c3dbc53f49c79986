"""Overload: the server stays bounded, answers with what SDKs send again, and serves those who behave.

No times are asserted. Memory is: the law is --memory plus what docs/operating.md names.
"""

import base64
import concurrent.futures
import contextlib
import json
import pathlib
import resource
import socket
import subprocess
import tempfile
import types

import boto3
import botocore.config
import pytest
from conftest import BINARY, Server, evidence
from kit import iterator, until
from raw import SIGNED, RawClient

OWN = "own"
DESIGN = "docs/decisions/0021-overload.md"
MIB = 1 << 20
BESIDE = 48 * MIB  # docs/operating.md: what is not counted, for two loops.


@pytest.fixture(scope="module")
def small():
    """A server of the least memory, with a disk behind it."""
    with tempfile.TemporaryDirectory() as folder:
        running = Server("--limits", "off", "--memory", "64MiB", "--loops", "2", "--data", folder, "--log", "error")
        yield running
        running.stop()


def anonymous_peak(server):
    """The most memory ever, less what is the program's file."""
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmHWM", "RssFile", "RssShmem"))}
    return (kib["VmHWM"] - kib["RssFile"] - kib["RssShmem"]) * 1024


def head(operation, size, content_type="application/x-amz-json-1.1"):
    signed = "".join(f"{name}: {value}\r\n" for name, value in SIGNED.items())
    return (f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: {content_type}\r\n{signed}"
            f"X-Amz-Target: Kinesis_20131202.{operation}\r\nContent-Length: {size}\r\n\r\n").encode()


@contextlib.contextmanager
def connections(server, count, first=b"", receive_buffer=None):
    """So many, each of which has sent `first`."""
    made = []
    try:
        for _ in range(count):
            one = socket.socket()
            one.settimeout(30)
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.connect(("127.0.0.1", server.port))
            made.append(one)
            with contextlib.suppress(OSError):  # It may have been refused already.
                one.sendall(first)
        yield made
    finally:
        for one in made:
            one.close()


def patient(server):
    """A client as SDKs are by default: it sends again what may be sent again."""
    return boto3.client(
        "kinesis", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="x",
        config=botocore.config.Config(retries={"total_max_attempts": 8}, read_timeout=60, max_pool_connections=1))


def make_stream(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    return name


TINY = {
    "zeros": ("PutRecords", b'{"StreamName":"s","Records":[' + b"0," * (7 * MIB) + b"0]}", "json"),
    "objects": ("PutRecords", b'{"StreamName":"s","Records":[' + b"{}," * (5 * MIB) + b"{}]}", "json"),
    "brackets": ("PutRecords", b"[" * (15 * MIB), "json"),
    "unknown member": ("ListStreams", b'{"Other":[' + b"[]," * (5 * MIB) + b"[]]}", "json"),
    "CBOR maps": ("PutRecords", b"\xa1\x67Records\x9f" + b"\xa0" * (15 * MIB) + b"\xff", "cbor"),
    "CBOR zeros": ("ListStreams", b"\xa1\x65Other\x9f" + b"\x00" * (15 * MIB) + b"\xff", "cbor"),
}


@pytest.mark.parametrize("kind", TINY)
@evidence(OWN, DESIGN)
def test_a_body_of_millions_of_values_is_refused_and_costs_little_memory(small, kind):
    operation, body, form = TINY[kind]
    with connections(small, 1) as (one,):
        with contextlib.suppress(OSError):  # What is too much for this server may be answered before it was read.
            one.sendall(head(operation, len(body), f"application/x-amz-{form}-1.1") + body)
        status = int(one.recv(65_536).split()[1])
    assert status in (400, 413)
    assert anonymous_peak(small) < 64 * MIB + BESIDE


@evidence("M", "PutRecords: Records has a length of 1 to 500")
def test_too_many_entries_are_refused_in_the_words_of_the_model(server, stream):
    reply = server.raw.kinesis("PutRecords", {"StreamName": stream, "Records": [
        {"Data": "", "PartitionKey": "k"}] * 40_000})
    assert reply.status == 400
    assert reply.json()["__type"] == "ValidationException"
    assert "Member must have length less than or equal to 500" in reply.json()["message"]


@evidence(OWN, DESIGN)
def test_what_lies_behind_the_bound_of_a_document_is_not_accepted_unread(server):
    reply = server.raw.kinesis("ListStreams", {"Other": [0] * 200_000})
    assert (reply.status, reply.json()["__type"]) == (400, "SerializationException")


@evidence(OWN, DESIGN)
def test_a_client_beside_thousands_that_never_finish_their_head_is_served(small, name):
    make_stream(small, name)
    kinesis = patient(small)
    with connections(small, 3_000, b"POST / HTTP/1.1\r\nX-Slow: "):
        for i in range(20):
            assert kinesis.put_record(StreamName=name, PartitionKey=str(i), Data=b"x")["SequenceNumber"]
    assert anonymous_peak(small) < 64 * MIB + BESIDE


@evidence(OWN, DESIGN)
def test_a_client_beside_thousands_that_only_announce_a_large_body_is_served(small, name):
    make_stream(small, name)
    kinesis = patient(small)
    with connections(small, 1_000, head("PutRecords", 10_000_000) + b"{"):
        for i in range(20):
            assert kinesis.put_record(StreamName=name, PartitionKey=str(i), Data=b"x" * 20_000)["SequenceNumber"]
    assert anonymous_peak(small) < 64 * MIB + BESIDE


@evidence(OWN, DESIGN)
def test_large_batches_on_many_connections_are_stored_or_refused_with_what_is_sent_again(small, name):
    make_stream(small, name)
    data = base64.b64encode(bytes(10_000)).decode()
    body = json.dumps({"StreamName": name, "Records": [{"Data": data, "PartitionKey": str(i)} for i in range(300)]})

    def put(_):
        try:
            reply = small.raw.kinesis("PutRecords", body)
        except ConnectionError:  # It paused for seconds in the middle, and others wanted its memory.
            return 503, "ServiceUnavailable"
        if reply.status == 503 and not reply.body:  # No memory for a connection.
            return 503, "ServiceUnavailable"
        return reply.status, reply.json()["FailedRecordCount"] if reply.status == 200 else reply.json()["__type"]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(put, range(96)))
    assert (200, 0) in outcomes
    assert {said for status, said in outcomes if status != 200} <= {"ServiceUnavailable"}
    assert {status for status, _ in outcomes} <= {200, 503}
    assert anonymous_peak(small) < 64 * MIB + BESIDE


@evidence(OWN, DESIGN)
def test_readers_that_do_not_read_leave_pages_for_those_that_do(small, name):
    make_stream(small, name)
    for i in range(10):
        small.kinesis.put_records(StreamName=name, Records=[
            {"Data": bytes(10_000), "PartitionKey": "k"} for _ in range(300)])
    shards = small.kinesis.list_shards(StreamName=name)["Shards"]
    fullest = max(
        (iterator(small.kinesis, name, shard_id=shard["ShardId"]) for shard in shards),
        key=lambda at: len(small.kinesis.get_records(ShardIterator=at)["Records"]))
    page = json.dumps({"ShardIterator": fullest}).encode()
    with connections(small, 60, head("GetRecords", len(page)) + page, receive_buffer=4096):
        reply = small.raw.kinesis("GetRecords", page)
        assert reply.status in (200, 503)
        assert patient(small).get_records(ShardIterator=fullest)["Records"]
    assert anonymous_peak(small) < 64 * MIB + BESIDE


@evidence(OWN, DESIGN)
def test_beyond_the_most_connections_a_quiet_one_makes_room():
    running = Server("--connections", "4", "--loops", "1", "--log", "off")
    try:
        with connections(running, 4):
            # As soon as one of them has been quiet for long enough.
            until(lambda: running.raw.request("GET", "/_penstock/health").status == 200)
    finally:
        running.stop()


@evidence(OWN, DESIGN)
def test_few_descriptors_bound_the_connections_and_the_server_lives():
    """The limit is the hard one, so that the server cannot raise it."""
    process = subprocess.Popen(
        [BINARY, "serve", "--listen", "127.0.0.1:0", "--loops", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    try:
        line = process.stdout.readline()
        port = int(line.split("http://127.0.0.1:")[1].split()[0])

        with connections(types.SimpleNamespace(port=port), 300, b"G"):
            pass
        assert until(lambda: RawClient(port).request("GET", "/_penstock/health").status == 200)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "connections are bounded" in errors and "most=128" in errors


@evidence(OWN, DESIGN)
def test_a_message_is_not_hidden_for_a_receiver_that_went_away(server, name):
    url = server.sqs.create_queue(QueueName=name)["QueueUrl"]
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    signed = SIGNED["Authorization"].replace("/kinesis/", "/sqs/")
    asked = (f"POST / HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Date: {SIGNED['X-Amz-Date']}\r\n"
             f"Authorization: {signed}\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: {len(body)}\r\n\r\n")
    with connections(server, 1, asked.encode() + body) as (one,):
        # The end of its own side only: it hears at once that there is nothing, so the server has noticed.
        one.shutdown(socket.SHUT_WR)
        assert one.recv(65_536).startswith(b"HTTP/1.1 200")
    server.sqs.send_message(QueueUrl=url, MessageBody="for the next one")
    messages = server.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in messages] == ["for the next one"]
