"""`penstock put` and `penstock tail`."""

import contextlib
import json
import subprocess
import threading

import pytest
from command import run, started
from conftest import ACCOUNT, REGION, Server, evidence
from kit import data_of, iterator, merge, put, read, shard, shards_of, split_in_the_middle, stream_arn, until


@pytest.fixture
def tight():
    """A server with AWS's limits that nobody else puts into."""
    running = Server("--limits", "aws")
    yield running
    running.stop()


def texts(server, stream, **more):
    return [data.decode() for data in data_of(read(server.kinesis, stream, **more))]


# --- put --------------------------------------------------------------------------------------------


@evidence("own", "a line, a record; empty lines are none")
def test_the_lines_of_standard_input_become_records(server, stream):
    done = run(server, "put", stream, stdin="one\ntwo\n\ngrüße\nlast without newline")
    assert done.code == 0, done
    assert done.out.startswith("4 entries: 4 stored, 0 failed; 0 refusals retried, ")
    assert texts(server, stream) == ["one", "two", "grüße", "last without newline"]


@evidence("own", "a stream by its ARN, as everywhere")
def test_a_stream_by_its_arn(server, stream):
    done = run(server, "put", stream_arn(stream), stdin="one\ntwo\n")
    assert (done.code, texts(server, stream)) == (0, ["one", "two"]), done
    done = run(server, "tail", stream_arn(stream), "--from", "horizon", "--limit", "2")
    assert [line.split()[-1] for line in done.lines()] == ["one", "two"], done


@evidence("own", "a CA file that is none is named")
def test_a_ca_file_that_is_not_there(server, stream, tmp_path):
    missing = tmp_path / "ca.pem"
    done = run(server, "put", stream, "--endpoint-url", f"https://127.0.0.1:{server.port}", "--ca-file", missing, stdin="one\n")
    assert done.code == 2 and done.err.startswith(f"penstock: the CA file {missing} cannot be read"), done


@evidence("own", "--file, and --key names the member that is the partition key")
def test_a_member_of_each_line_is_its_partition_key(server, stream, tmp_path):
    lines = [json.dumps(line) for line in ({"customer": "a", "n": 1}, {"customer": 7, "n": 2}, {"customer": True})]
    file = tmp_path / "orders.ndjson"
    file.write_text("\n".join(lines) + "\n")
    done = run(server, "put", stream, "--file", file, "--key", "customer")
    assert done.code == 0, done
    assert [(each["PartitionKey"], each["Data"].decode()) for each in read(server.kinesis, stream)] == [
        ("a", lines[0]), ("7", lines[1]), ("true", lines[2])]


@evidence("own", "an input that cannot be used stores nothing")
@pytest.mark.parametrize("lines, problem", [
    ('{"customer":"a"}\nno json\n', '-:2 is not a JSON object, so it has no member "customer" to be its partition key'),
    ('{"customer":"a"}\n{"other":1}\n', '-:2 has no member "customer" to be its partition key'),
    ('{"customer":null}\n', '-:1 has no member "customer" to be its partition key'),
])
def test_a_line_without_its_key(server, stream, lines, problem):
    done = run(server, "put", stream, "--key", "customer", stdin=lines)
    assert (done.code, done.out, done.err) == (2, "", f"penstock: {problem}\n")
    assert texts(server, stream) == []


@evidence("own", "what went wrong is said in one sentence")
def test_a_put_that_cannot_be(server, stream, name, tmp_path):
    missing = tmp_path / "no-such-file"
    done = run(server, "put", stream, "--file", missing)
    assert (done.code, done.err) == (2, f"penstock: cannot read {missing}\n")
    done = run(server, "put", name + "-no", stdin="a\n")
    assert (done.code, done.err) == (
        1, f"penstock: ResourceNotFoundException: Stream {name}-no under account {ACCOUNT} not found.\n")
    done = run(None, "put", stream, "--endpoint-url", "http://127.0.0.1:1", stdin="a\n")
    assert done.code == 1
    assert done.err.startswith("penstock: no answer from http://127.0.0.1:1: ") and "penstock serve" in done.err
    assert run(server, "put").code == 2
    assert run(server, "put", stream, "--retries", "-1", stdin="a\n").code == 2


@evidence("own", "500 entries and 5 MiB are a call")
def test_many_lines_go_in_as_few_calls_as_can_be(server, stream, tmp_path):
    sent = [f"line {number}" for number in range(1_201)]
    done = run(server, "put", stream, "--file", file_of(tmp_path, sent))
    assert done.out == "1,201 entries: 1,201 stored, 0 failed; 0 refusals retried, 3 calls, 0 of them partly refused\n"
    assert texts(server, stream) == sent


def file_of(folder, lines):
    file = folder / "lines"
    file.write_text("".join(line + "\n" for line in lines))
    return file


