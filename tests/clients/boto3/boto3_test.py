"""boto3 with its own defaults: retries, connection pool, JSON."""

import boto3
import botocore.exceptions
import pytest

import stand


@pytest.fixture
def aws(server, monkeypatch):
    for name, value in stand.environment(server).items():
        monkeypatch.setenv(name, value)
    # A session of its own: the default one would remember another server's environment.
    return boto3.session.Session().client


def entries_of(records):
    return [{"PartitionKey": key, "Data": data} for key, data in records.items()]


def put_until_accepted(server, kinesis, stream, records):
    """The refused entries of each reply again, a second later; gives every reply."""
    replies = []
    while records:
        reply = kinesis.put_records(StreamName=stream, Records=entries_of(records))
        replies.append(reply)
        results = zip(records.items(), reply["Records"], strict=True)
        records = dict(record for record, result in results if "ErrorCode" in result)
        if records:
            server.advance(1_000)
    return replies


def read_all(kinesis, stream):
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=stand.SHARD, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        if page["MillisBehindLatest"] == 0:
            return records
        iterator = page["NextShardIterator"]


def test_a_batch_refused_in_part_is_retried_read_back_and_given_to_a_function(server, aws, function_zip):
    kinesis, functions = aws("kinesis"), aws("lambda")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="orders", WaiterConfig={"Delay": 1})

    first, second = put_until_accepted(server, kinesis, "orders", stand.RECORDS)
    assert first["FailedRecordCount"] == 1
    [refused] = [entry for entry in first["Records"] if "ErrorCode" in entry]
    assert refused == {"ErrorCode": "ProvisionedThroughputExceededException",
                       "ErrorMessage": stand.throttled("orders")}
    assert first["Records"][3] is refused, "the entries before it fit into the shard's second"
    assert second["FailedRecordCount"] == 0

    records = read_all(kinesis, "orders")
    assert {record["PartitionKey"]: record["Data"] for record in records} == stand.RECORDS
    assert len(records) == len(stand.RECORDS)

    functions.create_function(
        FunctionName="orders-seen", Runtime="python3.11", Handler="app.handler", Role=stand.ROLE,
        Code={"ZipFile": function_zip.read_bytes()})
    functions.get_waiter("function_active_v2").wait(FunctionName="orders-seen", WaiterConfig={"Delay": 1})
    mapping = functions.create_event_source_mapping(
        EventSourceArn=stand.stream_arn("orders"), FunctionName="orders-seen",
        StartingPosition="TRIM_HORIZON")
    server.wait_seen("orders-seen")
    stand.until(lambda: functions.get_event_source_mapping(
        UUID=mapping["UUID"])["LastProcessingResult"] == "OK")


def test_more_than_a_thousand_records_a_second_are_refused_by_number(server, aws):
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="counted", ShardCount=1)
    # Calls of 400 until one is refused in part: a slow machine refills the shard meanwhile.
    for call in range(50):
        reply = kinesis.put_records(
            StreamName="counted",
            Records=[{"PartitionKey": str(n), "Data": b"x"} for n in range(400)])
        if reply["FailedRecordCount"] > 0:
            break
    refused = [entry for entry in reply["Records"] if "ErrorCode" in entry]
    assert len(refused) == reply["FailedRecordCount"] > 0
    assert refused[0] == {"ErrorCode": "ProvisionedThroughputExceededException",
                          "ErrorMessage": stand.throttled("counted")}
    assert call >= 2, "a thousand fit into the first second"


def test_errors_arrive_as_exceptions_of_their_own(server, aws):
    kinesis = aws("kinesis")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException) as missing:
        kinesis.describe_stream_summary(StreamName="nowhere")
    assert missing.value.response["Error"]["Message"] == (
        f"Stream nowhere under account {stand.ACCOUNT} not found.")

    kinesis.create_stream(StreamName="expiring", ShardCount=1)
    iterator = kinesis.get_shard_iterator(
        StreamName="expiring", ShardId=stand.SHARD, ShardIteratorType="LATEST")["ShardIterator"]
    server.advance(301_000)
    with pytest.raises(kinesis.exceptions.ExpiredIteratorException) as expired:
        kinesis.get_records(ShardIterator=iterator)
    assert expired.value.response["Error"]["Message"].startswith("Iterator expired.")

    with pytest.raises(botocore.exceptions.ClientError) as invalid:
        kinesis.put_record(StreamName="expiring", Data=b"x", PartitionKey="k", ExplicitHashKey="none")
    assert invalid.value.response["Error"]["Code"] == "ValidationException"
