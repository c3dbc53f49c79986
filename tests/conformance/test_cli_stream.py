"""`penstock stream`: the control plane for people and scripts."""

import contextlib
import json
import threading

import pytest
from command import run, started
from conftest import ACCOUNT, REGION, Server, evidence
from kit import HOUR, TOP, put, read, refused, shard, shards_of, stream_arn, until


def stream(server, *arguments, **more):
    return run(server, "stream", *arguments, **more)


def summary(server, name):
    return server.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def tags_of(server, name):
    return {tag["Key"]: tag["Value"] for tag in server.kinesis.list_tags_for_stream(StreamName=name)["Tags"]}


@pytest.fixture
def slow():
    """A server on which everything takes an hour, unless the clock is moved."""
    running = Server("--limits", "off", *[f"--stream.{what}-delay-ms={HOUR}" for what in ("create", "update", "delete")])
    yield running
    running.stop()


# --- create, list, retention, delete --------------------------------------------------------------------


@evidence("own", "a stream with one shard, unless told otherwise")
def test_create(server, name):
    done = stream(server, "create", name)
    assert (done.code, done.out) == (
        0, f"created; {name} is ACTIVE: 1 open shard, provisioned, records kept for 24 h\n")
    assert summary(server, name)["OpenShardCount"] == 1


@evidence("own", "everything a stream can be given at once")
def test_create_with_all(server, name):
    done = stream(server, "create", name, "--shards", "3", "--retention", "7d", "--max-record-kib", "2048",
                  "--tag", "team=blue", "--tag", "empty=", "--tag", "a=b=c")
    assert done.out == f"created; {name} is ACTIVE: 3 open shards, provisioned, records kept for 168 h\n", done
    made = summary(server, name)
    assert (made["OpenShardCount"], made["RetentionPeriodHours"], made["MaxRecordSizeInKiB"]) == (3, 168, 2048)
    assert tags_of(server, name) == {"team": "blue", "empty": "", "a": "b=c"}


@evidence("own", "--on-demand; --json gives the members of DescribeStreamSummary")
def test_create_on_demand(server, name):
    done = stream(server, "create", name, "--on-demand", "--json")
    made = json.loads(done.out)["StreamDescriptionSummary"]
    assert (made["StreamName"], made["StreamModeDetails"], made["OpenShardCount"]) == (name, {"StreamMode": "ON_DEMAND"}, 4)


@evidence("own", "what cannot be is said, and nothing is made")
@pytest.mark.parametrize("arguments, code, problem", [
    (["--tag", "=x"], 2, 'penstock: "=x" is not a tag; write KEY=VALUE\n'),
    (["--retention", "90m"], 2, 'penstock: "90m" is not whole hours; write 24h or 7d\n'),
    (["--retention", "soon"], 2, 'penstock: "soon" is not a duration; write 250ms, 90s, 15m, 24h or 7d\n'),
    (["--shards", "2", "--on-demand"], 2, "excludes"),
    (["--retention", "48h", "--no-wait"], 2, "--no-wait cannot stand beside it"),
    (["--max-record-kib", "1"], 1, "ValidationException"),
])
def test_create_what_cannot_be(server, name, arguments, code, problem):
    done = stream(server, "create", name, *arguments)
    assert done.code == code and problem in done.err + done.out, done
    assert refused(server.kinesis.describe_stream_summary, StreamName=name)[0] == "ResourceNotFoundException"


@evidence("own", "AWS's sentences are passed on")
def test_create_twice(server, name):
    stream(server, "create", name)
    done = stream(server, "create", name)
    assert (done.code, done.out, done.err) == (
        1, "", f"penstock: ResourceInUseException: Stream {name} under account {ACCOUNT} already exists.\n")