TOO_LARGE = "is larger than a record of this stream may be"


@evidence("own", "a line that no record can hold fails alone, by its name")
def test_a_line_that_is_too_large(server, stream, tmp_path):
    lines = [f"line {number}" for number in range(700)] + ["x" * 1_200_000] + [f"{number}" for number in range(101)]
    file = file_of(tmp_path, lines)
    done = run(server, "put", stream, "--file", file)
    assert (done.code, done.out, done.err) == (
        1, "802 entries: 801 stored, 1 failed; 0 refusals retried, 2 calls, 0 of them partly refused\n",
        f"penstock: {file}:701 {TOO_LARGE} (1048576 bytes with its key)\n")
    assert texts(server, stream) == lines[:700] + lines[701:]


@evidence("own", "nor into an envelope")
def test_a_line_that_is_too_large_to_be_packed(server, stream):
    done = run(server, "put", stream, "--aggregate", stdin="one\n\n" + "x" * 1_048_577 + "\ntwo\n")
    assert (done.code, done.err) == (1, f"penstock: -:3 {TOO_LARGE} (1048576 bytes with its key)\n")
    assert " 1 failed; " in done.lines()[-1]
    assert run(server, "tail", stream, "--from", "horizon", "--no-follow").lines() == ["one", "two"]


@evidence("own", "the stream says how large its records may be, and the key counts")
def test_as_large_as_the_stream_takes(server, name, tmp_path):
    server.kinesis.create_stream(StreamName=name, MaxRecordSizeInKiB=2048, ShardCount=1)
    most = 2048 * 1024 - len("{\"k\":\"key\",\"f\":\"\"}key")
    lines = [json.dumps({"k": "key", "f": "x" * size}, separators=(",", ":")) for size in (most, most + 1, 1_048_576)]
    file = file_of(tmp_path, lines)
    done = run(server, "put", name, "--key", "k", "--file", file)
    assert done.err == f"penstock: {file}:2 {TOO_LARGE} (2097152 bytes with its key)\n"
    assert texts(server, name) == [lines[0], lines[2]]


@evidence("own", "a file of nothing else")
def test_no_line_is_small_enough(server, stream):
    done = run(server, "put", stream, stdin="x" * 1_200_000)
    assert (done.code, done.out) == (
        1, "1 entries: 0 stored, 1 failed; 0 refusals retried, 0 calls, 0 of them partly refused\n"), done


@evidence("own", "what comes through a pipe is put as it comes")
@pytest.mark.parametrize("flags", [[], ["--aggregate"]])
def test_a_pipe_that_stays_open(server, stream, flags):
    with started(server, "put", stream, *flags, stdin=subprocess.PIPE) as putting:
        putting.write("first\n")
        until(lambda: texts(server, stream) == ["first"])
        putting.write("second\nthe thi")
        until(lambda: texts(server, stream) == ["first", "second"])
        assert putting.process.poll() is None
        putting.write("rd\n\n")
        until(lambda: texts(server, stream)[2:] == ["the third"])
        putting.write("last")
        putting.close()
        assert putting.wait() == 0
        if flags:
            assert putting.line() == "4 records in 0 envelopes and 4 plain records"
        assert putting.line() == "4 entries: 4 stored, 0 failed; 0 refusals retried, 4 calls, 0 of them partly refused"
    assert texts(server, stream)[3:] == ["last"]


@evidence("own", "shards are asked for again when the stream was changed behind an open pipe")
def test_a_pipe_through_a_reshard(server, stream):
    with started(server, "put", stream, "--aggregate", stdin=subprocess.PIPE) as putting:
        def passes(lines):
            putting.write("".join(line + "\n" for line in lines))
            stored = until(lambda: sorted(tail_of(server, stream)) == sorted(wanted + lines))
            wanted.extend(lines)
            return stored
        wanted = []
        passes([f"a{number}" for number in range(50)])
        split_in_the_middle(server.kinesis, stream)
        passes([f"b{number}" for number in range(50)])
        passes([f"c{number}" for number in range(50)])
        putting.close()
        assert putting.wait() == 0
        assert "; 50 sent again, because the stream was changed meanwhile" in putting.line()


def tail_of(server, stream):
    return run(server, "tail", stream, "--from", "horizon", "--no-follow").lines()


@evidence("own", "what was put before a line that cannot be is still said")
def test_a_pipe_with_a_line_without_its_key(server, stream):
    with started(server, "put", stream, "--key", "k", stdin=subprocess.PIPE, stderr=subprocess.PIPE) as putting:
        putting.write('{"k":1}\n')
        until(lambda: len(texts(server, stream)) == 1)
        with contextlib.suppress(BrokenPipeError):
            putting.write("{}\n")
        assert putting.wait() == 2
        assert putting.line().startswith("1 entries: 1 stored, 0 failed; ")
        assert putting.process.stderr.read() == 'penstock: -:2 has no member "k" to be its partition key\n'


