"""Event streams as they come: a subscription over HTTP/1.1 or HTTP/2, its messages taken apart by botocore's parser."""

import http.client
import json
import subprocess

from botocore.eventstream import EventStreamBuffer
from raw import SIGNED

HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.SubscribeToShard", **SIGNED}


def messages_in(pieces):
    """The messages of a body that comes in pieces."""
    buffer = EventStreamBuffer()
    for piece in pieces:
        buffer.add_data(piece)
        yield from buffer


class Messages:
    """`status` and `headers` of a reply; iterating gives (headers, payload) of each message."""

    def __init__(self):
        self.buffer = EventStreamBuffer()

    def __iter__(self):
        while True:
            for message in self.buffer:
                yield message.headers, message.payload
            piece = self.read()
            if not piece:
                return
            self.buffer.add_data(piece)

    def events(self):
        """The payloads of record events, parsed."""
        for headers, payload in self:
            if headers[":event-type"] == "SubscribeToShardEvent":
                yield json.loads(payload)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Subscription(Messages):
    """SubscribeToShard over HTTP/1.1 by hand."""

    def __init__(self, port, body):
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("POST", "/", json.dumps(body), HEADERS)
        self.reply = self.connection.getresponse()
        self.status = self.reply.status
        self.headers = {name.lower(): value for name, value in self.reply.getheaders()}

    def read(self):
        return self.reply.read1(1 << 20)

    def close(self):
        self.connection.close()


class Http2Subscription(Messages):
    """The same over HTTP/2 without TLS, by prior knowledge, as the Java SDK's asynchronous client; by curl."""

    def __init__(self, port, body):
        super().__init__()
        headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        self.curl = subprocess.Popen(
            ["curl", "-sSNi", "--http2-prior-knowledge", *headers, "-d", json.dumps(body), f"http://127.0.0.1:{port}/"],
            stdout=subprocess.PIPE, bufsize=0)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.read()
            assert piece, f"curl ended after {head!r}"
            head += piece
        head, rest = head.split(b"\r\n\r\n", 1)
        line, *fields = head.decode().split("\r\n")
        self.version, self.status = line.split()[0], int(line.split()[1])
        self.headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        self.buffer.add_data(rest)

    def read(self):
        return self.curl.stdout.read(1 << 20)

    def ended(self):
        """curl's exit code: 0 when the server ended the stream in order."""
        return self.curl.wait(timeout=30)

    def close(self):
        self.curl.kill()
        self.curl.wait()
        self.curl.stdout.close()
