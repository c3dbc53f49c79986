"""A small, quick client of the server's protocols over one kept connection: Kinesis in JSON and in
CBOR, everything else in JSON. No SDK in between: a crash test must see exactly what was answered
and what was not."""

import base64
import http.client
import json
import socket
import time

import cbor2

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)
# The server closes connections that were idle for 75 s; the client is quicker.
IDLE_MAX_S = 5
# Without memory for one more connection it says 503 and closes; who is still sending sees only that.
REFUSED_MAX_S = 10
JSON, CBOR = "application/x-amz-json-1.1", "application/x-amz-cbor-1.1"


class ServiceError(Exception):
    def __init__(self, status, kind, message):
        super().__init__(f"{status} {kind}: {message}")
        self.status, self.kind = status, kind


class Client:
    """One connection to http://host:port. Any broken connection is an OSError to the caller."""

    def __init__(self, port):
        self.port = port
        self.connection = None
        self.used = 0.0

    def _request(self, method, path, body, headers):
        reply, data = self._exchange(method, path, body, headers)
        self.used = time.monotonic()
        parsed = _parsed(data, reply.getheader("Content-Type")) if data else {}
        if reply.status >= 300:
            kind = reply.getheader("x-amzn-ErrorType") or parsed.get("__type", "")
            raise ServiceError(reply.status, kind, parsed.get("message", parsed.get("Message", "")))
        return parsed

    def _exchange(self, method, path, body, headers):
        if self.connection is not None and time.monotonic() - self.used > IDLE_MAX_S:
            self._close()
        give_up = time.monotonic() + REFUSED_MAX_S
        while True:
            is_new = self.connection is None or self.connection.sock is None  # It said "close".
            if is_new:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.connection.request(method, path, body=body, headers=headers)
                reply = self.connection.getresponse()
                return reply, reply.read()
            except (OSError, http.client.HTTPException) as broken:
                self._close()
                is_refused = is_new and isinstance(broken, (BrokenPipeError, ConnectionResetError))
                if not is_refused or time.monotonic() > give_up:
                    raise OSError(str(broken)) from broken
                time.sleep(0.02)  # As SDKs pause.

    def _close(self):
        self.connection.close()
        self.connection = None

    def kinesis(self, operation, protocol=JSON, **body):
        """Blobs are bytes on both sides, in either protocol; times are Unix milliseconds."""
        reply = self._request("POST", "/", _body(body, protocol), {
            "Content-Type": protocol,
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(service="kinesis"),
        })
        if operation == "GetRecords" and protocol == JSON:
            for record in reply["Records"]:
                record["Data"] = base64.b64decode(record["Data"])
                record["ApproximateArrivalTimestamp"] = round(
                    record["ApproximateArrivalTimestamp"] * 1000)
        return reply

    def rest(self, service, method, path, body=None):
        return self._request(method, path, json.dumps(body) if body is not None else None, {
            "Content-Type": "application/json",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(service=service),
        })

    def clock_ms(self):
        return self.rest("penstock", "GET", "/_penstock/clock")["now_ms"]

    def audit(self):
        return self.rest("penstock", "GET", "/_penstock/audit")


def _body(body, protocol):
    if protocol == CBOR:
        return cbor2.dumps(body)
    return json.dumps(body, default=lambda blob: base64.b64encode(blob).decode())


def _parsed(data, content_type):
    if content_type != CBOR:
        return json.loads(data)
    # Times are milliseconds behind tag 1, in spite of the standard; cbor2 would take seconds.
    return cbor2.loads(data.replace(b"ApproximateArrivalTimestamp\xc1", b"ApproximateArrivalTimestamp"))