@evidence("own", "what was stored before the stream was gone is still said")
def test_a_stream_that_goes_while_a_pipe_is_open(server, stream):
    with started(server, "put", stream, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as putting:
        putting.write("one\n")
        until(lambda: texts(server, stream) == ["one"])
        server.kinesis.delete_stream(StreamName=stream)
        putting.write("two\n")
        assert putting.wait() == 1
        assert putting.line().startswith("2 entries: 1 stored, 1 failed; ")
        assert putting.process.stderr.read().startswith("last refusal: ResourceNotFoundException: ")


def large_lines(count):
    """Ten of them are 100 kB: the 1 MiB/s of a shard are spent by about a hundred."""
    return [json.dumps({"key": f"k{number}", "filler": "x" * 10_000}) for number in range(count)]


@evidence("own", "only refused entries are sent again, until all are stored once")
def test_refused_entries_are_sent_again(tight, name):
    tight.kinesis.create_stream(StreamName=name, ShardCount=1)
    lines = large_lines(180)
    done = run(tight, "put", name, "--key", "key", stdin="\n".join(lines))
    assert done.code == 0, done
    words = done.out.replace(",", "").split()
    assert words[:5] == ["180", "entries:", "180", "stored", "0"], done.out
    refusals, calls = int(words[words.index("refusals") - 1]), int(words[words.index("calls") - 1])
    assert refusals > 0 and calls > 1, "without a refusal this shows nothing"
    stored = texts(tight, name)
    assert sorted(stored) == sorted(lines), "each once"
    [row] = [row for each in tight.audit()["streams"] for row in each["producers"]]
    assert (row["received"], row["stored"], row["throttled"]) == (180 + refusals, 180, refusals)
    assert 0 < row["recovered"] <= refusals, "an entry may be refused more than once"


@evidence("own", "--retries 0 is the producer that does not look at FailedRecordCount")
def test_a_careless_put_loses_what_was_refused(tight, name, tmp_path):
    tight.kinesis.create_stream(StreamName=name, ShardCount=1)
    done = run(tight, "put", name, "--key", "key", "--retries", "0",
               "--file", file_of(tmp_path, large_lines(300)))
    assert done.code == 1
    words = done.out.replace(",", "").split()
    stored, failed = int(words[words.index("stored") - 1]), int(words[words.index("failed;") - 1])
    assert stored + failed == 300 and failed > 0
    assert done.out.endswith("0 refusals retried, 1 calls, 1 of them partly refused\n")
    assert f"last refusal: ProvisionedThroughputExceededException: Rate exceeded for shard {shard(0)}" in done.err
    assert "With --retries 0 refused entries are gone. `penstock audit` names them." in done.err
    assert len(texts(tight, name)) == stored


# --- tail -------------------------------------------------------------------------------------------


@evidence("own", "every shard from the oldest record on, then it stops")
def test_all_shards_are_printed(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    server.kinesis.put_records(StreamName=name, Records=[
        {"Data": str(number).encode(), "PartitionKey": str(number)} for number in range(40)])
    done = run(server, "tail", name, "--from", "horizon", "--no-follow")
    assert done.code == 0, done
    assert sorted(map(int, done.lines())) == list(range(40))


@evidence("own", "--limit, --verbose")
def test_a_limit_and_what_is_beside_a_record(server, stream):
    numbers = put(server.kinesis, stream, b"a", b"b", b"c", key="the key")
    done = run(server, "tail", stream, "--from", "horizon", "--limit", "2", "--verbose")
    assert done.lines() == [f"{shard(0)} {numbers[0]} the key a", f"{shard(0)} {numbers[1]} the key b"]


@evidence("own", "a limit that is none")
@pytest.mark.parametrize("limit", ["-1", "1000000001", "many"])
def test_a_limit_that_cannot_be(server, stream, limit):
    done = run(server, "tail", stream, f"--limit={limit}")
    assert (done.code, done.out) == (2, "")
    assert f"--limit: Value {limit} not in range 0 to 1000000000\n" in done.err


@evidence("own", "--from a time")
def test_from_a_moment_on(server, stream):
    put(server.kinesis, stream, b"old")
    server.advance(10_000)
    moment = server.now_ms()
    put(server.kinesis, stream, b"new")
    # Whole seconds: the one after the moment may lie behind the record, the one of it cannot.
    done = run(server, "tail", stream, "--from", str(moment // 1000), "--no-follow")
    assert done.lines() == ["new"]


@evidence("own", "records that come later are printed as they come")
def test_it_follows(server, stream):
    put(server.kinesis, stream, b"before")
    with started(server, "tail", stream, "--from", "horizon") as tail:
        assert tail.line() == "before"
        put(server.kinesis, stream, b"after")
        assert tail.line() == "after"
        assert tail.process.poll() is None


@evidence("own", "children are read when their parents have ended, so that a key's order stays")
def test_it_follows_a_split_and_a_merge(server, stream):
    with started(server, "tail", stream, "--from", "horizon", "--limit", "9") as tail:
        put(server.kinesis, stream, b"0", b"1", b"2")
        assert tail.lines(3) == ["0", "1", "2"]
        split_in_the_middle(server.kinesis, stream)
        put(server.kinesis, stream, b"3", b"4", b"5")
        assert tail.lines(3) == ["3", "4", "5"]
        children = [each for each in shards_of(server.kinesis, stream) if each != shard(0)]
        merge(server.kinesis, stream, *children)
        put(server.kinesis, stream, b"6", b"7", b"8")
        assert tail.lines(3) == ["6", "7", "8"]
        assert tail.wait() == 0


@evidence("own", "also when the reshards happened before it was started")
def test_it_reads_through_reshards_of_the_past(server, stream):
    put(server.kinesis, stream, b"0")
    split_in_the_middle(server.kinesis, stream)
    put(server.kinesis, stream, b"1")
    merge(server.kinesis, stream, shard(1), shard(2))
    put(server.kinesis, stream, b"2")
    done = run(server, "tail", stream, "--from", "horizon", "--no-follow")
    assert done.lines() == ["0", "1", "2"]


@evidence("own", "the limits of a shard are waited out")
def test_it_shares_a_shard_s_reads(tight, name):
    tight.kinesis.create_stream(StreamName=name, ShardCount=1)
    put(tight.kinesis, name, *[str(number).encode() for number in range(10)])
    may_end = threading.Event()

    def read_greedily():
        at = iterator(tight.kinesis, name, "LATEST")
        left = 200
        while left > 0:
            try:
                at = tight.kinesis.get_records(ShardIterator=at)["NextShardIterator"]
            except tight.kinesis.exceptions.ProvisionedThroughputExceededException:
                refusals.append(1)
                left -= may_end.is_set()
    refusals = []
    other = threading.Thread(target=read_greedily)
    other.start()
    until(lambda: refusals)
    with started(tight, "tail", name, "--from", "horizon", "--limit", "10") as tail:
        may_end.set()
        assert tail.lines(10) == [str(number) for number in range(10)]
        assert tail.wait() == 0
    other.join()


@evidence("own", "what went wrong is said in one sentence")
@pytest.mark.parametrize("start", ["yesterday", "-15", "-", "1x", "-1y"])
def test_a_start_that_is_none(server, stream, start):
    done = run(server, "tail", stream, f"--from={start}")
    assert done.code == 2 and done.out == ""
    assert done.err.startswith("penstock: ") and done.err.count("\n") == 1, done.err


@evidence("own", "a stream that is not there")
def test_a_stream_that_is_not_there(server, name):
    done = run(server, "tail", name)
    assert (done.code, done.err) == (
        1, f"penstock: ResourceNotFoundException: Stream {name} under account {ACCOUNT} not found.\n")


@evidence("own", "--region, --endpoint-url and the environment say where")
def test_where_the_server_is(server, stream):
    put(server.kinesis, stream, b"a")
    arguments = ["tail", stream, "--from", "horizon", "--no-follow"]
    assert run(None, *arguments, "--endpoint-url", server.url).lines() == ["a"]
    assert run(None, *arguments, AWS_ENDPOINT_URL=server.url, AWS_DEFAULT_REGION=REGION).lines() == ["a"]
    assert run(server, *arguments, "--region", "eu-west-1").code == 1
    assert run(server, *arguments, AWS_ACCESS_KEY_ID="111122223333").code == 1


@evidence("own", "a region that cannot be is not the server's own")
@pytest.mark.parametrize("flags, variables", [
    (["--region", "eu west"], {}),
    ([], {"AWS_REGION": "eu west"}),
    ([], {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu west"}),
])
def test_a_region_that_is_none(server, stream, flags, variables):
    done = run(server, "tail", stream, "--from", "horizon", "--no-follow", *flags, **variables)
    assert (done.code, done.out, done.err) == (
        2, "", 'penstock: "eu west" is no region; --region, AWS_REGION or AWS_DEFAULT_REGION names one such as eu-west-1\n')


@evidence("own", "what AWS has not is not asked there")
@pytest.mark.parametrize("command", [["audit"], ["clock"], ["clock", "advance", "1h"], ["stream", "limits", "s"]])
def test_what_only_this_server_has(command):
    done = run(None, *command, "--endpoint-url", "aws", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert (done.code, done.out, done.err) == (
        2, "", "penstock: AWS has no such call: this command asks a Penstock server. Only put, tail and stream work "
               "with --endpoint-url aws.\n")
