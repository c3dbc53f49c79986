"""Servers and clients for the conformance tests.

Two servers run for the whole session: `server` without limits, `limited` with AWS's. Both are started with
--dev, so that a test moves the service clock instead of waiting. Every test uses names of its own.

Each test names its evidence with @evidence(grade, source). Grades: M the published service model,
R recorded on AWS, F a field report quoting AWS, D AWS's documentation, E an emulator's wording,
own: a choice of this project where AWS is silent.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import uuid

import boto3
import botocore.config
import pytest

from raw import RawClient
from remote import Remotes

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "release" / "penstock"))
ACCOUNT = "000000000000"
REGION = "us-east-1"


def evidence(grade, source):
    """Says what a test's expectation rests on."""
    assert grade in {"M", "R", "F", "D", "E", "own"}, grade
    return pytest.mark.evidence(grade=grade, source=source)


def pytest_configure(config):
    config.addinivalue_line("markers", "evidence(grade, source): what the expectation rests on")


def pytest_collection_modifyitems(items):
    here = pathlib.Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("evidence") is None:
            raise pytest.UsageError(f"{item.nodeid} does not name its evidence")


class Server:
    def __init__(self, *arguments, dev=True, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--listen", listen, *(["--dev"] if dev else []), *arguments],
            stdout=subprocess.PIPE, text=True)
        self.ready_line = self.process.stdout.readline()
        address = re.search(r"https?://[^ ,;]+", self.ready_line)
        assert address is not None, f"the server did not start: {self.ready_line!r}"
        self.url = address[0].rstrip("/")
        ca = re.search(r" ca=(\S+)", self.ready_line)
        self.ca = ca[1] if ca else None  # Whom to trust at https://.
        self.port = int(self.url.rsplit(":", 1)[1])
        self.raw = RawClient(self.port)
        self.kinesis = self.client("kinesis")
        self.functions = self.client("lambda")
        self.sqs = self.client("sqs")

    def client(self, service, access_key="test", region=REGION):
        return boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=access_key,
            aws_secret_access_key="secret", verify=self.ca,
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60))

    def advance(self, milliseconds):
        reply = self.raw.request("POST", "/_penstock/clock",
                                 json.dumps({"advance_ms": milliseconds}))
        assert reply.status == 200, reply

    def now_ms(self):
        """The service clock."""
        return self.raw.request("GET", "/_penstock/clock").json()["now_ms"]

    def log(self, function, after=0):
        """The function's log so far, as lines."""
        reply = self.raw.request("GET", f"/_penstock/functions/{function}/logs?after={after}")
        assert reply.status == 200, reply
        return [line["text"] for line in reply.json()["lines"]]

    def audit(self):
        return json.loads(self.raw.request("GET", "/_penstock/audit").body)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0, "a graceful stop ends with 0"


@pytest.fixture(scope="session")
def server():
    running = Server("--limits", "off")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def limited():
    running = Server("--limits", "aws")
    yield running
    running.stop()


_numbers = itertools.count()


@pytest.fixture
def name(request):
    """A name no other test uses."""
    return f"t{next(_numbers)}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def account(server):
    """A Kinesis client of an account that nobody else uses, and the account."""
    number = f"{uuid.uuid4().int % 10**12:012d}"
    return server.client("kinesis", access_key=number), number


@pytest.fixture
def stream(server, name):
    """The name of a new stream with one shard on the server without limits."""
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


@pytest.fixture(scope="module")
def remotes():
    """Functions that run in the test's own process."""
    running = Remotes()
    yield running
    running.stop()