@evidence("own", "every page of ListStreams")
def test_list(server):
    variables = {"AWS_ACCESS_KEY_ID": "424242424242", "AWS_SECRET_ACCESS_KEY": "x"}
    empty = stream(server, "list", **variables)
    assert empty.out == f"no streams in {REGION}; `penstock stream create NAME` makes one\n"
    client = server.client("kinesis", access_key="424242424242")
    for number in range(103):
        client.create_stream(StreamName=f"s{number:03}", ShardCount=1)
    client.create_stream(StreamName="t")
    lines = stream(server, "list", **variables).lines()
    assert len(lines) == 2 + 104
    assert lines[0].split() == ["stream", "status", "mode", "created"]
    assert lines[2].split()[:3] == ["s000", "ACTIVE", "provisioned"]
    assert lines[-1].split()[:4] == ["t", "ACTIVE", "on", "demand"]
    listed = json.loads(stream(server, "list", "--json", **variables).out)["StreamSummaries"]
    assert [each["StreamName"] for each in listed] == [f"s{number:03}" for number in range(103)] + ["t"]
    assert {"StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp"} < set(listed[0])


@evidence("own", "more or less is found out; nothing is done where it is so already")
def test_retention(server, stream_name):
    for hours, words, kept in (("48", "retention changed", 48), ("365d", "retention changed", 8760),
                               ("24h", "retention changed", 24), ("1d", "retention was that already", 24)):
        done = stream(server, "retention", stream_name, hours)
        assert done.out == f"{words}; {stream_name} is ACTIVE: 1 open shard, provisioned, records kept for {kept} h\n", done
        assert summary(server, stream_name)["RetentionPeriodHours"] == kept
    done = stream(server, "retention", stream_name, "23")
    assert done.code == 1 and "InvalidArgumentException: " in done.err


