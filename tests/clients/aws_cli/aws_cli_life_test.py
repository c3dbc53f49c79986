"""The AWS CLI 2 through a stream's whole life; it has no command for SubscribeToShard."""

import base64
import json

import pytest

import aws_cli_test
import stand
import story

# Some forty commands of half a second.
pytestmark = pytest.mark.timeout(300)

VERSIONS = [version for version in stand.AWS_CLIS if version.startswith("2.")]


class Life(story.Teller):
    """The long story, told by commands."""

    def __init__(self, server, stream, folder):
        super().__init__(server, stream)
        self.folder = folder
        self.command = aws_cli_test.Aws(server, VERSIONS[0])

    def aws(self, operation, **options):
        return self.command("kinesis", operation, **options)

    def on_stream(self, operation, **options):
        return self.aws(operation, stream_name=self.stream, **options)

    def tell(self):
        self.create()
        self.put("first", b"one", story.HALF)
        self.put_batch()
        self.shards()
        self.on_stream("split-shard", shard_to_split=story.shard(0), new_starting_hash_key=story.QUARTER)
        self.on_stream("merge-shards", shard_to_merge=story.shard(3), adjacent_shard_to_merge=story.shard(1))
        self.put("left", b"two", 0)
        self.put("right", b"three", story.LAST)
        self.shards()
        self.read_all()
        self.tags_and_retention()
        self.errors()
        self.on_stream("delete-stream")
        self.on_stream("wait stream-not-exists")
        self.fact("gone", self.stream)
        return self.told

    def summary(self):
        return self.on_stream("describe-stream-summary")["StreamDescriptionSummary"]

    def create(self):
        self.on_stream("create-stream", shard_count=2)
        self.on_stream("wait stream-exists")
        made = self.summary()
        self.fact("created", made["StreamStatus"], made["OpenShardCount"], made["RetentionPeriodHours"],
                  made["StreamModeDetails"]["StreamMode"])
        for name in self.aws("list-streams", page_size=1)["StreamNames"]:
            if name == self.stream:
                self.fact("listed", name)

    def put(self, key, data, hash_key):
        reply = self.on_stream("put-record", partition_key=key, data=self.command.blob(data), explicit_hash_key=hash_key)
        self.fact("put", key, reply["ShardId"], reply["SequenceNumber"])

    def put_entries(self, entries):
        path = self.folder / "records.json"
        path.write_text(json.dumps([{**entry, "Data": self.command.blob(entry["Data"])} for entry in entries]))
        return self.on_stream("put-records", records=f"file://{path}")

    def shards(self):
        self.tell_shards(self.on_stream("list-shards")["Shards"])

    def page(self, iterator):
        page = self.aws("get-records", shard_iterator=iterator)
        return {**page, "Records": [{**record, "Data": base64.b64decode(record["Data"])} for record in page["Records"]]}

    def iterator_of(self, shard, position):
        return self.on_stream("get-shard-iterator", shard_id=shard, shard_iterator_type=position)["ShardIterator"]

    def tags_and_retention(self):
        def tags(word):
            for tag in self.on_stream("list-tags-for-stream")["Tags"]:
                self.fact(word, tag["Key"], tag["Value"])
        self.on_stream("add-tags-to-stream", tags="team=water,stage=test,made-by=story")
        tags("tag")
        self.on_stream("remove-tags-from-stream", tag_keys="stage")
        tags("kept")
        self.on_stream("increase-stream-retention-period", retention_period_hours=48)
        self.fact("retention", self.summary()["RetentionPeriodHours"])
        self.on_stream("decrease-stream-retention-period", retention_period_hours=24)
        self.fact("retention", self.summary()["RetentionPeriodHours"])

    def refused(self, word, operation, **options):
        """What the CLI prints of an error; it does not say the status."""
        code, message = self.command.refused("kinesis", operation, **options)
        self.fact(word, code, "-", message)

    def errors(self):
        on_stream = {"stream_name": self.stream}
        self.refused("caught", "describe-stream-summary", stream_name="nowhere")
        self.refused("caught", "create-stream", shard_count=1, **on_stream)
        self.refused("caught", "split-shard", shard_to_split=story.shard(2), new_starting_hash_key=0, **on_stream)
        self.refused("invalid", "put-record", partition_key="k" * 257, data=self.command.blob(b"x"), **on_stream)
        iterator = self.iterator_of(story.shard(2), "LATEST")
        token = self.on_stream("list-shards", max_results=1, no_paginate=True)["NextToken"]
        self.server.advance(301_000)
        self.refused("caught", "get-records", shard_iterator=iterator)
        self.refused("caught", "list-shards", next_token=token, no_paginate=True)


@pytest.fixture(scope="module")
def told(server, tmp_path_factory):
    if not VERSIONS:
        pytest.skip("there is no AWS CLI 2 (aws is neither in /usr/bin nor on the PATH, or is version 1)")
    return Life(server, "aws-cli", tmp_path_factory.mktemp("life")).tell()


class TestStory(story.Story):
    STATUS = "-"
    # The CLI itself waits until a full shard takes the record.
    CAUGHT = story.Story.CAUGHT - {"ProvisionedThroughputExceededException"}
