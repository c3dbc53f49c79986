"""What happens before an operation is looked at: HTTP, content types, targets, signatures, CORS."""

import http.client
import json
import re

import cbor2
import pytest
from conftest import evidence
from raw import SIGNED

CONNECTION = "kinesalite test/connection.js, 3,120 cases compared with production"
JSON11 = "application/x-amz-json-1.1"
CBOR11 = "application/x-amz-cbor-1.1"
XML_DENIED = (b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be "
              b"authorized</Message>\n</AccessDeniedException>\n")
TARGET = {"X-Amz-Target": "Kinesis_20131202.ListStreams"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@evidence("R", CONNECTION)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH"])
def test_other_methods_are_denied_as_xml(server, method):
    reply = server.raw.request(method, "/")
    assert reply.status == 403
    assert reply.body == (b"" if method == "HEAD" else XML_DENIED)


@evidence("R", CONNECTION)
def test_every_reply_has_a_request_id_and_an_extended_one(server):
    reply = server.raw.kinesis("ListStreams", {})
    assert UUID.fullmatch(reply.header("x-amzn-RequestId"))
    assert 80 <= len(reply.header("x-amz-id-2")) <= 110
    assert reply.header("Content-Type") == JSON11
    assert int(reply.header("Content-Length")) == len(reply.body)
    assert reply.header("Date").endswith(" GMT")


@evidence("R", CONNECTION)
def test_an_operation_without_output_answers_zero_bytes(server, name):
    reply = server.raw.kinesis("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert (reply.status, reply.body, reply.header("Content-Length")) == (200, b"", "0")


@evidence("R", CONNECTION)
@pytest.mark.parametrize("content_type, binary", [(JSON11, False), (CBOR11, True), ("text/plain", True)])
def test_an_empty_body_for_a_known_operation(server, content_type, binary):
    reply = server.raw.request("POST", "/", b"", {"Content-Type": content_type, **TARGET})
    assert reply.status == 400
    if binary:
        assert reply.header("Content-Type") == CBOR11
        assert b"SerializationException" in reply.body
    else:
        assert reply.body == b'{"__type":"SerializationException"}'


@evidence("R", CONNECTION)
def test_an_empty_body_for_an_unknown_operation(server):
    reply = server.raw.request("POST", "/", b"", {
        "Content-Type": JSON11, "X-Amz-Target": "Kinesis_20131202.Nothing"})
    assert (reply.status, reply.body) == (400, b'{"__type":"UnknownOperationException"}')


@evidence("R", CONNECTION)
@pytest.mark.parametrize("body", [b"{", b"nonsense", b"null", b"3", b'"x"', b"[]"])
def test_a_body_that_is_no_object(server, body):
    reply = server.raw.request("POST", "/", body, {"Content-Type": JSON11, **TARGET, **SIGNED})
    assert (reply.status, reply.body) == (400, b'{"__type":"SerializationException"}')


@evidence("R", CONNECTION)
def test_the_legacy_json_type_is_a_trap(server):
    bad = server.raw.request("POST", "/", b"{", {"Content-Type": "application/json", **TARGET, **SIGNED})
    assert (bad.status, bad.body) == (
        400, b'{"Output":{"__type":"com.amazon.coral.service#SerializationException"},"Version":"1.0"}')
    good = server.raw.request("POST", "/", b"{}", {"Content-Type": "application/json", **TARGET, **SIGNED})
    assert (good.status, good.body) == (
        404, b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}')


@evidence("R", CONNECTION)
@pytest.mark.parametrize("target", ["Kinesis_20131202.Nothing", "Kinesis_20131202.liststreams", "Whatever.ListStreams"])
def test_an_unknown_operation_has_status_400(server, target):
    reply = server.raw.request("POST", "/", b"{}", {
        "Content-Type": JSON11, "X-Amz-Target": target, **SIGNED})
    assert (reply.status, reply.body) == (400, b'{"__type":"UnknownOperationException"}')


@evidence("R", CONNECTION)
def test_parameters_of_the_content_type_are_ignored(server):
    assert server.raw.kinesis("ListStreams", {}, content_type=JSON11 + "; charset=utf-8").status == 200


@evidence("R", CONNECTION)
def test_an_unknown_content_type_without_a_target_is_denied(server):
    reply = server.raw.request("POST", "/", b"x", {"Content-Type": "text/plain"})
    assert (reply.status, reply.body) == (403, XML_DENIED)


@evidence("R", CONNECTION)
def test_both_kinds_of_signature(server):
    reply = server.raw.request("POST", "/?X-Amz-Algorithm=x", b"{}", {
        "Content-Type": JSON11, **TARGET, **SIGNED})
    assert reply.status == 400
    assert reply.json() == {
        "__type": "InvalidSignatureException",
        "message": "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP "
                   "header."}


@evidence("R", CONNECTION)
def test_no_signature(server):
    reply = server.raw.request("POST", "/", b"{}", {"Content-Type": JSON11, **TARGET})
    assert reply.status == 400
    assert reply.json() == {"__type": "MissingAuthenticationTokenException",
                            "message": "Missing Authentication Token"}


@evidence("R", CONNECTION)
def test_an_incomplete_signature_names_every_missing_piece(server):
    reply = server.raw.request("POST", "/", b"{}", {
        "Content-Type": JSON11, **TARGET, "Authorization": "AWS4-"})
    assert reply.status == 400
    assert reply.json() == {
        "__type": "IncompleteSignatureException",
        "message": "Authorization header requires 'Credential' parameter. "
                   "Authorization header requires 'Signature' parameter. "
                   "Authorization header requires 'SignedHeaders' parameter. "
                   "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                   "header. Authorization=AWS4-"}


@evidence("R", CONNECTION)
def test_cors_headers_come_with_an_origin(server):
    reply = server.raw.kinesis("ListStreams", {}, Origin="https://example.org")
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Access-Control-Expose-Headers") == (
        "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date")


@evidence("R", CONNECTION)
def test_a_preflight_needs_no_signature(server):
    reply = server.raw.request("OPTIONS", "/", b"", {
        "Origin": "https://example.org", "Access-Control-Request-Headers": "x-a",
        "Access-Control-Request-Method": "POST"})
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("Access-Control-Max-Age") == "172800"
    assert reply.header("Access-Control-Allow-Headers") == "x-a"
    assert reply.header("Access-Control-Allow-Methods") == "POST"
    assert reply.header("x-amz-id-2") is None


@evidence("R", CONNECTION)
def test_options_without_an_origin_is_denied(server):
    reply = server.raw.request("OPTIONS", "/")
    assert reply.status == 403 and reply.header("x-amz-id-2"), "it is no preflight"


@evidence("own", "design: account and region come from the credential scope")
def test_account_and_region_separate_streams(server, name):
    other = server.client("kinesis", access_key="123456789012")
    far = server.client("kinesis", region="eu-west-1")
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    other.create_stream(StreamName=name, ShardCount=2)
    arn = other.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}"
    with pytest.raises(far.exceptions.ResourceNotFoundException):
        far.describe_stream_summary(StreamName=name)


@evidence("own", "health of the services, as tools of the field ask for it")
@pytest.mark.parametrize("path", ["/_localstack/health", "/_penstock/health"])
def test_health_answers(server, path):
    reply = server.raw.request("GET", path)
    assert reply.status == 200
    assert reply.json()["services"]["kinesis"] in {"available", "running"}


@evidence("R", "localstack snapshot test_cbor_exceptions")
def test_cbor_errors_are_maps_with_the_same_keys(server):
    body = bytes.fromhex("bf6a53747265616d4e616d65676e6f7768657265ff")  # {"StreamName": "nowhere"}
    reply = server.raw.kinesis("DescribeStreamSummary", body, content_type=CBOR11)
    assert reply.status == 400
    assert reply.header("Content-Type") == CBOR11
    text = "Stream nowhere under account 000000000000 not found."
    assert reply.body == (b"\xbf\x66__type\x78\x19ResourceNotFoundException\x67message\x78"
                          + bytes([len(text)]) + text.encode() + b"\xff")


@evidence("D", "wire example of a put in CBOR: blob as a byte string")
def test_cbor_put_and_get(server, stream):
    put = (b"\xbf\x6aStreamName" + bytes([0x60 + len(stream)]) + stream.encode()
           + bytes.fromhex("6444617461426869") + b"\x6cPartitionKey\x61a\xff")
    assert server.raw.kinesis("PutRecord", put, content_type=CBOR11).status == 200
    iterator = server.kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000",
        ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    get = b"\xbf\x6dShardIterator\x79" + len(iterator).to_bytes(2, "big") + iterator.encode() + b"\xff"
    reply = server.raw.kinesis("GetRecords", get, content_type=CBOR11)
    assert reply.status == 200
    assert b"\x64Data\x42hi" in reply.body
    # Integer milliseconds behind tag 1, in spite of the standard: what Java reads.
    assert re.search(rb"ApproximateArrivalTimestamp\xc1\x1b", reply.body)


@evidence("R", CONNECTION)
def test_a_body_that_is_too_large_is_refused_before_anything_else(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(17 << 20))
    connection.endheaders()
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (413, b"")
    assert reply.getheader("Transfer-Encoding") == "chunked" and reply.getheader("Content-Length") is None
    connection.close()


@evidence("R", CONNECTION)
@pytest.mark.parametrize("method, headers", [
    ("GET", {}), ("POST", {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": JSON11})])
def test_cors_headers_come_with_errors_too(server, method, headers):
    reply = server.raw.request(method, "/", b"" if method == "GET" else b"{}", {"Origin": "null", **headers})
    assert reply.status in (400, 403)
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert "x-amzn-ErrorType" in reply.header("Access-Control-Expose-Headers")


@evidence("R", CONNECTION)
@pytest.mark.parametrize("content_type, encode, decode", [(JSON11, json.dumps, json.loads), (CBOR11, cbor2.dumps, cbor2.loads)])
@pytest.mark.parametrize("order, changes, kind", [
    ("a body that is none before the operation's name", {"target": "Kinesis_20131202.Nothing", "body": b"\xff"},
     "SerializationException"),
    ("the operation's name before the signature", {"target": "Kinesis_20131202.Nothing", "signed": False},
     "UnknownOperationException"),
    ("a body that is none before the signature", {"body": b"\xff", "signed": False}, "SerializationException"),
    ("the signature before types", {"content": {"Limit": "x"}, "signed": False}, "MissingAuthenticationTokenException"),
    ("types before bounds", {"content": {"Limit": "x", "ExclusiveStartStreamName": "!"}}, "SerializationException"),
    ("bounds before what the operation does", {"target": "Kinesis_20131202.DescribeStream",
                                               "content": {"StreamName": "!"}}, "ValidationException"),
    ("what the operation does at last", {"target": "Kinesis_20131202.DescribeStream",
                                         "content": {"StreamName": "no-such"}}, "ResourceNotFoundException"),
])
def test_the_order_of_checks(server, content_type, encode, decode, order, changes, kind):
    body = changes.get("body", encode(changes.get("content", {})))
    headers = {"Content-Type": content_type, "X-Amz-Target": changes.get("target", "Kinesis_20131202.ListStreams"),
               **(SIGNED if changes.get("signed", True) else {})}
    reply = server.raw.request("POST", "/", body, headers)
    assert reply.status == 400, order
    assert reply.header("Content-Type") == content_type
    assert decode(reply.body)["__type"] == reply.header("x-amzn-ErrorType") == kind, order
