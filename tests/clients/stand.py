"""What every client's test shares: the server, the story's records and function, and what must come of them.

The story is the same for each client, told in its own words:

1. a stream of one shard; a batch of four records of 300 KiB in one call, of which AWS's limits let three in;
2. the refused one again, a second of the service clock later;
3. everything read back;
4. a function and a mapping, and every record seen by the function.

The server verifies signatures and runs with --dev and AWS's limits. Nothing sleeps: the service clock is advanced, and what takes
real time (a function's start) is polled for.
"""

import base64
import hashlib
import http.client
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import zipfile

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "release" / "penstock"))
BUILD = ROOT / "build" / "clients"
ACCOUNT = "000000000000"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
SHARD = "shardId-000000000000"

RECORD_BYTES = 300 * 1024
RECORDS = {f"key-{n}": bytes([ord("a") + n]) * RECORD_BYTES for n in range(4)}

# Prints what it was given, so that its log proves which records arrived whole.
FUNCTION = """
import base64, hashlib
def handler(event, context):
    for record in event["Records"]:
        data = base64.b64decode(record["kinesis"]["data"])
        print("got", record["kinesis"]["partitionKey"], len(data), hashlib.sha256(data).hexdigest())
"""


def seen(key, data):
    """The line of the function's log that proves it had this record."""
    return f"got {key} {len(data)} {hashlib.sha256(data).hexdigest()}"


def base64_of(data):
    return base64.b64encode(data).decode()


def throttled(stream, shard=SHARD):
    """The message of a refused entry: shard, stream and account by name."""
    return f"Rate exceeded for shard {shard} in stream {stream} under account {ACCOUNT}."


def stream_arn(name):
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def function_arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def package(name, contents, executable=False):
    """A zip with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (0o755 if executable else 0o644) << 16
        archive.writestr(entry, contents)
    return buffer.getvalue()


def until(condition, seconds=60):
    """Polls until the condition gives something true and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.02)


def environment(server):
    """What a user exports so that any AWS client talks to the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if server.ca_file is not None:
        # By the names that the SDKs' languages have for it; Java's is in its truststore.
        kept |= {name: server.ca_file for name in ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")}
        kept |= {"JAVA_TOOL_OPTIONS": f"-Djavax.net.ssl.trustStore={server.truststore()} -Djavax.net.ssl.trustStorePassword=changeit"}
    return kept | {
        "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": server.key.access_key,
        "AWS_SECRET_ACCESS_KEY": server.key.secret_key, "PENSTOCK_BIN": BINARY,
        "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": ""}


def aws_clis():
    """The AWS CLIs of this machine, Debian's and the first on the PATH: version -> path."""
    found = {}
    for path in sorted({path for path in (shutil.which("/usr/bin/aws"), shutil.which("aws")) if path}):
        said = subprocess.run([path, "--version"], capture_output=True, text=True)
        found.setdefault(re.search(r"aws-cli/(\S+)", said.stdout + said.stderr).group(1), path)
    return found


AWS_CLIS = aws_clis()


class Server:
    """A server of its own that verifies signatures, unless without keys; its data, if any, is where the arguments say."""

    def __init__(self, *arguments, has_keys=True):
        self.folder = tempfile.TemporaryDirectory(prefix="penstock-clients-")
        self.key = Credentials("test", "test")
        if has_keys:
            keys = ["--keys", f"{self.folder.name}/keys"]
            made = json.loads(subprocess.run([BINARY, "keys", "add", "--admin", "--json", *keys], capture_output=True,
                                             text=True, check=True).stdout)
            self.key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
            arguments = ["--auth", "on", *keys, *arguments]
        self.process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        found = re.search(r"https?://[^ ,;/]+", ready)
        assert found, f"the server did not start: {ready!r}"
        self.url = found.group()
        ca_file = re.search(r" ca=(\S+)", ready)
        self.ca_file = ca_file and ca_file.group(1)
        self.port = int(self.url.rsplit(":", 1)[1])

    def truststore(self):
        """A file with the CA in Java's own format; there is none where there is no Java."""
        path = pathlib.Path(self.folder.name) / "truststore"
        if not path.exists() and shutil.which("keytool"):
            subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "penstock", "-file", self.ca_file, "-keystore",
                            path, "-storepass", "changeit"], check=True, capture_output=True)
        return path

    def admin(self, method, path, body=None):
        request = AWSRequest(method, f"{self.url}{path}", data=b"" if body is None else json.dumps(body).encode())
        SigV4Auth(self.key, "penstock", REGION).add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, request.data, dict(request.headers))
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        assert reply.status == 200, (reply.status, text)
        return json.loads(text)

    def advance(self, milliseconds):
        self.admin("POST", "/_penstock/clock", {"advance_ms": milliseconds})

    def log(self, function):
        lines = self.admin("GET", f"/_penstock/functions/{function}/logs?after=0")["lines"]
        return [line["text"].rstrip("\n") for line in lines]

    def wait_seen(self, function, records=None):
        """Until the function has had all of the story's records, each whole."""
        wanted = {seen(key, data) for key, data in (records or RECORDS).items()}
        until(lambda: wanted <= set(self.log(function)))

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0, "a graceful stop ends with 0"
        self.process.stdout.close()
        self.folder.cleanup()
