"""The few calls that set a server up for a measurement, signed as clients sign."""

import base64
import datetime
import hashlib
import hmac
import http.client
import io
import json
import socket
import zipfile

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"
REGION = "us-east-1"


def signed(service, method, path, body, headers, key):
    """The headers, with a signature (SigV4) over them and the body."""
    access_key, secret = key
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{REGION}/{service}/aws4_request"
    headers = {**headers, "Host": "127.0.0.1", "X-Amz-Date": time}
    lowered = sorted((name.lower(), value) for name, value in headers.items())
    names = ";".join(name for name, _ in lowered)
    canonical = "\n".join([method, path, "", *(f"{name}:{value}" for name, value in lowered), "",
                           names, hashlib.sha256(body).hexdigest()])
    derived = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(derived, text.encode(), "sha256").hex()
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, "
                                        f"SignedHeaders={names}, Signature={signature}"}


class Calls:
    def __init__(self, port, key=("test", "test")):
        self.port = port
        self.key = key

    def _request(self, service, method, path, body, headers):
        text = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, text,
                               signed(service, method, path, text, headers, self.key))
            reply = connection.getresponse()
            answer = reply.read()
        finally:
            connection.close()
        if reply.status >= 300:
            raise SystemExit(f"bench: {method} {path}: HTTP {reply.status}: {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def kinesis(self, operation, **body):
        return self._request("kinesis", "POST", "/", body, {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"Kinesis_20131202.{operation}"})

    def create_stream(self, name, shards):
        self.kinesis("CreateStream", StreamName=name, ShardCount=shards)
        status = ""
        while status != "ACTIVE":
            status = self.kinesis("DescribeStreamSummary", StreamName=name)[
                "StreamDescriptionSummary"]["StreamStatus"]

    def create_function(self, name, runtime, files):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
            for file, content in files.items():
                entry = zipfile.ZipInfo(file)
                entry.external_attr = 0o755 << 16
                package.writestr(entry, content)
        self._request("lambda", "POST", "/2015-03-31/functions", {
            "FunctionName": name, "Runtime": runtime, "Handler": "app.handler", "Timeout": 10,
            "Role": "arn:aws:iam::000000000000:role/bench",
            "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()}},
            {"Content-Type": "application/json"})

    def create_mapping(self, stream, function):
        self._request("lambda", "POST", "/2015-03-31/event-source-mappings", {
            "EventSourceArn": ARN + stream, "FunctionName": function,
            "StartingPosition": "TRIM_HORIZON"}, {"Content-Type": "application/json"})

    def try_health(self):
        """Whether a call is answered; refused ones cost microseconds."""
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
            connection.sendall(b"GET /_penstock/health HTTP/1.1\r\nHost: bench\r\n\r\n")
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
