"""The AWS SDK for Java 2, which speaks CBOR to Kinesis unless told otherwise."""

import hashlib
import pathlib
import subprocess

import pytest

import maven
import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent
CBOR = "application/x-amz-cbor-1.1"


@pytest.fixture(scope="module")
def classpath():
    return maven.classpath(SOURCES, "the AWS SDK for Java")


class Told(story.Told):
    """What the program said, and the folder with what went over the wire."""

    def __init__(self, output, wire):
        super().__init__(output)
        self.wire = wire

    def wired(self, operation, way):
        """The bodies and content types of an operation's requests or responses, in order."""
        return [(path.read_bytes(), path.with_name(path.name + ".type").read_text())
                for path in sorted(self.wire.glob(f"*-{operation}.{way}"))]


@pytest.fixture(scope="module")
def told(server, classpath, tmp_path_factory):
    """The program's run: once, since a virtual machine takes a while to start."""
    wire = tmp_path_factory.mktemp("wire")
    function_zip = wire / "function.zip"
    function_zip.write_bytes(stand.package("app.py", stand.FUNCTION))
    before = server.admin("GET", "/_penstock/clock")["now_ms"]
    run = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, "penstock.Story", "orders", "orders-seen",
         stand.ROLE, str(function_zip), str(wire)],
        env=stand.environment(server), capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stdout + run.stderr
    told = Told(run.stdout, wire)
    told.times = before, server.admin("GET", "/_penstock/clock")["now_ms"]
    return told


def test_a_batch_is_refused_in_part_and_taken_on_the_second_try(told):
    assert told.facts["failed"] == [["1"], ["0"]]
    assert told.facts["refused"] == [
        ["key-3", "ProvisionedThroughputExceededException", stand.throttled("orders")]]


def test_everything_is_read_back(told):
    assert {key: (int(size), digest) for key, size, digest, _ in told.facts["record"]} == {
        key: (len(data), hashlib.sha256(data).hexdigest()) for key, data in stand.RECORDS.items()}
    assert len(told.facts["record"]) == len(stand.RECORDS)


def test_the_function_sees_every_record(server, told):
    [[uuid, state, modified]] = told.facts["mapping"]
    assert state == "Creating"
    assert told.times[0] <= int(modified) <= told.times[1]
    server.wait_seen("orders-seen")


OPERATIONS = ["CreateStream", "DescribeStreamSummary", "PutRecords", "PutRecord", "GetShardIterator", "GetRecords"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_speaks_cbor_and_is_answered_in_cbor(told, operation):
    requests, responses = told.wired(operation, "request"), told.wired(operation, "response")
    assert requests
    assert {kind for _, kind in requests} == {CBOR}
    assert {kind for body, kind in responses if body} <= {CBOR}
    assert operation == "CreateStream" or any(body for body, _ in responses)


def timestamps_in(body, member):
    """The values of a member of a CBOR body, each of which must be tag 1 and an integer of eight bytes."""
    values, at = [], body.find(member.encode())
    while at >= 0:
        at += len(member)
        assert body[at:at + 2] == b"\xc1\x1b", body[at:at + 12].hex()
        values.append(int.from_bytes(body[at + 2:at + 10], "big"))
        at = body.find(member.encode(), at)
    return values


def test_timestamps_are_integer_milliseconds_both_ways(told):
    arrivals = [int(arrival) for *_, arrival in told.facts["record"]]
    assert all(told.times[0] <= arrival <= told.times[1] for arrival in arrivals)
    assert arrivals[-1] - arrivals[0] >= 1_000, "the refused one came a second of the service clock later"
    first_page = told.wired("GetRecords", "response")[0][0]
    assert timestamps_in(first_page, "ApproximateArrivalTimestamp") == arrivals

    at_timestamp = [body for body, _ in told.wired("GetShardIterator", "request") if b"AT_TIMESTAMP" in body]
    assert [timestamps_in(body, "Timestamp") for body in at_timestamp] == [[arrivals[-1]]]
    assert told.facts["since"] == [["key-3"]]


def test_errors_arrive_as_exceptions_of_their_own(told):
    missing, expired, refused, no_function, twice = told.facts["caught"]
    assert missing == ["ResourceNotFoundException", "400",
                       f"Stream nowhere under account {stand.ACCOUNT} not found."]
    assert expired[:2] == ["ExpiredIteratorException", "400"]
    assert expired[2].startswith("Iterator expired.")
    assert refused == ["ProvisionedThroughputExceededException", "400", stand.throttled("orders-full")]
    assert no_function == ["ResourceNotFoundException", "404",
                           f"Function not found: {stand.function_arn('nobody')}"]
    assert twice == ["ResourceConflictException", "409", "Function already exist: orders-seen"]
