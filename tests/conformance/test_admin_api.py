"""The server's own interface: health, clock, audit."""

import json

import pytest
from conftest import ACCOUNT, REGION, Server, evidence
from kit import HOUR, iterator, put, until


# --- Health -----------------------------------------------------------------------------------------


@evidence("E", "tools ask this path whether an emulator is up, and which services")
@pytest.mark.parametrize("path", ["/_localstack/health", "/_penstock/health"])
def test_health_names_the_services(server, path):
    reply = server.raw.request("GET", path)
    assert (reply.status, reply.header("content-type")) == (200, "application/json")
    health = reply.json()
    assert health["services"] == {"kinesis": "available", "lambda": "available", "sqs": "available"}
    assert health["edition"] == "penstock"
    assert f"penstock {health['version']} " in server.ready_line
    assert f'sandbox="{health["function_sandbox"]}"' in server.ready_line
    assert (f'disk="{health["disk"]}"' in server.ready_line) == ("page cache" in health["disk"])


@evidence("own", "what is not there is not there")
@pytest.mark.parametrize("method, path", [("GET", "/_penstock/nothing"), ("POST", "/_penstock/health"),
                                          ("DELETE", "/_penstock/clock"), ("PUT", "/_penstock/audit")])
def test_a_path_or_method_that_is_not_there(server, method, path):
    assert 400 <= server.raw.request(method, path).status < 500


# --- Clock ------------------------------------------------------------------------------------------


@evidence("own", "whoever sends no JSON is told what is expected")
@pytest.mark.parametrize("body", [b"garbage", b"[]", b"1"])
def test_a_body_that_is_no_object(server, body):
    reply = server.raw.request("POST", "/_penstock/clock", body)
    assert (reply.status, reply.json()["message"]) == (
        400, "The body is not a JSON object; docs/reference/admin.md has its members.")


def clock(server, body=None):
    method = "GET" if body is None else "POST"
    return server.raw.request(method, "/_penstock/clock", b"" if body is None else json.dumps(body))


@evidence("own", "the service clock is the wall clock and what it was advanced by")
def test_the_clock_is_advanced(server):
    before = clock(server).json()
    after = clock(server, {"advance_ms": HOUR}).json()
    assert after["offset_ms"] == before["offset_ms"] + HOUR
    assert after["now_ms"] >= before["now_ms"] + HOUR
    assert clock(server).json()["offset_ms"] == after["offset_ms"]
    assert clock(server, {"advance_ms": 0}).json()["offset_ms"] == after["offset_ms"]


@evidence("own", "never back, never past what any retention needs")
@pytest.mark.parametrize("body", [{"advance_ms": -1}, {"advance_ms": 401 * 24 * HOUR}, {"advance_ms": None}, {}])
def test_an_advance_that_cannot_be(server, body):
    before = clock(server).json()
    reply = clock(server, body)
    assert (reply.status, reply.header("x-amzn-errortype")) == (400, "ValidationException")
    assert "advance_ms" in reply.json()["message"]
    assert clock(server).json()["offset_ms"] == before["offset_ms"]


@evidence("own", "a body that cannot be read changes nothing")
@pytest.mark.parametrize("body", [b"", b"{", b'{"advance_ms": "soon"}', b"[1]"])
def test_an_advance_that_cannot_be_read(server, body):
    before = clock(server).json()
    reply = server.raw.request("POST", "/_penstock/clock", body)
    assert reply.status == 400
    assert clock(server).json()["offset_ms"] == before["offset_ms"]


@evidence("own", "only a server started with --dev lets its clock be advanced")
def test_without_dev_the_clock_is_the_wall_clock():
    plain = Server("--limits", "off", dev=False)
    try:
        assert "dev" not in plain.ready_line.split("sandbox=")[1].split('"')[2]
        reply = clock(plain, {"advance_ms": 1})
        assert (reply.status, reply.header("x-amzn-errortype")) == (403, "Forbidden")
        assert reply.json()["message"] == "the clock of this server cannot be advanced; start it with --dev"
        assert clock(plain).json()["offset_ms"] == 0
    finally:
        plain.stop()