@pytest.fixture
def stream_name(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


@evidence("own", "by name or by ARN")
def test_delete(server, name):
    for which in (name, stream_arn(name)):
        server.kinesis.create_stream(StreamName=name, ShardCount=1)
        done = stream(server, "delete", which)
        assert (done.code, done.out) == (0, f"{which} is gone\n")
    done = stream(server, "delete", name)
    assert (done.code, done.err) == (
        1, f"penstock: ResourceNotFoundException: Stream {name} under account {ACCOUNT} not found. "
           f"`penstock stream list` shows those of {REGION}.\n")


# --- Waiting --------------------------------------------------------------------------------------------


@evidence("own", "commands end when the service has done it")
def test_it_waits_through_a_stream_s_life(slow, name):
    def passes(*arguments, status):
        with started(slow, "stream", *arguments) as command:
            until(lambda: summary(slow, name)["StreamStatus"] == status)
            assert command.process.poll() is None, "it waits"
            slow.advance(HOUR + 1)
            assert command.wait() == 0
            return command.line()

    def status_is_known():
        return name in slow.kinesis.list_streams()["StreamNames"]

    with started(slow, "stream", "create", name, "--shards", "2") as command:
        until(status_is_known)
        assert command.process.poll() is None
        slow.advance(HOUR + 1)
        assert command.line() == f"created; {name} is ACTIVE: 2 open shards, provisioned, records kept for 24 h"
    assert passes("split", name, "0", status="UPDATING") == (
        f"shard 0 was split into 2 and 3; {name} is ACTIVE: 3 open shards, provisioned, records kept for 24 h")
    assert passes("merge", name, "3", "2", status="UPDATING").startswith("shards 2 and 3 were merged into 4; ")
    assert passes("retention", name, "2d", status="UPDATING").endswith("records kept for 48 h")
    assert passes("delete", name, status="DELETING") == f"{name} is gone"


@evidence("own", "--no-wait, and stream wait later")
def test_it_need_not_wait(slow, name):
    done = stream(slow, "create", name, "--no-wait")
    assert done.out == f"created; {name} is CREATING: 0 open shards, provisioned, records kept for 24 h\n", done
    done = stream(slow, "wait", name, "--timeout", "100ms")
    assert (done.code, done.err) == (
        1, f"penstock: stream {name} did not become ACTIVE within 100ms; `penstock stream wait` goes on waiting\n")
    assert "CREATING" in stream(slow, "describe", name).lines()[0]
    slow.advance(HOUR + 1)
    assert stream(slow, "wait", name).out.startswith(f"waited; {name} is ACTIVE")
    assert stream(slow, "split", name, "0", "--no-wait").out.startswith(f"shard 0 is being split; {name} is UPDATING")
    slow.advance(HOUR + 1)
    assert stream(slow, "delete", name, "--no-wait").out == f"{name} is being deleted\n"
    with started(slow, "stream", "wait", name, "--gone") as command:
        slow.advance(HOUR + 1)
        assert command.line() == f"{name} is gone"


# --- split and merge ------------------------------------------------------------------------------------


@evidence("own", "in the middle, at a hash key, at a partition key")
def test_split(server, stream_name):
    assert stream(server, "split", stream_name, "0").code == 0
    assert stream(server, "split", stream_name, shard(1), "--at", "1000").code == 0
    assert stream(server, "split", stream_name, "2", "--at-key", "e").code == 0
    ranges = {number: shards_of(server.kinesis, stream_name)[shard(number)]["HashKeyRange"] for number in range(7)}
    assert int(ranges[2]["StartingHashKey"]) == 2**127
    assert int(ranges[4]["StartingHashKey"]) == 1000
    assert int(ranges[6]["StartingHashKey"]) == 0xe1671797c52e15f763380b45e841ec32
    assert int(ranges[6]["EndingHashKey"]) == TOP


@evidence("own", "which of two neighbours is named first does not matter")
def test_merge(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    assert stream(server, "merge", name, "1", "0").out.startswith("shards 0 and 1 were merged into 4; ")
    assert stream(server, "merge", name, "2", "3").out.startswith("shards 2 and 3 were merged into 5; ")
    both = shards_of(server.kinesis, name)
    assert both[shard(4)]["ParentShardId"] == shard(0) and both[shard(4)]["AdjacentParentShardId"] == shard(1)


@evidence("own", "what is no shard is said with those there are; AWS says the rest")
def test_a_shard_that_cannot_be(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=3)
    done = stream(server, "split", name, "7")
    assert (done.code, done.err) == (2, f"penstock: stream {name} has no shard 7; its open shards are 0, 1, 2\n")
    done = stream(server, "merge", name, "0", "2")
    assert done.code == 1 and "are not an adjacent pair of shards eligible for merging" in done.err
    stream(server, "split", name, "0")
    done = stream(server, "split", name, "0")
    assert done.code == 1 and "has already been merged or split" in done.err


@evidence("M", "UpdateShardCount")
def test_resize(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    done = stream(server, "resize", name, "4")
    assert done.out == f"went from 2 to 4 shards; {name} is ACTIVE: 4 open shards, provisioned, records kept for 24 h\n"
    done = stream(server, "resize", name, "3", "--json")
    assert json.loads(done.out) == {"StreamName": name, "CurrentShardCount": 4, "TargetShardCount": 3,
                                    "StreamARN": stream_arn(name)}
    assert summary(server, name)["OpenShardCount"] == 3
    done = stream(server, "resize", name, "7")
    assert done.code == 1 and done.err.startswith("penstock: LimitExceededException: "), done
    done = stream(server, "resize", name, "two")
    assert (done.code, done.out, done.err) == (2, "", 'penstock: shards takes a whole number, not "two"\n')


@evidence("own", "a resize is waited for")
def test_resize_takes_its_time(slow, name):
    slow.kinesis.create_stream(StreamName=name, ShardCount=2)
    slow.advance(HOUR + 1)
    until(lambda: summary(slow, name)["StreamStatus"] == "ACTIVE")
    with started(slow, "stream", "resize", name, "4") as command:
        until(lambda: summary(slow, name)["StreamStatus"] == "UPDATING")
        assert command.process.poll() is None
        slow.advance(HOUR + 1)
        assert command.line().startswith("went from 2 to 4 shards; ")
    assert stream(slow, "resize", name, "2", "--no-wait").out.startswith(
        f"going from 4 to 2 shards; {name} is UPDATING: ")


# --- mode and capacity ----------------------------------------------------------------------------------


@evidence("M", "UpdateStreamMode")
def test_mode(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=4)
    done = stream(server, "mode", name, "on-demand")
    assert done.out == (f"the service chooses the shards; {name} is ACTIVE: 4 open shards, on demand, "
                        "records kept for 24 h\n"), done
    assert summary(server, name)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    refused_split = stream(server, "split", name, "0")
    assert refused_split.code == 1 and "is in On-Demand mode." in refused_split.err
    done = stream(server, "mode", name, "provisioned", "--json")
    assert json.loads(done.out)["StreamDescriptionSummary"]["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert stream(server, "mode", name, "automatic").code == 2


@evidence("M", "UpdateStreamMode: twice in 24 hours")
def test_mode_a_third_time(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    assert [stream(limited, "mode", name, mode).code for mode in ("on-demand", "provisioned")] == [0, 0]
    done = stream(limited, "mode", name, "on-demand")
    assert done.code == 1 and done.err.startswith("penstock: LimitExceededException: "), done


@evidence("M", "DescribeAccountSettings, UpdateAccountSettings, UpdateStreamWarmThroughput")
def test_advantage_and_what_is_kept_ready(server, name):
    account = {"AWS_ACCESS_KEY_ID": "515151515151", "AWS_SECRET_ACCESS_KEY": "x"}
    assert stream(server, "advantage", **account).out == f"no on-demand Advantage in {REGION}\n"
    stream(server, "create", name, "--on-demand", **account)
    cold = stream(server, "warm", name, "10", **account)
    assert cold.code == 1 and cold.err.startswith("penstock: ") and "Exception: " in cold.err
    assert stream(server, "advantage", "on", **account).out.startswith(f"on-demand Advantage in {REGION} since 20")
    settings = json.loads(stream(server, "advantage", "--json", **account).out)["MinimumThroughputBillingCommitment"]
    assert settings["Status"] == "ENABLED" and {"StartedAt", "EarliestAllowedEndAt"} <= set(settings)
    done = stream(server, "warm", name, "10", **account)
    assert done.out.startswith(f"10 MiB/s are kept ready; {name} is ACTIVE"), done
    assert "10 MiB/s kept warm" in stream(server, "describe", name, "--no-load", **account).out
    assert "; it ends 20" in stream(server, "advantage", "off", **account).out
    assert stream(server, "advantage", "maybe", **account).code == 2


# --- tags and quotas --------------------------------------------------------------------------------------


@evidence("own", "tags list, add, remove: each shows what there is then")
def test_tags(server, stream_name):
    assert stream(server, "tags", "list", stream_name).out == f"{stream_name} has no tags\n"
    done = stream(server, "tags", "add", stream_name, "team=blue", "cost=12", "team=red")
    assert done.lines()[2:] == ["cost     12", "team  red"]
    assert tags_of(server, stream_name) == {"team": "red", "cost": "12"}
    done = stream(server, "tags", "remove", stream_name, "cost", "never", "--json")
    assert json.loads(done.out) == {"Tags": [{"Key": "team", "Value": "red"}], "HasMoreTags": False}
    assert stream(server, "tags", "add", stream_name, "novalue").code == 2


@evidence("M", "DescribeLimits")
def test_quotas(server):
    limits = json.loads(stream(server, "quotas", "--json").out)
    real = server.kinesis.describe_limits()
    assert limits == {name: real[name] for name in limits}
    rows = stream(server, "quotas").lines()
    assert rows[0].split() == ["quota", "of", REGION, "used", "of"]
    assert rows[2].endswith("20,000") and rows[3].startswith("on-demand streams")


# --- limits ---------------------------------------------------------------------------------------------


@evidence("own", "a stream's own limits are shown, set one by one, and forgotten")
def test_limits(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    rows = {line.split()[0]: line.split()[-1] for line in stream(limited, "limits", name).lines()[2:]}
    assert rows == {"write_records": "1,000", "write_bytes": "1,048,576", "read_calls": "5", "read_bytes": "2,097,152",
                    "iterator_calls": "5", "subscribe_bytes": "2,097,152"}
    assert stream(limited, "limits", name, "--set", "write_records=2", "--set", "read_calls=0").code == 0
    reply = limited.kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "k"}] * 5)
    assert reply["FailedRecordCount"] >= 3, "they hold at once"
    assert json.loads(stream(limited, "describe", name, "--json", "--sample", "1ms").out)["Load"]
    done = stream(limited, "limits", stream_arn(name), "--set", "write_bytes=100000")
    rows = {line.split()[0]: line.split()[-2:] for line in done.lines()[2:]}
    assert rows["write_records"] == ["2", "2"] and rows["read_calls"] == ["none", "none"], done
    assert rows["write_bytes"] == ["100,000", "100,000"] and rows["read_bytes"][1] == "2,097,152"
    done = stream(limited, "limits", name, "--clear", "--json")
    assert set(json.loads(done.out)) == {"effective"} and json.loads(done.out)["effective"]["write_records"] == 1000


@evidence("own", "a wrong retention is found before there is a stream")
def test_create_with_a_retention_that_is_none(server, name):
    done = stream(server, "create", name, "--retention", "3h")
    assert (done.code, done.err) == (
        2, "penstock: --retention 3h is not within 24h to 365d; no stream was made\n")
    assert refused(server.kinesis.describe_stream_summary, StreamName=name)[0] == "ResourceNotFoundException"


@evidence("own", "a word that is no command is said")
@pytest.mark.parametrize("words, path", [(["strem"], "penstock"), (["stream", "describ", "x"], "penstock stream")])
def test_a_command_that_is_none(server, words, path):
    done = run(server, *words)
    assert (done.code, done.err) == (
        2, f'penstock: {path} has no command "{words[-1] if len(words) == 1 else words[1]}"; `{path} --help` lists those it has\n')


@evidence("own", "what is no limit is said with those there are")
@pytest.mark.parametrize("text", ["writes=5", "write_records", "write_records=-1", "write_records=many", "call_rates=1"])
def test_a_limit_that_is_none(server, stream_name, text):
    done = stream(server, "limits", stream_name, "--set", text)
    assert done.code == 2 and done.err.startswith(f'penstock: "{text}" is no limit; write NAME=NUMBER'), done
    assert "iterator_calls" in done.err


@evidence("own", "what came too often is sent again, as SDKs do")
def test_call_rates_are_waited_out():
    running = Server("--limits", "aws-all")
    try:
        running.kinesis.describe_limits()
        assert refused(running.kinesis.describe_limits)[0] == "LimitExceededException", "once a second"
        assert stream(running, "quotas").code == 0
    finally:
        running.stop()


# --- settings -------------------------------------------------------------------------------------------


@evidence("M", "UpdateMaxRecordSize")
def test_record_size(server, stream_name):
    done = stream(server, "record-size", stream_name, "4096")
    assert done.out.startswith(f"records may have up to 4,096 KiB; {stream_name} is ACTIVE"), done
    assert summary(server, stream_name)["MaxRecordSizeInKiB"] == 4096
    assert "records up to 4 MiB" in stream(server, "describe", stream_name, "--no-load").out
    done = stream(server, "record-size", stream_name, "5")
    assert done.code == 1 and done.err.startswith("penstock: ValidationException: ")


@evidence("M", "UpdateStreamRecordDistributionStrategy")
def test_distribution(server, name):
    server.kinesis.create_stream(StreamName=name)
    for word, said, strategy in (("auto", "the service places records", "AUTO"),
                                 ("key", "partition keys place records", "USER_PARTITION_KEY")):
        assert stream(server, "distribution", name, word).out.startswith(f"{said}; {name} is ACTIVE")
        assert summary(server, name)["RecordDistributionStrategy"] == strategy
    assert stream(server, "distribution", name, "random").code == 2


@evidence("M", "StartStreamEncryption, StopStreamEncryption")
def test_encryption(server, stream_name):
    done = stream(server, "encryption", stream_name, "--key", "alias/mine")
    assert done.out.startswith(f"encrypted with alias/mine; {stream_name} is ACTIVE"), done
    assert (summary(server, stream_name)["EncryptionType"], summary(server, stream_name)["KeyId"]) == ("KMS", "alias/mine")
    assert "encrypted (alias/mine)" in stream(server, "describe", stream_name, "--no-load").out
    assert stream(server, "encryption", stream_name, "--off").out.startswith("not encrypted any more; ")
    assert summary(server, stream_name)["EncryptionType"] == "NONE"


@evidence("M", "EnableEnhancedMonitoring, DisableEnhancedMonitoring")
def test_monitoring(server, stream_name):
    def metrics():
        return summary(server, stream_name)["EnhancedMonitoring"][0]["ShardLevelMetrics"]

    assert stream(server, "monitoring", stream_name).lines() == [f"metrics of each shard of {stream_name}:", "  none"]
    done = stream(server, "monitoring", stream_name, "--on", "IncomingBytes,OutgoingBytes")
    assert sorted(done.lines()[1:]) == ["  IncomingBytes", "  OutgoingBytes"], done
    assert sorted(metrics()) == ["IncomingBytes", "OutgoingBytes"]
    done = stream(server, "monitoring", stream_name, "--off", "ALL", "--on", "IncomingRecords", "--json")
    assert json.loads(done.out)["StreamDescriptionSummary"]["EnhancedMonitoring"] == [
        {"ShardLevelMetrics": ["IncomingRecords"]}] and metrics() == ["IncomingRecords"]


@evidence("M", "PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy")
def test_policy(server, stream_name, tmp_path):
    text = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": ["kinesis:GetRecords"],
         "Resource": stream_arn(stream_name)}]})
    assert stream(server, "policy", stream_name).out == "{}\n", "as AWS answers for none"
    file = tmp_path / "policy.json"
    file.write_text(text)
    assert stream(server, "policy", stream_name, "--set", file).out == text + "\n"
    assert json.loads(stream(server, "policy", stream_name, "--set", "-", "--json", stdin=text).out) == {"Policy": text}
    assert server.kinesis.get_resource_policy(ResourceARN=stream_arn(stream_name))["Policy"] == text
    assert stream(server, "policy", stream_name, "--clear").out == "{}\n"
    assert stream(server, "policy", stream_name, "--clear").code == 1, "as AWS refuses it"
    wrong = stream(server, "policy", stream_name, "--set", "-", stdin="no policy")
    assert wrong.code == 1 and "Exception: " in wrong.err
    missing = stream(server, "policy", stream_name, "--set", tmp_path / "missing")
    assert (missing.code, missing.err) == (2, f"penstock: cannot read {tmp_path / 'missing'}\n")


