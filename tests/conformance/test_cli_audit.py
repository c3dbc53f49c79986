"""`penstock audit`: what producers lost by not looking at FailedRecordCount, and what they made good."""

import json
import re

import pytest
from command import run
from conftest import Server, evidence
from kit import HOUR, iterator, put, refused, shard, until
from remote import Failure, Remotes, create_remote, text_of

RECOVERY_MS = 5 * 60_000


@pytest.fixture
def tight():
    """A server with AWS's limits whose verdict is the test's own."""
    running = Server("--limits", "aws")
    yield running
    running.stop()


@pytest.fixture
def orders(tight):
    tight.kinesis.create_stream(StreamName="orders", ShardCount=1)
    return "orders"


def lines(count):
    return [json.dumps({"key": f"k{number}", "filler": "x" * 10_000}) for number in range(count)]


def put_lines(server, stream, which, *flags):
    return run(server, "put", stream, "--key", "key", *flags, stdin="\n".join(which))


def entry(server, stream="orders"):
    [found] = [each for each in server.audit()["streams"] if each["stream"] == stream]
    return found


def stored_in(folder, durability="sync"):
    return Server("--data", str(folder), "--durability", durability, "--limits", "off")


def says_damaged(server, damaged):
    done = run(server, "audit", "--fail-on-loss")
    assert done.code == 3, done
    assert f"{damaged} damaged" in done.lines()[-1]
    return done


def producer(server):
    [row] = entry(server)["producers"]
    return row


def put_carelessly(server, stream, count=200):
    """Entries of 2 MB in one call to a shard that takes 1 MiB a second; those that were refused."""
    assert put_lines(server, stream, lines(count), "--retries", "0").code == 1
    lost = producer(server)["throttled"]
    assert 0 < lost < count
    return lost


@evidence("own", "nothing was lost: 0")
def test_a_server_without_records(tight):
    done = run(tight, "audit", "--fail-on-loss")
    assert done.code == 0
    assert done.lines() == [
        "What producers handed in", "No producer has put a record yet.", "",
        "What consumers made of it", "No mapping reads a stream.", "", "0 stored, 0 pending, 0 lost"]


@evidence("own", "--fail-on-loss is 3 when a refused entry was never sent again")
def test_a_careless_producer_is_found_out(tight, orders):
    lost = put_carelessly(tight, orders)
    waiting = run(tight, "audit", "--fail-on-loss")
    assert waiting.code == 0, "they may still be sent again"
    assert producer(tight)["waiting"] == lost
    tight.advance(RECOVERY_MS + 1)
    done = run(tight, "audit", "--fail-on-loss")
    assert done.code == 3, done
    assert run(tight, "audit").code == 0, "only when asked to fail"
    assert f"{200 - lost} stored, 0 pending, {lost} lost (0 dropped, 0 expired unread, 0 damaged, {lost} probably lost by their " \
           "producer, 0 unaccounted)" in done.out
    loss = done.lines()[done.lines().index("Refused and never sent again") + 3].split()
    assert loss[:5] == ["orders", "test", "penstock-cli", shard(0), str(lost)]


@evidence("own", "a producer that sends refused entries again loses nothing: 0")
def test_a_careful_producer_loses_nothing(tight, orders):
    assert put_lines(tight, orders, lines(180)).code == 0
    tight.advance(RECOVERY_MS + 1)
    done = run(tight, "audit", "--fail-on-loss")
    assert done.code == 0, done
    row = producer(tight)
    assert row["throttled"] > 0, "without a refusal this shows nothing"
    assert (row["stored"], row["probably_lost"], row["waiting"], row["unaccounted"]) == (180, 0, 0, 0)
    assert 0 < row["recovered"] <= row["throttled"]
    assert "180 stored, 0 pending, 0 lost" in done.out and "never sent again" not in done.out


@evidence("own", "each entry that was never sent again is named: by whom, for which shard, when")
def test_what_was_never_sent_again_is_named(tight, orders):
    before = tight.now_ms()
    lost = put_carelessly(tight, orders)
    after = tight.now_ms()
    tight.advance(RECOVERY_MS + 1)
    named = entry(tight)["probably_lost"]
    assert len(named) == lost == producer(tight)["probably_lost"]
    for each in named:
        assert (each["access_key"], each["address"], each["agent"]) == ("test", "127.0.0.1", "penstock-cli")
        assert each["shard"] == shard(0)
        assert before <= each["refused_at_ms"] <= after
    assert len({each["fingerprint"] for each in named}) == lost


