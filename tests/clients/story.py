"""The long story: what a user of Kinesis does in a stream's life, told by a program in each SDK's language and judged here.

A program gets the stream's name, prints one fact a line with its words parted by tabs, and judges nothing:

    created STATUS SHARDS HOURS MODE             a stream of two shards, waited for with the SDK's own waiter
    put KEY SHARD SEQUENCE                       a record put by itself
    failed COUNT, refused KEY CODE MESSAGE       a batch of which the shard's limit lets three in; the fourth again a second later
    shard ID START END PARENT ADJACENT OPEN      ListShards, a page for each shard, before and after a split and a merge
    record SHARD KEY BYTES SHA256                read from the roots on, children when all their parents are read
    child PARENT CHILD                           where the last page of a closed shard sends its reader
    consumer NAME STATUS                         a consumer with enhanced fan-out
    pushed SHARD KEY BYTES                       what SubscribeToShard sent, shard by shard, from the horizon
    branch PARENT CHILD                          the last event of a closed shard
    again CLASS STATUS                           a second subscription within five seconds
    left COUNT                                   consumers after it was deregistered
    tag KEY VALUE, kept KEY VALUE                tags, before and after one is removed
    retention HOURS                              increased, decreased
    caught CLASS STATUS MESSAGE                  errors, each caught by the SDK's own class for it
    invalid CODE STATUS MESSAGE                  what breaks a constraint of the model, as the SDK's general error
    listed NAME, gone NAME                       ListStreams before, and the waiter's word after DeleteStream
"""

import collections
import hashlib
import os
import re
import shutil
import subprocess

import pytest

import stand

HALF, QUARTER, LAST = 2**127, 2**126, 2**128 - 1


def shard(number):
    return f"shardId-{number:012d}"


class Told:
    """A program's facts by their first word."""

    def __init__(self, output):
        self.facts = collections.defaultdict(list)
        for line in output.splitlines():
            name, *words = line.split("\t")
            self.facts[name].append(words)


def tell(server, stream, command, arguments=(), **environment):
    """Runs a program that tells what it does with a stream."""
    done = subprocess.run([*command, stream, *arguments], env=stand.environment(server) | environment, capture_output=True,
                          text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    told = Told(done.stdout)
    told.stream = stream
    return told


# What the package managers say when a registry is out of reach.
UNREACHABLE = (r"dial tcp|no such host|connection refused|i/o timeout|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN"
               r"|Could not (transfer|resolve)|UnknownHost|failed to download|spurious network error")


def built(command, packages, cwd=None, **environment):
    """Runs a build; skips when the packages it needs are neither cached nor within reach."""
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=850)
    said = done.stdout + done.stderr
    if done.returncode != 0 and re.search(UNREACHABLE, said):
        pytest.skip(f"{packages} is neither cached nor within reach")
    assert done.returncode == 0, said


def go_program(sources, packages, *flags, package="."):
    """A program of a folder with a go.mod, static. Go's own cache makes this quick when nothing changed."""
    if shutil.which("go") is None:
        pytest.skip("Go is missing (go is not on the PATH)")
    wanted = re.search(r"^go (\d+)\.(\d+)", (sources / "go.mod").read_text(), re.MULTILINE).groups()
    said = subprocess.run(["go", "version"], capture_output=True, text=True).stdout
    here = re.search(r"go(\d+)\.(\d+)", said)
    if tuple(map(int, here.groups())) < tuple(map(int, wanted)):
        pytest.skip(f"Go is too old: {here.group()} is here, go.mod wants {'.'.join(wanted)}")
    target = stand.BUILD / sources.name / "program"
    target.parent.mkdir(parents=True, exist_ok=True)
    built(["go", "build", "-mod=readonly", "-trimpath", *flags, "-o", str(target), package], packages, cwd=sources,
          CGO_ENABLED="0", GOTOOLCHAIN="local", GOFLAGS="")
    return target


class Teller:
    """The story as clients in Python tell it. One has `put_entries` and `page`, whose replies are those of the API with
    data as bytes, `iterator_of`, and the parts that are its own."""

    def __init__(self, server, stream):
        self.server, self.stream = server, stream
        self.told = Told("")
        self.told.stream = stream

    def fact(self, name, *words):
        self.told.facts[name].append([str(word) for word in words])

    def put_batch(self):
        entries = [{"PartitionKey": key, "Data": data, "ExplicitHashKey": "0"} for key, data in stand.RECORDS.items()]
        while entries:
            reply = self.put_entries(entries)
            self.fact("failed", reply["FailedRecordCount"])
            refused = [(entry, result) for entry, result in zip(entries, reply["Records"], strict=True)
                       if "ErrorCode" in result]
            for entry, result in refused:
                self.fact("refused", entry["PartitionKey"], result["ErrorCode"], result["ErrorMessage"])
            entries = [entry for entry, _ in refused]
            if entries:
                self.server.advance(1_000)

    def tell_shards(self, shards):
        for each in shards:
            ends = each["HashKeyRange"]
            self.fact("shard", each["ShardId"], ends["StartingHashKey"], ends["EndingHashKey"],
                      each.get("ParentShardId", "-"), each.get("AdjacentParentShardId", "-"),
                      "closed" if "EndingSequenceNumber" in each["SequenceNumberRange"] else "open")

    def read_shard(self, shard):
        """To its end when it is closed, else to its tip. Gives the children that its last page names."""
        iterator = self.iterator_of(shard, "TRIM_HORIZON")
        while True:
            page = self.page(iterator)
            for record in page["Records"]:
                data = record["Data"]
                self.fact("record", shard, record["PartitionKey"], len(data), hashlib.sha256(data).hexdigest())
            if "NextShardIterator" not in page:
                return page["ChildShards"]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                return []
            iterator = page["NextShardIterator"]

    def read_all(self):
        ready, read = [shard(0), shard(1)], set()
        while ready:
            at = ready.pop(0)
            children = self.read_shard(at)
            read.add(at)
            for child in children:
                self.fact("child", at, child["ShardId"])
                if read.issuperset(child["ParentShards"]):
                    ready.append(child["ShardId"])