# --- consumers ------------------------------------------------------------------------------------------


@evidence("M", "RegisterStreamConsumer, ListStreamConsumers, DeregisterStreamConsumer")
def test_consumers(server, stream_name):
    assert stream(server, "consumers", "list", stream_name).out == f"{stream_name} has no consumers\n"
    done = stream(server, "consumers", "register", stream_name, "reader", "--tag", "a=b")
    [known] = server.kinesis.list_stream_consumers(StreamARN=stream_arn(stream_name))["Consumers"]
    arn = known["ConsumerARN"]
    assert done.out == f"consumer reader is ACTIVE: {arn}\n"
    assert stream(server, "tags", "list", arn).lines()[2:] == ["a    b"]
    assert stream(server, "tags", "add", arn, "c=d").lines()[2:] == ["a    b", "c    d"]
    assert stream(server, "tags", "remove", arn, "a").lines()[2:] == ["c    d"]
    assert stream(server, "consumers", "list", stream_name).lines()[2].split()[:2] == ["reader", "ACTIVE"]
    [listed] = json.loads(stream(server, "consumers", "list", stream_arn(stream_name), "--json").out)["Consumers"]
    assert (listed["ConsumerName"], listed["ConsumerARN"], listed["ConsumerStatus"]) == ("reader", arn, "ACTIVE")
    assert "1 consumer" in stream(server, "describe", stream_name, "--no-load").out

    again = stream(server, "consumers", "register", stream_name, "reader")
    assert again.code == 1 and again.err.startswith("penstock: ResourceInUseException: ")
    kept = stream(server, "delete", stream_name)
    assert kept.code == 1 and kept.err.startswith("penstock: ResourceInUseException: ")
    assert stream(server, "consumers", "deregister", stream_name, "reader").out == "consumer reader is gone\n"
    missing = stream(server, "consumers", "deregister", stream_name, "reader")
    assert missing.code == 1 and missing.err.startswith("penstock: ResourceNotFoundException: ")
    stream(server, "consumers", "register", stream_name, "other")
    kept = stream(server, "delete", stream_name)
    assert kept.code == 1 and kept.err.endswith("associated with it.\nHere that is --with-consumers.\n"), kept
    assert stream(server, "delete", stream_name, "--with-consumers").out == f"{stream_name} is gone\n"