@evidence("own", "an entry that is stored within the recovery time was not lost")
def test_what_is_stored_later_is_recovered(tight, orders):
    lost = put_carelessly(tight, orders)
    refused = lines(200)[-lost:]  # A shard takes a call's entries in their order until its second is spent.
    tight.advance(RECOVERY_MS - 60_000)
    put(tight.client("kinesis", access_key="AKIDOTHER"), orders, refused[0].encode(), key=json.loads(refused[0])["key"])
    rows = {row["access_key"]: row for row in entry(tight)["producers"]}
    assert (rows["test"]["recovered"], rows["test"]["waiting"]) == (0, lost), "that was another producer's"
    assert put_lines(tight, orders, refused).code == 0
    rows = {row["access_key"]: row for row in entry(tight)["producers"]}
    assert (rows["test"]["recovered"], rows["test"]["waiting"]) == (lost, 0)
    tight.advance(RECOVERY_MS + 1)
    assert run(tight, "audit", "--fail-on-loss").code == 0
    assert entry(tight)["probably_lost"] == []


@evidence("own", "after the recovery time it is too late")
def test_what_is_stored_too_late_stays_lost(tight, orders):
    lost = put_carelessly(tight, orders)
    tight.advance(RECOVERY_MS + 1)
    assert run(tight, "audit", "--fail-on-loss").code == 3
    line = lines(200)[-1]
    put(tight.kinesis, orders, line.encode(), key=json.loads(line)["key"])
    [cli] = [row for row in entry(tight)["producers"] if row["agent"] == "penstock-cli"]
    assert (cli["probably_lost"], cli["recovered"]) == (lost, 0)
    assert run(tight, "audit", "--fail-on-loss").code == 3


@evidence("own", "--json is the server's report as it is")
def test_the_report_as_json(tight, orders):
    put(tight.kinesis, orders, b"a")
    done = run(tight, "audit", "--json")
    printed, served = json.loads(done.out), tight.audit()
    assert abs(printed.pop("at_ms") - served.pop("at_ms")) < 60_000
    assert printed == served
    assert printed["verdict"]["stored"] == 1


@evidence("own", "a table a line for each producer and stream; one stream when it is named")
def test_the_table(tight, orders):
    tight.kinesis.create_stream(StreamName="clicks", ShardCount=1)
    put(tight.kinesis, orders, b"a", b"b")
    put(tight.kinesis, "clicks", b"c")
    done = run(tight, "audit")
    rows = {line.split()[0]: line.split()[1:] for line in done.lines() if line.startswith((orders, "clicks"))}
    assert rows[orders][0] == rows["clicks"][0] == "test"
    assert rows[orders][1].startswith("Boto3/")
    assert rows[orders][2:] == ["2", "2", "0", "0", "0", "0", "0", "0", "0"]
    assert rows["clicks"][2:] == ["1", "1", "0", "0", "0", "0", "0", "0", "0"]
    assert "3 stored, 0 pending, 0 lost" in done.out
    only = run(tight, "audit", "clicks")
    assert "clicks" in only.out and orders not in only.out


@pytest.fixture
def remotes():
    running = Remotes()
    yield running
    running.stop()


def consumer_rows(done):
    """Function -> the numbers of its line in the table of consumers."""
    lines = done.lines()
    begin = lines.index("What consumers made of it") + 1
    names = re.split(r"  +", lines[begin].strip())[3:]
    rows = {}
    for line in lines[begin + 2:]:
        cells = line.split()
        if len(cells) != len(names) + 3:
            continue
        rows[cells[1]] = {name: int(cell) for name, cell in zip(names, cells[3:])}
    return rows


@evidence("own", "what a mapping gave up without telling anybody is lost: 3; what lies in a queue is not")
def test_what_consumers_made_of_it(tight, orders, remotes):
    def picky(event, call):
        texts = [text_of(record) for record in event["Records"]]
        if "poison" in texts:
            raise Failure(texts)
    for each in ("careless", "careful"):
        create_remote(tight, each, remotes.add(each, picky))
    tight.sqs.create_queue(QueueName="failed")
    for each, queue in (("careless", []), ("careful", ["--on-failure", "failed"])):
        made = run(tight, "mapping", "create", "--stream", orders, "--function", each, "--batch-size", 1,
                   "--retries", 0, *queue)
        assert made.code == 0, made
    put(tight.kinesis, orders, b"good", b"poison", b"good")
    until(lambda: tight.audit()["verdict"]["pending"] == 0 and tight.audit()["verdict"]["dropped"] == 1)
    done = run(tight, "audit", "--fail-on-loss")
    assert done.code == 3, done
    assert done.lines()[-1] == (
        "3 stored, 0 pending, 1 lost (1 dropped, 0 expired unread, 0 damaged, 0 probably lost by their producer, 0 unaccounted)")
    rows = consumer_rows(done)
    assert (rows["careless"]["succeeded"], rows["careless"]["dropped"], rows["careless"]["delivered"]) == (2, 1, 0)
    assert (rows["careful"]["succeeded"], rows["careful"]["dropped"], rows["careful"]["delivered"]) == (2, 0, 1)
    assert all(row["stored"] == 3 and row["unaccounted"] == 0 for row in rows.values())


