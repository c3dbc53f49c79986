"""boto3 through a stream's whole life, fan-out included."""

import boto3
import botocore.config
import botocore.exceptions
import pytest

import stand
import story

SECOND = {"Delay": 1, "MaxAttempts": 60}


class Life(story.Teller):
    """The long story, told by boto3."""

    def __init__(self, server, stream):
        super().__init__(server, stream)
        self.settings = dict(endpoint_url=server.url, region_name=stand.REGION, aws_access_key_id=server.key.access_key,
                             aws_secret_access_key=server.key.secret_key, verify=server.ca_file)
        self.kinesis = boto3.client("kinesis", **self.settings)

    def tell(self):
        self.create()
        self.put("first", b"one", story.HALF)
        self.put_batch()
        self.shards()
        self.reshard()
        self.put("left", b"two", 0)
        self.put("right", b"three", story.LAST)
        self.shards()
        self.read_all()
        self.fan_out()
        self.tags_and_retention()
        self.errors()
        self.remove()
        return self.told

    def summary(self):
        return self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]

    def wait(self, what):
        self.kinesis.get_waiter(what).wait(StreamName=self.stream, WaiterConfig=SECOND)

    def create(self):
        self.kinesis.create_stream(StreamName=self.stream, ShardCount=2, Tags={"made-by": "story"})
        self.wait("stream_exists")
        made = self.summary()
        self.fact("created", made["StreamStatus"], made["OpenShardCount"], made["RetentionPeriodHours"],
                  made["StreamModeDetails"]["StreamMode"])
        for page in self.kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1}):
            for name in page["StreamNames"]:
                if name == self.stream:
                    self.fact("listed", name)

    def put(self, key, data, hash_key):
        reply = self.kinesis.put_record(StreamName=self.stream, PartitionKey=key, Data=data, ExplicitHashKey=str(hash_key))
        self.fact("put", key, reply["ShardId"], reply["SequenceNumber"])

    def shards(self):
        # boto3's own paginator repeats the stream's name beside the token, which AWS refuses, too.
        page = self.kinesis.list_shards(StreamName=self.stream, MaxResults=1)
        found = page["Shards"]
        while "NextToken" in page:
            page = self.kinesis.list_shards(NextToken=page["NextToken"], MaxResults=1)
            found += page["Shards"]
        self.tell_shards(found)

    def reshard(self):
        self.kinesis.split_shard(StreamName=self.stream, ShardToSplit=story.shard(0), NewStartingHashKey=str(story.QUARTER))
        self.wait("stream_exists")
        self.kinesis.merge_shards(StreamName=self.stream, ShardToMerge=story.shard(3), AdjacentShardToMerge=story.shard(1))
        self.wait("stream_exists")

    def put_entries(self, entries):
        return self.kinesis.put_records(StreamName=self.stream, Records=entries)

    def page(self, iterator):
        return self.kinesis.get_records(ShardIterator=iterator)

    def iterator_of(self, shard, position):
        return self.kinesis.get_shard_iterator(StreamName=self.stream, ShardId=shard, ShardIteratorType=position)["ShardIterator"]

    def fan_out(self):
        arn = self.summary()["StreamARN"]
        consumer = self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]
        described = stand.until(lambda: (found := self.kinesis.describe_stream_consumer(ConsumerARN=consumer)[
            "ConsumerDescription"])["ConsumerStatus"] == "ACTIVE" and found)
        self.fact("consumer", described["ConsumerName"], described["ConsumerStatus"])
        for number, is_closed in enumerate([True, True, False, True, False]):
            self.read_pushed(consumer, story.shard(number), is_closed)
        self.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
        stand.until(lambda: not self.kinesis.list_stream_consumers(StreamARN=arn)["Consumers"])
        self.fact("left", 0)

    def read_pushed(self, consumer, shard, is_closed):
        subscription = dict(ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "TRIM_HORIZON"})
        pushed = self.kinesis.subscribe_to_shard(**subscription)["EventStream"]
        if shard == story.shard(4):
            try:
                self.kinesis.subscribe_to_shard(**subscription)
            except self.kinesis.exceptions.ResourceInUseException as error:
                self.fact("again", type(error).__name__, error.response["ResponseMetadata"]["HTTPStatusCode"])
        for each in pushed:
            event = each["SubscribeToShardEvent"]
            for record in event["Records"]:
                self.fact("pushed", shard, record["PartitionKey"], len(record["Data"]))
            for child in event.get("ChildShards", []):
                self.fact("branch", shard, child["ShardId"])
            if not is_closed and event["MillisBehindLatest"] == 0:
                break
        pushed.close()

    def tags_and_retention(self):
        def tags(word):
            for tag in self.kinesis.list_tags_for_stream(StreamName=self.stream)["Tags"]:
                self.fact(word, tag["Key"], tag["Value"])
        self.kinesis.add_tags_to_stream(StreamName=self.stream, Tags={"team": "water", "stage": "test"})
        tags("tag")
        self.kinesis.remove_tags_from_stream(StreamName=self.stream, TagKeys=["stage"])
        tags("kept")
        self.kinesis.increase_stream_retention_period(StreamName=self.stream, RetentionPeriodHours=48)
        self.fact("retention", self.summary()["RetentionPeriodHours"])
        self.kinesis.decrease_stream_retention_period(StreamName=self.stream, RetentionPeriodHours=24)
        self.fact("retention", self.summary()["RetentionPeriodHours"])

    def caught(self, name, call, **members):
        try:
            call(**members)
        except getattr(self.kinesis.exceptions, name) as error:
            response = error.response
            self.fact("caught", name, response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"])
            return True
        return False

    def errors(self):
        kinesis = self.kinesis
        self.caught("ResourceNotFoundException", kinesis.describe_stream_summary, StreamName="nowhere")
        self.caught("ResourceInUseException", kinesis.create_stream, StreamName=self.stream, ShardCount=1)
        self.caught("InvalidArgumentException", kinesis.split_shard, StreamName=self.stream, ShardToSplit=story.shard(2),
                    NewStartingHashKey="0")
        # boto3 itself looks at no maximum.
        with pytest.raises(botocore.exceptions.ClientError) as invalid:
            kinesis.put_record(StreamName=self.stream, PartitionKey="k" * 257, Data=b"x")
        response = invalid.value.response
        self.fact("invalid", response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"],
                  response["Error"]["Message"])

        iterator = self.iterator_of(story.shard(2), "LATEST")
        token = kinesis.list_shards(StreamName=self.stream, MaxResults=1)["NextToken"]
        self.server.advance(301_000)
        self.caught("ExpiredIteratorException", kinesis.get_records, ShardIterator=iterator)
        self.caught("ExpiredNextTokenException", kinesis.list_shards, NextToken=token)

        # Without retries, or boto3 would wait until the shard takes the record. Several, since a shard takes a megabyte
        # more for every second that this takes.
        impatient = boto3.client("kinesis", config=botocore.config.Config(retries={"total_max_attempts": 1}), **self.settings)
        for _ in range(100):
            if self.caught("ProvisionedThroughputExceededException", impatient.put_record, StreamName=self.stream,
                           PartitionKey="k", ExplicitHashKey="0", Data=bytes(1_000_000)):
                break

    def remove(self):
        self.kinesis.delete_stream(StreamName=self.stream)
        self.wait("stream_not_exists")
        self.fact("gone", self.stream)


@pytest.fixture(scope="module")
def told(any_server):
    return Life(any_server, "boto3").tell()


class TestStory(story.FanOutStory):
    pass