@evidence("own", "a consumer that is CREATING is waited for, unless told not to")
def test_consumers_take_their_time(name):
    running = Server("--limits", "off", f"--stream.consumer-delay-ms={HOUR}")
    try:
        running.kinesis.create_stream(StreamName=name, ShardCount=1)
        done = stream(running, "consumers", "register", name, "one", "--no-wait")
        assert done.out.startswith("consumer one is CREATING: arn:")
        with started(running, "stream", "consumers", "register", name, "two") as command:
            until(lambda: len(running.kinesis.list_stream_consumers(StreamARN=stream_arn(name))["Consumers"]) == 2)
            assert command.process.poll() is None
            running.advance(HOUR + 1)
            assert command.line().startswith("consumer two is ACTIVE: arn:")
        assert stream(running, "consumers", "deregister", name, "one", "--no-wait").out == \
            "consumer one is being deregistered\n"
        with started(running, "stream", "consumers", "deregister", name, "two") as command:
            until(lambda: all(each["ConsumerStatus"] == "DELETING" for each in running.kinesis.list_stream_consumers(
                StreamARN=stream_arn(name))["Consumers"]))
            running.advance(HOUR + 1)
            assert command.line() == "consumer two is gone"
    finally:
        running.stop()


# --- describe -------------------------------------------------------------------------------------------