class Story:
    """The judgements; a client's test module derives from it and gives the fixture `told`."""

    STATUS = "400"
    CAUGHT = {"ResourceNotFoundException", "ResourceInUseException", "InvalidArgumentException", "ExpiredIteratorException",
              "ExpiredNextTokenException", "ProvisionedThroughputExceededException"}

    def test_a_stream_is_made_and_waited_for(self, told):
        assert told.facts["created"] == [["ACTIVE", "2", "24", "PROVISIONED"]]
        assert told.facts["listed"] == [[told.stream]]

    def test_a_batch_is_refused_in_part_and_taken_on_the_second_try(self, told):
        assert told.facts["failed"] == [["1"], ["0"]]
        assert told.facts["refused"] == [
            ["key-3", "ProvisionedThroughputExceededException", stand.throttled(told.stream)]]

    def test_records_go_to_the_shard_of_their_hash_key(self, told):
        puts = {key: (where, sequence) for key, where, sequence in told.facts["put"]}
        assert {key: where for key, (where, _) in puts.items()} == {
            "first": shard(1), "left": shard(2), "right": shard(4)}
        assert all(re.fullmatch(r"[1-9]\d{50,60}", sequence) for _, sequence in puts.values())
        assert int(puts["first"][1]) < int(puts["right"][1])

    def test_shards_are_listed_before_and_after_a_split_and_a_merge(self, told):
        before, after = told.facts["shard"][:2], told.facts["shard"][2:]
        assert before == [[shard(0), "0", str(HALF - 1), "-", "-", "open"],
                          [shard(1), str(HALF), str(LAST), "-", "-", "open"]]
        assert after == [[shard(0), "0", str(HALF - 1), "-", "-", "closed"],
                         [shard(1), str(HALF), str(LAST), "-", "-", "closed"],
                         [shard(2), "0", str(QUARTER - 1), shard(0), "-", "open"],
                         [shard(3), str(QUARTER), str(HALF - 1), shard(0), "-", "closed"],
                         [shard(4), str(QUARTER), str(LAST), shard(3), shard(1), "open"]]

    def test_everything_is_read_back_parents_first(self, told):
        wanted = [(shard(0), key, data) for key, data in stand.RECORDS.items()]
        wanted += [(shard(1), "first", b"one"), (shard(2), "left", b"two"), (shard(4), "right", b"three")]
        assert [tuple(words) for words in told.facts["record"]] == [
            (where, key, str(len(data)), hashlib.sha256(data).hexdigest()) for where, key, data in wanted]

    def test_closed_shards_name_their_children(self, told):
        assert sorted(told.facts["child"]) == [
            [shard(0), shard(2)], [shard(0), shard(3)], [shard(1), shard(4)], [shard(3), shard(4)]]

    def test_tags_come_and_go(self, told):
        assert sorted(told.facts["tag"]) == [["made-by", "story"], ["stage", "test"], ["team", "water"]]
        assert sorted(told.facts["kept"]) == [["made-by", "story"], ["team", "water"]]

    def test_retention_is_raised_and_lowered(self, told):
        assert told.facts["retention"] == [["48"], ["24"]]

    def test_errors_are_caught_by_their_own_class(self, told):
        caught = {name: (status, message) for name, status, message in told.facts["caught"]}
        assert set(caught) == self.CAUGHT
        assert {status for status, _ in caught.values()} == {self.STATUS}
        assert caught["ResourceNotFoundException"][1] == (
            f"Stream nowhere under account {stand.ACCOUNT} not found.")
        assert caught["ResourceInUseException"][1] == (
            f"Stream {told.stream} under account {stand.ACCOUNT} already exists.")
        assert caught["ExpiredIteratorException"][1].startswith("Iterator expired.")
        if "ProvisionedThroughputExceededException" in self.CAUGHT:
            assert caught["ProvisionedThroughputExceededException"][1] == stand.throttled(told.stream, shard(2))

    def test_a_broken_constraint_is_a_validation_exception(self, told):
        [[code, status, message]] = told.facts["invalid"]
        assert (code, status) == ("ValidationException", self.STATUS)
        assert "'partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256" in message

    def test_a_deleted_stream_is_gone(self, told):
        assert told.facts["gone"] == [[told.stream]]


class FanOutStory(Story):
    """With SubscribeToShard."""

    def test_a_consumer_is_pushed_every_record(self, told):
        assert told.facts["consumer"] == [["reader", "ACTIVE"]]
        wanted = [(shard(0), key, data) for key, data in stand.RECORDS.items()]
        wanted += [(shard(1), "first", b"one"), (shard(2), "left", b"two"), (shard(4), "right", b"three")]
        assert [tuple(words) for words in told.facts["pushed"]] == [
            (where, key, str(len(data))) for where, key, data in wanted]

    def test_a_closed_shards_last_event_names_its_children(self, told):
        assert told.facts["branch"] == [
            [shard(0), shard(2)], [shard(0), shard(3)], [shard(1), shard(4)], [shard(3), shard(4)]]

    def test_one_subscription_a_consumer_and_shard(self, told):
        assert told.facts["again"] == [["ResourceInUseException", "400"]]

    def test_a_deregistered_consumer_is_gone(self, told):
        assert told.facts["left"] == [["0"]]
