"""Requests as bytes on a socket, and replies as they came: for what an SDK would hide."""

import http.client
import json
from dataclasses import dataclass, field

import cbor2

CBOR = "application/x-amz-cbor-1.1"


def signed(service, access_key="test"):
    return {
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/us-east-1/{service}/aws4_request, "
                         "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
    }


SIGNED = signed("kinesis")


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes = field(default=b"")

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name.lower())


class RawClient:
    def __init__(self, port):
        self.port = port

    def request(self, method, path, body=b"", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def kinesis(self, operation, body, content_type="application/x-amz-json-1.1", **extra):
        """A signed call by target; `body` is bytes, text, or an object sent as JSON."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = {"Content-Type": content_type,
                   "X-Amz-Target": f"Kinesis_20131202.{operation}", **SIGNED, **extra}
        return self.request("POST", "/", body, headers)

    def cbor(self, operation, body):
        """The decoded CBOR reply of a Kinesis call that must succeed; times are integers."""
        reply = self.kinesis(operation, cbor2.dumps(body), CBOR)
        assert reply.status == 200, reply
        # Times are milliseconds behind tag 1, in spite of the standard.
        return cbor2.loads(reply.body, semantic_decoders={1: lambda millis, _: millis}) if reply.body else None

    def cbor_error(self, operation, body):
        """The (type, message) of a refused call in CBOR."""
        reply = self.kinesis(operation, cbor2.dumps(body), CBOR)
        assert reply.status == 400, reply
        parsed = cbor2.loads(reply.body)
        return parsed["__type"], parsed.get("message", parsed.get("Message"))

    def error(self, operation, body, **extra):
        """The (type, message) of a refused call."""
        reply = self.kinesis(operation, body, **extra)
        assert reply.status == 400, reply
        parsed = reply.json()
        return parsed["__type"], parsed.get("message", parsed.get("Message"))

    def result(self, operation, body):
        """The parsed reply of a Kinesis call that must succeed."""
        reply = self.kinesis(operation, body)
        assert reply.status == 200, reply
        return reply.json() if reply.body else None

    def rest(self, method, path, body=None, **extra):
        """A signed call of Lambda's REST interface; `body` is bytes or an object sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.request(method, path, body or b"", {
            "Content-Type": "application/json", **signed("lambda"), **extra})

    def sqs(self, operation, body):
        return self.request("POST", "/", json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}", **signed("sqs")})