@evidence("own", "records that expired before a function had them are lost: 3")
def test_records_that_expired_unread_are_lost(tight, orders, remotes):
    create_remote(tight, "never", remotes.add("never"))
    assert run(tight, "mapping", "create", "--stream", orders, "--function", "never").code == 0
    [uuid] = [each["UUID"] for each in tight.functions.list_event_source_mappings()["EventSourceMappings"]]

    def state():
        return tight.functions.get_event_source_mapping(UUID=uuid)["State"]
    until(lambda: state() == "Enabled")
    tight.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    until(lambda: state() == "Disabled")
    put(tight.kinesis, orders, b"a", b"b")
    assert run(tight, "audit", "--fail-on-loss").code == 0, "they are pending"
    tight.advance(24 * HOUR + 1_000)
    tight.functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    until(lambda: tight.audit()["verdict"]["pending"] == 0)
    done = run(tight, "audit", "--fail-on-loss")
    assert done.code == 3, done
    assert "2 stored, 0 pending, 2 lost (0 dropped, 2 expired unread," in done.out


@evidence("own", "what the disk lost of a stream's records is lost, whoever reads them: 3")
def test_damaged_records_are_lost(tmp_path):
    first = stored_in(tmp_path)
    first.kinesis.create_stream(StreamName="orders", ShardCount=1)
    for each in range(100):
        put(first.kinesis, "orders", b"%d" % each)
    assert run(first, "audit", "--fail-on-loss").code == 0
    first.process.kill()
    first.process.wait()
    journal = tmp_path / "journal" / "0000000000000001.journal"
    block, commit = 4096, b"PSC1"
    content = journal.read_bytes()
    commits = [at for at in range(0, len(content), block) if content.startswith(commit, at)]
    with journal.open("r+b") as file:
        file.seek(commits[len(commits) // 2])
        file.write(b"\xff" * 64)
    second = stored_in(tmp_path)
    try:
        damaged = entry(second)["damaged"]
        assert damaged > 0
        assert second.audit()["verdict"]["damaged"] == damaged
        done = says_damaged(second, damaged)
        begin = done.lines().index("What the log has of them")
        assert done.lines()[begin + 3].split()[:1] + done.lines()[begin + 3].split()[3:4] == ["orders", str(damaged)]
    finally:
        second.stop()


@evidence("own", "what a reader finds damaged at rest is lost from then on: 3")
def test_records_found_damaged_by_a_reader_are_lost(tmp_path):
    running = stored_in(tmp_path)
    running.kinesis.create_stream(StreamName="orders", ShardCount=1)
    for _ in range(40):
        put(running.kinesis, "orders", b"x" * 100_000)
    segments = tmp_path / "segments"
    until(lambda: list(segments.glob("*.segment")))
    running.stop()
    with sorted(segments.glob("*.segment"))[0].open("r+b") as file:
        file.seek(1_000)
        file.write(b"\xff" * 64)
    running = stored_in(tmp_path)
    try:
        assert entry(running)["damaged"] == 0, "nobody has read them"
        code, _ = refused(running.kinesis.get_records,
                          ShardIterator=iterator(running.kinesis, "orders"))
        assert code == "InternalFailure"
        damaged = entry(running)["damaged"]
        assert 0 < damaged < 40
        says_damaged(running, damaged)
    finally:
        running.stop()


@evidence("own", "what a crash took from producers' books is stored and unattributed; nothing is lost: 0")
def test_a_crash_leaves_no_stored_record_unexplained(tmp_path):
    running = stored_in(tmp_path, durability="os")
    running.kinesis.create_stream(StreamName="orders", ShardCount=1)
    for life in range(3):
        put(running.kinesis, "orders", *[b"%d" % each for each in range(50)])
        running.process.kill()
        running.process.wait()
        running = stored_in(tmp_path, durability="os")
        found = entry(running)
        assert found["stored"] == (life + 1) * 50
        assert found["unattributed"] + sum(row["stored"] for row in found["producers"]) == found["stored"]
        assert found["unaccounted"] == 0
        assert run(running, "audit", "--fail-on-loss").code == 0
    running.stop()
    again = stored_in(tmp_path, durability="os")
    try:
        after = entry(again)
        assert (after["unattributed"], after["unaccounted"], after["producers"]) == (
            found["unattributed"], 0, found["producers"])
    finally:
        again.stop()


@evidence("own", "a server that does not answer is no verdict")
def test_without_a_server():
    done = run(None, "audit", "--fail-on-loss", "--endpoint-url", "http://127.0.0.1:1")
    assert done.code == 1 and "no answer from http://127.0.0.1:1" in done.err
