"""HTTP/2 by prior knowledge on the plain port: by httpx, with h2 below it, by curl, and beside HTTP/1.1."""

import asyncio
import json
import subprocess

import cbor2
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from command import run
from conftest import REGION, Server, evidence
from events import messages_in
from kit import FIRST, data_of, iterator, put, read, stream_arn
from raw import CBOR, SIGNED, signed

OURS = evidence("own", "the same answers by either protocol")
JSON_11 = "application/x-amz-json-1.1"


@pytest.fixture
def http2(server):
    with httpx.Client(http1=False, http2=True, base_url=server.url, timeout=30) as client:
        yield client


def headers(operation, content_type=JSON_11):
    return {"Content-Type": content_type, "X-Amz-Target": f"Kinesis_20131202.{operation}", **SIGNED}


def call(client, operation, body):
    reply = client.post("/", headers=headers(operation), content=json.dumps(body))
    assert (reply.http_version, reply.status_code) == ("HTTP/2", 200), reply.text
    return reply.json() if reply.content else None


@OURS
def test_a_stream_is_made_written_and_read(server, http2, name):
    assert call(http2, "CreateStream", {"StreamName": name, "ShardCount": 1}) is None
    call(http2, "PutRecord", {"StreamName": name, "Data": "aGk=", "PartitionKey": "a"})
    position = call(http2, "GetShardIterator", {
        "StreamName": name, "ShardId": FIRST, "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
    assert [each["Data"] for each in call(http2, "GetRecords", {"ShardIterator": position})["Records"]] == ["aGk="]
    assert data_of(read(server.kinesis, name)) == [b"hi"]


@OURS
def test_headers_of_a_reply_are_those_of_http_1(server, http2):
    body = "{}"
    new = http2.post("/", headers=headers("ListStreams"), content=body)
    old = server.raw.kinesis("ListStreams", body)
    assert sorted(new.headers) == sorted(old.headers)
    assert new.headers["content-type"] == old.headers["content-type"] == JSON_11
    assert int(new.headers["content-length"]) == len(new.content)


@OURS
@pytest.mark.parametrize("content_type", [JSON_11, CBOR])
def test_errors_have_the_same_form(server, http2, name, content_type):
    body = {"StreamName": name}
    encoded = json.dumps(body) if content_type == JSON_11 else cbor2.dumps(body)
    new = http2.post("/", headers=headers("DescribeStreamSummary", content_type), content=encoded)
    old = server.raw.kinesis("DescribeStreamSummary", encoded, content_type)
    assert (new.status_code, new.content) == (old.status, old.body)
    assert new.headers["x-amzn-errortype"] == old.header("x-amzn-ErrorType") == "ResourceNotFoundException"


@OURS
def test_an_unsigned_request_and_another_method_are_refused(http2):
    without = {name: value for name, value in headers("ListStreams").items() if name != "Authorization"}
    assert http2.post("/", headers=without, content="{}").json()["__type"] == "MissingAuthenticationTokenException"
    assert http2.get("/").status_code == 403


@evidence("R", "comparison of kinesalite's suite with production")
def test_a_preflight_needs_no_signature(http2):
    reply = http2.options("/", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"})
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert "x-amz-id-2" not in reply.headers


@OURS
def test_hundreds_of_requests_are_in_hand_at_once_on_one_connection(server, stream):
    async def all_at_once():
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(http1=False, http2=True, base_url=server.url, timeout=60, limits=limits) as client:
            return await asyncio.gather(*[
                client.post("/", headers=headers("PutRecord"), content=json.dumps(
                    {"StreamName": stream, "Data": "aGk=", "PartitionKey": str(i)})) for i in range(300)])
    assert {reply.status_code for reply in asyncio.run(all_at_once())} == {200}
    assert len(read(server.kinesis, stream)) == 300


@OURS
def test_large_batches_pass_both_ways(server, http2, stream):
    data = "QUJD" * 85_000
    for _ in range(2):
        reply = call(http2, "PutRecords", {"StreamName": stream, "Records": [
            {"Data": data, "PartitionKey": str(i)} for i in range(10)]})
        assert reply["FailedRecordCount"] == 0
    page = call(http2, "GetRecords", {"ShardIterator": iterator(server.kinesis, stream)})
    assert [each["Data"] == data for each in page["Records"]] == [True] * len(page["Records"])
    assert len(page["Records"]) >= 10


@OURS
def test_lambda_and_health_are_served(http2):
    reply = http2.get("/2015-03-31/functions/", headers=signed("lambda"))
    assert reply.status_code == 200
    assert http2.get("/_localstack/health").json()["services"]["kinesis"] == "available"


@OURS
def test_a_subscription_streams_while_others_are_answered(server, http2, stream):
    consumer = server.kinesis.register_stream_consumer(
        StreamARN=stream_arn(stream), ConsumerName="c")["Consumer"]["ConsumerARN"]
    body = json.dumps({"ConsumerARN": consumer, "ShardId": FIRST, "StartingPosition": {"Type": "TRIM_HORIZON"}})
    with http2.stream("POST", "/", headers=headers("SubscribeToShard"), content=body) as reply:
        assert (reply.status_code, reply.http_version) == (200, "HTTP/2")
        assert reply.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert "content-length" not in reply.headers
        events = messages_in(reply.iter_raw())
        assert next(events).headers[":event-type"] == "initial-response"
        put(server.kinesis, stream, b"one")
        assert call(http2, "DescribeStreamSummary", {"StreamName": stream})
        found = []
        while not found:
            found = json.loads(next(events).payload)["Records"]
        assert [each["Data"] for each in found] == ["b25l"]


@OURS
def test_a_signature_is_verified_over_the_authority(tmp_path):
    added = run(None, "keys", "add", "--keys", tmp_path / "keys", "--json")
    key = json.loads(added.out)
    running = Server("--keys", str(tmp_path / "keys"), dev=False)
    try:
        with httpx.Client(http1=False, http2=True, base_url=running.url) as client:
            def listed(secret):
                request = AWSRequest("POST", running.url + "/", data="{}", headers={
                    "Content-Type": JSON_11, "X-Amz-Target": "Kinesis_20131202.ListStreams"})
                SigV4Auth(Credentials(key["AccessKeyId"], secret), "kinesis", REGION).add_auth(request)
                return client.post("/", headers=dict(request.headers), content="{}")
            assert listed(key["SecretAccessKey"]).status_code == 200
            assert listed("wrong").json()["__type"] == "InvalidSignatureException"
    finally:
        running.stop()


@OURS
def test_curl_speaks_it(server, name):
    def curl(*flags):
        return subprocess.run(
            ["curl", "-sS", *flags, "-w", " %{http_version}", server.url + "/_penstock/health"],
            capture_output=True, text=True, check=True, timeout=60).stdout
    assert curl("--http2-prior-knowledge").endswith(" 2")
    assert curl("--http1.1").endswith(" 1.1")
    assert curl("--http2").endswith(" 1.1"), "an upgrade is not offered, and the request is answered"
