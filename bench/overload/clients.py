"""Clients that behave badly on purpose, and one that does not: raw sockets, so that nothing helps the server."""

import base64
import json
import resource
import socket
import struct
import time

SIGNED = ("X-Amz-Date: 20260101T000000Z\r\n"
          "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64 + "\r\n")
JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
REFUSED_MAX = 10  # A refusal may take seconds; that many say enough.


def raise_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def head(operation, size, content_type=JSON):
    return (f"POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\n"
            f"X-Amz-Target: Kinesis_20131202.{operation}\r\n{SIGNED}"
            f"Content-Length: {size}\r\n\r\n").encode()


def request(operation, body, content_type=JSON):
    if not isinstance(body, bytes):
        body = json.dumps(body, separators=(",", ":")).encode()
    return head(operation, len(body), content_type) + body


def put_records(count, size, stream="load"):
    data = base64.b64encode(bytes(size)).decode()
    return request("PutRecords", {"StreamName": stream, "Records": [
        {"Data": data, "PartitionKey": f"key-{i}"} for i in range(count)]})


def put_record(size, stream="load", key="key"):
    return request("PutRecord", {"StreamName": stream, "PartitionKey": key,
                                 "Data": base64.b64encode(bytes(size)).decode()})


class Client:
    """One connection. `ask` gives (status, body); status 0: the server closed it without a word."""

    def __init__(self, port, receive_buffer=None, timeout=60):
        self.port = port
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, data):
        try:
            self.send(data)
        except OSError:
            pass  # It may have answered before it had read everything.
        return self.reply()

    def reply(self):
        received = b""
        try:
            while b"\r\n\r\n" not in received:
                piece = self.socket.recv(1 << 18)
                if not piece:
                    return 0, b""
                received += piece
            top, body = received.split(b"\r\n\r\n", 1)
            size = int(top.lower().split(b"content-length:")[1].split()[0])
            pieces, left = [body], size - len(body)
            while left > 0:
                piece = self.socket.recv(1 << 18)
                if not piece:
                    return 0, b""
                pieces.append(piece)
                left -= len(piece)
            return int(top.split()[1]), b"".join(pieces)
        except OSError:
            return 0, b""

    def is_open(self):
        """Whether the server still has the connection, as far as can be seen without waiting."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(60)

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def timed(client, data, times):
    """Asks `times` times; (milliseconds sorted, statuses by count). After a refusal as an SDK: later, anew."""
    spent, statuses = [], {}
    for _ in range(times):
        begun = time.perf_counter()
        status, _ = client.ask(data)
        spent.append((time.perf_counter() - begun) * 1e3)
        statuses[status] = statuses.get(status, 0) + 1
        if status != 200:
            if len(spent) - statuses.get(200, 0) == REFUSED_MAX:
                break
            time.sleep(0.3)
            client.close()
            client = Client(client.port, timeout=30)
    return sorted(spent), statuses