@evidence("own", "the key space drawn to scale, a row a shard, what became of closed ones")
def test_describe(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    stream(server, "split", name, "1")
    done = stream(server, "describe", name, "--no-load", "--width", "40")
    head, arn, *facts, created, gap, title, ruler, bar, numbers, gap2, headings, line, one, two, three, gap3, closed, \
        lineage = done.lines()
    assert (head, arn) == (f"{name}  ACTIVE", stream_arn(name))
    assert facts == ["3 open shards, provisioned,", "records kept for 24 h,", "records up to 1 MiB,"]
    assert created.startswith("created 20") and (gap, gap2, gap3) == ("", "", "")
    assert title == "Hash keys, and their shards"
    assert ruler == "0                   50 %           100 %"
    assert bar == "│▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│░░░░░░░░░│▒▒▒▒▒▒▒▒▒"
    assert numbers == "          0              2         3"
    assert headings.split() == ["shard", "keys", "from", "share", "made", "of"]
    assert one.split() == ["0", "00000000…", "50", "%"]
    assert two.split() == ["2", "80000000…", "25", "%", "1"] and three.split() == ["3", "c0000000…", "25", "%", "1"]
    assert (closed, lineage) == ("Closed shards", "1 split into 2 and 3")


@evidence("own", "--json: the replies' members")
def test_describe_as_json(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    found = json.loads(stream(server, "describe", name, "--json", "--sample", "10ms").out)
    assert set(found) == {"StreamDescriptionSummary", "Shards", "Load"}
    real = server.kinesis.list_shards(StreamName=name)["Shards"]
    assert found["Shards"] == real
    assert [each["ShardId"] for each in found["Load"]] == [shard(0), shard(1)]
    assert "Load" not in json.loads(stream(server, "describe", name, "--json", "--no-load").out)


@contextlib.contextmanager
def written_to(server, name, records):
    """All the time, until the end of the block."""
    client, may_end = server.client("kinesis"), threading.Event()

    def write():
        while not may_end.is_set():
            client.put_records(StreamName=name, Records=records)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        may_end.set()
        writer.join()


@evidence("own", "what a shard takes in, between two looks; by ARN, too")
def test_describe_shows_load(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    with written_to(server, name, [{"Data": b"x" * 99, "PartitionKey": "b"}] * 20):
        for which in (name, stream_arn(name)):
            def load():
                found = json.loads(stream(server, "describe", which, "--json", "--sample", "300ms").out)["Load"]
                return found if found[1]["RecordsPerSecond"] > 0 else None
            quiet, loaded = until(load)
            assert (quiet["RecordsPerSecond"], quiet["BytesPerSecond"], loaded["RefusedPerSecond"]) == (0, 0, 0)
            assert loaded["BytesPerSecond"] == pytest.approx(loaded["RecordsPerSecond"] * 100)
        text = stream(server, "describe", name, "--sample", "300ms").out
        assert "what their shards take in" in text and "records/s" in text
        assert "of its limit" not in text, "this server has none"


@evidence("own", "with limits: how much of them is used, and what was refused")
def test_describe_shows_the_share_of_the_limit(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)

    def row():
        lines = stream(limited, "describe", name, "--sample", "300ms", "--width", "100").lines()
        heading = next(line for line in lines if line.startswith("shard"))
        assert "of its limit" in heading
        found = lines[lines.index(heading) + 2]
        return found if heading.split()[-1] == "refused/s" and "█" in found else None

    # Of four such records a second's megabyte takes one.
    with written_to(limited, name, [{"Data": b"x" * 1_000_000, "PartitionKey": "k"}] * 4):
        assert float(until(row).split()[-1].replace(",", "")) > 0


@evidence("own", "of an on-demand stream: what it may have, and the reason of every step")
def test_describe_says_why_it_was_scaled(server, stream_name):
    assert "Scaling" not in json.loads(stream(server, "describe", stream_name, "--no-load", "--json").out)
    stream(server, "mode", stream_name, "on-demand")
    until(lambda: summary(server, stream_name)["OpenShardCount"] == 4, each=lambda: server.advance(60_000))
    told = json.loads(stream(server, "describe", stream_name, "--no-load", "--json").out)["Scaling"]
    [step] = told["steps"]
    assert (told["mode"], told["open_shards"], step["from"], step["to"]) == ("ON_DEMAND", 4, 1, 4)
    lines = stream(server, "describe", stream_arn(stream_name), "--no-load", "--width", "200").lines()
    about = lines[lines.index("How the service scales it") + 1:]
    assert about[0].startswith("takes in 0 records/s, 0 B/s; ") and "may have 4 to " in about[0]
    assert about[1].endswith("  from 1 to 4 shards") and about[2] == "  " + step["reason"]


@evidence("own", "--watch draws again and again")
def test_describe_again_and_again(server, stream_name):
    with started(server, "stream", "describe", stream_name, "--watch", "--sample", "10ms") as command:
        first = next(line for _ in range(5) if (line := command.line()).startswith(stream_name))
        assert first == f"{stream_name}  ACTIVE"
        server.kinesis.split_shard(StreamName=stream_name, ShardToSplit=shard(0), NewStartingHashKey=str(2**127))
        assert next(line for _ in range(1000) if "split into" in (line := command.line())) == "0 split into 1 and 2"
        assert command.process.poll() is None


@evidence("own", "thousands of shards are drawn in groups")
def test_describe_many_shards(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2_000)
    lines = stream(server, "describe", name, "--no-load", "--width", "60").lines()
    assert max(map(len, lines)) <= 60 and len(lines) < 40
    assert sum("shards  " in line for line in lines[5:]) == 24
    rows = stream(server, "describe", name, "--no-load", "--all").lines()
    assert sum(line.endswith(" %") and "…" in line for line in rows) == 2_000


@evidence("own", "no answer is said with what to do")
def test_nobody_there(server):
    done = run(None, "stream", "list", "--endpoint-url", "http://127.0.0.1:1")
    assert done.code == 1 and done.err.startswith("penstock: no answer from http://127.0.0.1:1: ")
    assert "`penstock serve` starts it" in done.err
    assert run(server, "stream").code == 2


# --- the counters behind it -------------------------------------------------------------------------------


def traffic(server, name, query=""):
    return server.raw.request("GET", f"/_penstock/streams/{name}/shards{query}")


@evidence("own", "GET /_penstock/streams/{name}/shards: what each shard took in and refused")
def test_the_counters_of_shards(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=2)
    put(limited.kinesis, name, b"12345", key="b")
    reply = limited.kinesis.put_records(StreamName=name, Records=[
        {"Data": b"x" * 600_000, "PartitionKey": key} for key in ("b", "b", "a")])
    assert reply["FailedRecordCount"] == 1, "1 MiB a second"
    counted = traffic(limited, name).json()
    assert counted == {"write_records": 1000, "write_bytes": 1_048_576, "shards": [
        {"shard": shard(0), "records": 1, "bytes": 600_001, "refused": 0},
        {"shard": shard(1), "records": 2, "bytes": 600_007, "refused": 1}]}
    assert len(read(limited.kinesis, name, shard_id=shard(1))) == 2
    assert traffic(limited, name, "?account=111122223333").status == 404
    assert traffic(limited, name + "-no").status == 404


@evidence("own", "without limits there are none to name")
def test_the_counters_without_limits(server, stream_name):
    counted = traffic(server, stream_name).json()
    assert (counted["write_records"], counted["write_bytes"]) == (0, 0)
