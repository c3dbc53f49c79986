"""The calls of Terraform's AWS provider for a stream, its consumer and its policy, in their order, made with boto3.

Terraform itself and its provider come as downloads that no registry of ours has: this replays what they ask for.
"""

import json

import boto3
import pytest

import stand

KEY = "alias/aws/kinesis"


@pytest.fixture(scope="module")
def kinesis(server):
    return boto3.client("kinesis", endpoint_url=server.url, region_name=stand.REGION,
                        aws_access_key_id=server.key.access_key, aws_secret_access_key=server.key.secret_key)


def summary(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def settled(kinesis, name):
    """What the provider does after each change: it asks until the stream is ACTIVE."""
    return stand.until(lambda: (found := summary(kinesis, name))["StreamStatus"] == "ACTIVE" and found)


def tags(kinesis, name):
    return {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_stream(StreamName=name)["Tags"]}


def is_gone(kinesis, call, **members):
    try:
        call(**members)
    except kinesis.exceptions.ResourceNotFoundException:
        return True
    return False


@pytest.fixture
def stream(kinesis, request):
    """Applied, as from a configuration with everything in it."""
    name = request.node.name.replace("_", "-")[:100]
    limits = kinesis.describe_limits()
    assert limits["OpenShardCount"] + 2 <= limits["ShardLimit"]
    kinesis.create_stream(StreamName=name, ShardCount=2, MaxRecordSizeInKiB=2048, Tags={"team": "water"},
                          StreamModeDetails={"StreamMode": "PROVISIONED"})
    settled(kinesis, name)
    # The provider asks for the retention of the configuration even where that is what the stream has.
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
    settled(kinesis, name)
    kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    settled(kinesis, name)
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=KEY)
    settled(kinesis, name)
    yield name
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    stand.until(lambda: is_gone(kinesis, kinesis.describe_stream_summary, StreamName=name))


def test_what_was_applied_is_what_is_read(kinesis, stream):
    read = summary(kinesis, stream)
    assert read["StreamName"] == stream
    assert read["StreamARN"] == stand.stream_arn(stream)
    assert (read["EncryptionType"], read["KeyId"]) == ("KMS", KEY)
    assert (read["MaxRecordSizeInKiB"], read["RetentionPeriodHours"], read["OpenShardCount"]) == (2048, 24, 2)
    assert read["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert [sorted(each["ShardLevelMetrics"]) for each in read["EnhancedMonitoring"]] == [
        ["IncomingBytes", "OutgoingBytes"]]
    assert tags(kinesis, stream) == {"team": "water"}


def test_each_change_of_the_configuration_is_carried_out(kinesis, stream):
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert settled(kinesis, stream)["OpenShardCount"] == 4
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    assert settled(kinesis, stream)["RetentionPeriodHours"] == 48
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=36)
    assert settled(kinesis, stream)["RetentionPeriodHours"] == 36
    kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
    settled(kinesis, stream)
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IteratorAgeMilliseconds"])
    [monitoring] = settled(kinesis, stream)["EnhancedMonitoring"]
    assert sorted(monitoring["ShardLevelMetrics"]) == ["IteratorAgeMilliseconds", "OutgoingBytes"]
    kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    assert settled(kinesis, stream)["EncryptionType"] == "NONE"
    kinesis.update_max_record_size(StreamARN=stand.stream_arn(stream), MaxRecordSizeInKiB=1024)
    assert settled(kinesis, stream)["MaxRecordSizeInKiB"] == 1024
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["team"])
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"stage": "test"})
    assert tags(kinesis, stream) == {"stage": "test"}
    kinesis.update_stream_mode(StreamARN=stand.stream_arn(stream), StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert settled(kinesis, stream)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_a_consumer_is_applied_and_destroyed(kinesis, stream):
    arn = kinesis.register_stream_consumer(StreamARN=stand.stream_arn(stream), ConsumerName="reader")["Consumer"]["ConsumerARN"]
    read = stand.until(lambda: (found := kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"])[
        "ConsumerStatus"] == "ACTIVE" and found)
    assert (read["ConsumerName"], read["StreamARN"]) == ("reader", stand.stream_arn(stream))
    kinesis.tag_resource(ResourceARN=arn, Tags={"team": "water"})
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "water"}]
    kinesis.deregister_stream_consumer(ConsumerARN=arn)
    stand.until(lambda: is_gone(kinesis, kinesis.describe_stream_consumer, ConsumerARN=arn))


def test_a_policy_is_applied_and_destroyed(kinesis, stream):
    arn = stand.stream_arn(stream)
    policy = {"Version": "2012-10-17", "Id": "writePolicy", "Statement": [{
        "Sid": "writestatement", "Effect": "Allow", "Principal": {"AWS": "123456789456"},
        "Action": ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": arn}]}
    kinesis.put_resource_policy(ResourceARN=arn, Policy=json.dumps(policy))
    assert json.loads(kinesis.get_resource_policy(ResourceARN=arn)["Policy"]) == policy
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"


def test_the_sdks_waiters_see_a_stream_come_and_go(kinesis):
    kinesis.create_stream(StreamName="waited-for", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="waited-for", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    kinesis.delete_stream(StreamName="waited-for")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="waited-for", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert "waited-for" not in kinesis.list_streams()["StreamNames"]
