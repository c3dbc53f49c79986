"""Event streams as they come: a subscription over HTTP/1.1, its messages taken apart by botocore's parser."""

import http.client
import json

from botocore.eventstream import EventStreamBuffer
from raw import SIGNED


class Subscription:
    """SubscribeToShard by hand. `status` and `headers` of the reply; iterating gives (headers, payload) of each message."""

    def __init__(self, port, body):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("POST", "/", json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.SubscribeToShard", **SIGNED})
        self.reply = self.connection.getresponse()
        self.status = self.reply.status
        self.headers = {name.lower(): value for name, value in self.reply.getheaders()}
        self.buffer = EventStreamBuffer()

    def __iter__(self):
        while True:
            for message in self.buffer:
                yield message.headers, message.payload
            piece = self.reply.read1(1 << 20)
            if not piece:
                return
            self.buffer.add_data(piece)

    def events(self):
        """The payloads of record events, parsed."""
        for headers, payload in self:
            if headers[":event-type"] == "SubscribeToShardEvent":
                yield json.loads(payload)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