@evidence("own", "what was stored at an advanced time must not lie in the future after a restart")
def test_the_advance_survives_a_restart(tmp_path):
    def start():
        return Server("--data", str(tmp_path), "--durability", "os")
    first = start()
    first.advance(HOUR)
    first.advance(HOUR)
    first.stop()
    second = start()
    try:
        assert clock(second).json()["offset_ms"] == 2 * HOUR
        second.advance(1)
        assert clock(second).json()["offset_ms"] == 2 * HOUR + 1
    finally:
        second.stop()


@evidence("own", "arrival times are of the service clock")
def test_records_arrive_at_the_advanced_time(server, stream):
    server.advance(HOUR)
    now = server.now_ms()
    put(server.kinesis, stream, b"a")
    [record] = server.kinesis.get_records(ShardIterator=iterator(server.kinesis, stream))["Records"]
    assert now <= record["ApproximateArrivalTimestamp"].timestamp() * 1000 <= server.now_ms()


# --- Audit ------------------------------------------------------------------------------------------


def entry_of(server, stream):
    [found] = [each for each in server.audit()["streams"] if each["stream"] == stream]
    return found


@evidence("own", "a stream nobody has put into, and one that was put into")
def test_the_audit_counts_entries_by_producer(server, stream):
    other = server.client("kinesis", access_key="AKIDOTHER")
    put(server.kinesis, stream, b"a", b"b")
    put(other, stream, b"c")
    found = entry_of(server, stream)
    assert (found["account"], found["region"], found["exists"], found["stored"]) == (ACCOUNT, REGION, True, 3)
    rows = {row["access_key"]: row for row in found["producers"]}
    assert {key: (row["received"], row["stored"]) for key, row in rows.items()} == {"test": (2, 2), "AKIDOTHER": (1, 1)}
    for row in rows.values():
        assert row["address"] == "127.0.0.1" and row["agent"].startswith("Boto3/")
        assert all(row[count] == 0 for count in ("throttled", "rejected", "failed", "probably_lost", "unaccounted"))


@evidence("own", "entries of a call that is refused as a whole are rejected, not lost")
def test_refused_calls_are_rejected(server, stream):
    records = [{"Data": "YQ==", "PartitionKey": "k" * 257}, {"Data": "YQ==", "PartitionKey": "k"}]
    assert server.raw.error("PutRecords", {"StreamName": stream, "Records": records})[0] == "ValidationException"
    [row] = entry_of(server, stream)["producers"]
    assert (row["received"], row["rejected"], row["stored"]) == (2, 2, 0)
    assert (row["probably_lost"], row["unaccounted"]) == (0, 0)


@evidence("own", "a deleted stream's producers are still answered for")
def test_a_deleted_stream_stays_in_the_audit(server, stream):
    put(server.kinesis, stream, b"a")
    server.kinesis.delete_stream(StreamName=stream)
    found = until(lambda: not entry_of(server, stream)["exists"] and entry_of(server, stream))
    assert [row["stored"] for row in found["producers"]] == [1]


@evidence("own", "producers' rows are stored once a second and at the stop")
def test_the_audit_survives_a_restart(tmp_path):
    def start():
        return Server("--data", str(tmp_path), "--durability", "os")
    first = start()
    first.kinesis.create_stream(StreamName="orders", ShardCount=1)
    put(first.kinesis, "orders", b"a", b"b")
    before = entry_of(first, "orders")
    first.stop()
    second = start()
    try:
        after = entry_of(second, "orders")
        assert (after["stored"], after["producers"]) == (2, before["producers"])
        put(second.kinesis, "orders", b"c")
        assert [row["stored"] for row in entry_of(second, "orders")["producers"]] == [3]
    finally:
        second.stop()


@evidence("own", "the verdict is the sum over what the streams say")
def test_the_verdict_adds_up(server, stream):
    put(server.kinesis, stream, b"a")
    report = server.audit()
    verdict = report["verdict"]
    assert report["at_ms"] <= server.now_ms()
    assert verdict["stored"] == sum(each["stored"] for each in report["streams"])
    assert verdict["lost"] == sum(verdict[part] for part in ("dropped", "expired_unread", "damaged", "probably_lost",
                                                       "unaccounted"))
    assert verdict["unaccounted"] == 0
