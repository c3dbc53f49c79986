"""The Kinesis Client Library 3: 20,000 records through a split and a merge, leases in a DynamoDB of moto."""

import collections
import pathlib
import queue
import subprocess
import sys
import threading
import time

import boto3
import pytest

import maven
import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent
MOTO = stand.BUILD / "moto"
RECORDS, KEYS = 20_000, 200


@pytest.fixture(scope="module")
def dynamodb(tmp_path_factory):
    """The address of a DynamoDB, in memory. moto serves CloudWatch at the same one."""
    stamp, wanted = MOTO / ".of-these-requirements", (SOURCES / "requirements.txt").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != wanted:
        story.built([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade",
                     "--target", str(MOTO), "--requirement", str(SOURCES / "requirements.txt")], "moto")
        stamp.write_bytes(wanted)
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("w") as writing:
        serving = subprocess.Popen([sys.executable, str(SOURCES / "dynamodb.py"), str(MOTO)], stdout=subprocess.PIPE,
                                   stderr=writing, text=True)
    url = serving.stdout.readline().strip()
    assert url.startswith("http://"), log.read_text()
    yield url
    serving.terminate()
    serving.wait(timeout=30)
    serving.stdout.close()


class Application:
    """A running worker and what it said so far."""

    def __init__(self, server, dynamodb, stream, mode):
        classpath = maven.classpath(SOURCES, "the Kinesis Client Library")
        self.name = f"{stream}-{mode}"
        self.errors = stand.BUILD / "kcl" / f"{self.name}.log"
        environment = stand.environment(server) | {
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb, "AWS_ENDPOINT_URL_CLOUDWATCH": dynamodb}
        with self.errors.open("w") as writing:
            self.process = subprocess.Popen(
                ["java", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", classpath, "penstock.Application",
                 self.name, stream, *mode.split("-")],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, text=True)
        self.events, self.seen, self.ended = [], collections.Counter(), set()
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n").split("\t"))
        self.lines.put(None)

    def until(self, condition, seconds=120):
        """Takes events in until the condition holds of them."""
        deadline = time.monotonic() + seconds
        while not condition():
            try:
                event = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                event = None
            assert event is not None, f"{len(self.seen)} records, ended {self.ended}; the worker said: {self.said()}"
            self.events.append(event)
            if event[0] == "record":
                self.seen[tuple(event[2:4])] += 1
            elif event[0] == "ended":
                self.ended.add(event[1])

    def said(self):
        return self.errors.read_text()[-6000:]

    def stop(self):
        self.process.stdin.close()
        self.until(lambda: self.events and self.events[-1] == ["stopped"])
        assert self.process.wait(timeout=30) == 0

    def end(self):
        self.process.kill()
        self.process.wait()


class Producer:
    """Numbered records of many keys; what is refused is sent again until all is in."""

    def __init__(self, server, kinesis, stream):
        self.server, self.kinesis, self.stream = server, kinesis, stream
        self.sent = 0

    def put(self, count):
        # Each key once in a batch: what is sent again comes before the key's next record.
        for first in range(self.sent, self.sent + count, KEYS):
            entries = [{"PartitionKey": f"key-{n % KEYS}", "Data": b"%d" % (n // KEYS)} for n in range(first, first + KEYS)]
            while entries:
                results = self.kinesis.put_records(StreamName=self.stream, Records=entries)["Records"]
                entries = [entry for entry, result in zip(entries, results, strict=True) if "ErrorCode" in result]
                if entries:
                    self.server.advance(1_000)
        self.sent += count


# How records are had, and the protocol of the client's requests.
MODES = ["polling-h1", "polling-h2", "fanout-h2"]


@pytest.fixture(scope="module")
def runs(server, dynamodb):
    """The whole run: records, a split, records, a merge, records, with an application of each mode at it from the start.

    All at once, since each of them first waits up to half a minute by itself, lest workers that start together ask together.
    """
    aws = dict(region_name=stand.REGION, aws_access_key_id=server.key.access_key,
               aws_secret_access_key=server.key.secret_key)
    kinesis = boto3.client("kinesis", endpoint_url=server.url, **aws)
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    applications = {mode: Application(server, dynamodb, "orders", mode) for mode in MODES}

    def when(condition):
        for application in applications.values():
            application.until(lambda: condition(application))

    try:
        producer = Producer(server, kinesis, "orders")
        producer.put(8_000)
        when(lambda application: len(application.seen) > 4_000)
        kinesis.split_shard(StreamName="orders", ShardToSplit=story.shard(0), NewStartingHashKey=str(story.QUARTER))
        producer.put(6_000)
        when(lambda application: len(application.seen) > 12_000)
        kinesis.merge_shards(StreamName="orders", ShardToMerge=story.shard(3), AdjacentShardToMerge=story.shard(1))
        producer.put(6_000)
        when(lambda application: len(application.seen) == RECORDS and len(application.ended) == 3)
        for application in applications.values():
            application.stop()
    finally:
        for application in applications.values():
            application.end()
    tables = boto3.client("dynamodb", endpoint_url=dynamodb, **aws)
    for application in applications.values():
        leases = tables.scan(TableName=application.name)["Items"]
        application.leases = {item["leaseKey"]["S"]: item for item in leases if "checkpoint" in item}
    return applications


@pytest.fixture(params=MODES)
def run(request, runs):
    return runs[request.param]


def test_every_record_is_seen(run):
    assert set(run.seen) == {(f"key-{n % KEYS}", str(n // KEYS)) for n in range(RECORDS)}


def test_each_keys_records_come_in_order(run):
    numbers = collections.defaultdict(list)
    for what, *words in run.events:
        if what == "record":
            numbers[words[1]].append(int(words[2]))
    # One that comes again, as after a lost lease, is no record out of order.
    firsts = {key: list(dict.fromkeys(each)) for key, each in numbers.items()}
    assert [key for key, each in firsts.items() if each != sorted(each)] == []


def test_parents_end_before_their_children_start(run):
    at = {}
    for number, (what, *words) in enumerate(run.events):
        if what in ("started", "ended"):
            at.setdefault((what, words[0]), number)
    assert {each for what, each in at if what == "started"} == {story.shard(n) for n in range(5)}
    parents = {story.shard(2): [story.shard(0)], story.shard(3): [story.shard(0)], story.shard(4): [story.shard(1), story.shard(3)]}
    assert [(child, parent) for child, each in parents.items() for parent in each
            if at["ended", parent] > at["started", child]] == []


def test_closed_shards_are_checkpointed_to_their_end(run):
    ends = {key: lease["checkpoint"]["S"] for key, lease in run.leases.items()}
    # A parent's lease goes when its children are under way.
    assert {ends[each] for each in ends if each in (story.shard(0), story.shard(1), story.shard(3))} <= {"SHARD_END"}
    assert all(ends[each].isdigit() for each in (story.shard(2), story.shard(4)))
