"""A small, quick client of the server's JSON protocols over one kept connection. No SDK in between:
a crash test must see exactly what was answered and what was not."""

import base64
import http.client
import json
import socket

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)


class ServiceError(Exception):
    def __init__(self, status, kind, message):
        super().__init__(f"{status} {kind}: {message}")
        self.status, self.kind = status, kind


class Client:
    """One connection to http://host:port. Any broken connection is an OSError to the caller."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def _request(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.connection.request(method, path, body=body, headers=headers)
            reply = self.connection.getresponse()
            data = reply.read()
        except (OSError, http.client.HTTPException) as broken:
            self.connection.close()
            self.connection = None
            raise OSError(str(broken)) from broken
        parsed = json.loads(data) if data else {}
        if reply.status >= 300:
            kind = reply.getheader("x-amzn-ErrorType") or parsed.get("__type", "")
            raise ServiceError(reply.status, kind, parsed.get("message", parsed.get("Message", "")))
        return parsed

    def kinesis(self, operation, **body):
        return self._request("POST", "/", json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(service="kinesis"),
        })

    def rest(self, service, method, path, body=None):
        return self._request(method, path, json.dumps(body) if body is not None else None, {
            "Content-Type": "application/json",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(service=service),
        })


def encode(text):
    return base64.b64encode(text.encode()).decode()


def decode(data):
    return base64.b64decode(data).decode()
