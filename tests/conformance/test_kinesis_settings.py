"""What is set on a stream: record size, distribution, monitoring, encryption; and the states it goes through."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Server, evidence
from kit import ACCOUNT, HOUR, data_of, not_found, put, read, refused, shard, stream_arn, until

MIB = 1 << 20
GUIDE = "developer guide of 2025-2026"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
SEVEN = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
         "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds"]


def summary(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


@pytest.fixture
def on_demand(server, name):
    server.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    return name


@pytest.fixture(scope="module")
def slow():
    """Changes take an hour of the service clock here."""
    running = Server("--stream.update-delay-ms", str(HOUR), "--limits", "off")
    yield running
    running.stop()


@pytest.fixture
def slow_stream(slow, name):
    slow.kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


def settle(slow, name):
    """Ends the change that is going on, which must be one."""
    assert summary(slow.kinesis, name)["StreamStatus"] == "UPDATING"
    slow.advance(HOUR)
    until(lambda: summary(slow.kinesis, name)["StreamStatus"] == "ACTIVE")


# --- Record size -----------------------------------------------------------------------------------


@evidence("D", GUIDE + ": large records")
def test_the_largest_record_of_a_stream_is_described(server, stream):
    assert summary(server.kinesis, stream)["MaxRecordSizeInKiB"] == 1024
    server.kinesis.update_max_record_size(StreamARN=stream_arn(stream), MaxRecordSizeInKiB=10240)
    assert summary(server.kinesis, stream)["MaxRecordSizeInKiB"] == 10240


@evidence("D", GUIDE + ": large records")
@pytest.mark.parametrize("which", ["put_record", "put_records"])
def test_a_record_of_ten_mebibytes_comes_back(server, stream, which):
    server.kinesis.update_max_record_size(StreamARN=stream_arn(stream), MaxRecordSizeInKiB=10240)
    data = bytes(range(256)) * ((10 * MIB - 256) // 256)
    if which == "put_record":
        server.kinesis.put_record(StreamName=stream, Data=data, PartitionKey="k" * 256)
    else:
        reply = server.kinesis.put_records(StreamName=stream, Records=[{"Data": data, "PartitionKey": "k" * 256}])
        assert reply["FailedRecordCount"] == 0
    server.kinesis.put_record(StreamName=stream, Data=b"behind it", PartitionKey="k")
    assert data_of(read(server.kinesis, stream)) == [data, b"behind it"]


@evidence("own", "more of them than memory holds, through the disk and a restart")
def test_records_of_ten_mebibytes_outlive_a_restart(tmp_path, name):
    settings = ("--data", str(tmp_path / "data"), "--memory", "64MiB", "--limits", "off")
    first = Server(*settings)
    first.kinesis.create_stream(StreamName=name, ShardCount=1, MaxRecordSizeInKiB=10240)
    payloads = [bytes([i]) * (10 * MIB - 1) for i in range(5)]
    put(first.kinesis, name, *payloads)
    first.stop()
    second = Server(*settings)
    assert data_of(read(second.kinesis, name)) == payloads
    second.stop()


@evidence("D", GUIDE + ": the key counts")
def test_key_and_data_together_are_bounded(server, stream):
    server.kinesis.update_max_record_size(StreamARN=stream_arn(stream), MaxRecordSizeInKiB=10240)
    code, text = refused(server.kinesis.put_record, StreamName=stream, Data=b"x" * 10 * MIB, PartitionKey="k")
    assert (code, text) == ("ValidationException",
                            "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must "
                            "have length less than or equal to 10485760.")


@evidence("F", "awslabs/amazon-kinesis-producer 680: the number is the stream's own limit")
def test_the_refusal_names_the_stream_s_own_limit(server, stream):
    server.kinesis.update_max_record_size(StreamARN=stream_arn(stream), MaxRecordSizeInKiB=2048)
    code, text = refused(server.kinesis.put_records, StreamName=stream,
                         Records=[{"Data": b"x" * 2 * MIB, "PartitionKey": "k"}])
    assert (code, text) == ("ValidationException",
                            "1 validation error detected: Value at 'records.1.member.data' failed to satisfy "
                            "constraint: Member must have length less than or equal to 2097152.")


@evidence("D", GUIDE + ": a shard bursts to 10 MiB and refills at its own rate")
def test_a_large_record_uses_up_a_shard_for_long(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    limited.kinesis.update_max_record_size(StreamARN=stream_arn(name), MaxRecordSizeInKiB=10240)
    # A hundredth of a MiB a second instead of one, so that the machine's speed does not matter.
    reply = limited.raw.request("PUT", f"/_penstock/streams/{name}/limits", json.dumps({"write_bytes": 10_486}))
    assert reply.status == 200
    large = {"StreamName": name, "Data": b"x" * (10 * MIB - 1), "PartitionKey": "k"}
    limited.kinesis.put_record(**large)
    limited.advance(800_000)
    assert refused(limited.kinesis.put_record, **large) == (
        "ProvisionedThroughputExceededException",
        f"Rate exceeded for shard {shard(0)} in stream {name} under account {ACCOUNT}.")
    limited.advance(200_000)
    limited.kinesis.put_record(**large)


@evidence("M", "StreamARN is not required")
def test_a_record_size_needs_a_stream(server):
    code, _ = server.raw.error("UpdateMaxRecordSize", {"MaxRecordSizeInKiB": 2048})
    assert code == "InvalidArgumentException"
    assert server.raw.error("UpdateMaxRecordSize", {
        "MaxRecordSizeInKiB": 2048, "StreamARN": stream_arn("nobody")}) == not_found("nobody")


# --- Distribution ----------------------------------------------------------------------------------


@evidence("D", GUIDE + ": service-managed partition keys")
def test_a_stream_that_distributes_by_itself_does_so_evenly(server, on_demand):
    server.kinesis.update_stream_record_distribution_strategy(
        StreamARN=stream_arn(on_demand), RecordDistributionStrategy="AUTO")
    assert summary(server.kinesis, on_demand)["RecordDistributionStrategy"] == "AUTO"
    reply = server.kinesis.put_records(
        StreamName=on_demand, Records=[{"Data": str(i).encode(), "PartitionKey": "same"} for i in range(100)])
    singles = [server.kinesis.put_record(StreamName=on_demand, Data=b"x", PartitionKey="same") for _ in range(20)]
    where = [each["ShardId"] for each in reply["Records"] + singles]
    assert sorted(where.count(shard(i)) for i in range(4)) == [30, 30, 30, 30]


@evidence("D", GUIDE + ": service-managed partition keys")
@pytest.mark.parametrize("protocol", ["json", "cbor"])
def test_a_key_is_returned_as_it_was_sent_and_absent_when_none_was(server, on_demand, protocol):
    server.kinesis.update_stream_record_distribution_strategy(
        StreamARN=stream_arn(on_demand), RecordDistributionStrategy="AUTO")
    if protocol == "json":
        server.raw.result("PutRecord", {"StreamName": on_demand, "Data": base64.b64encode(b"none").decode()})
        server.raw.result("PutRecords", {"StreamName": on_demand, "Records": [
            {"Data": base64.b64encode(b"some").decode(), "PartitionKey": "k"}]})
    else:
        server.raw.cbor("PutRecord", {"StreamName": on_demand, "Data": b"none"})
        server.raw.cbor("PutRecords", {"StreamName": on_demand, "Records": [{"Data": b"some", "PartitionKey": "k"}]})
    found = [record for i in range(4) for record in read(server.kinesis, on_demand, shard_id=shard(i))]
    assert {record["Data"]: record.get("PartitionKey") for record in found} == {b"none": None, b"some": "k"}


@evidence("D", GUIDE + ": ExplicitHashKey is ignored")
def test_an_explicit_hash_key_is_ignored_by_a_stream_that_distributes(server, name):
    server.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"},
                                 RecordDistributionStrategy="AUTO")
    reply = server.kinesis.put_records(StreamName=name, Records=[
        {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"} for _ in range(8)])
    assert len({each["ShardId"] for each in reply["Records"]}) == 4


@evidence("D", GUIDE + ": SequenceNumberForOrdering is refused; the text is ours")
def test_an_order_cannot_be_asked_of_a_stream_that_distributes(server, name):
    server.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"},
                                 RecordDistributionStrategy="AUTO")
    code, _ = refused(server.kinesis.put_record, StreamName=name, Data=b"x", PartitionKey="k",
                      SequenceNumberForOrdering="0")
    assert code == "InvalidArgumentException"


@evidence("R", "the text of when the shape required it, from the comparison of kinesalite's suite with production")
def test_a_key_is_needed_where_keys_choose_the_shard(server, stream):
    null = "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null"
    assert server.raw.error("PutRecord", {"StreamName": stream, "Data": ""}) == (
        "ValidationException", null.format("partitionKey"))
    assert server.raw.error("PutRecords", {"StreamName": stream, "Records": [
        {"Data": "", "PartitionKey": "k"}, {"Data": ""}]}) == (
        "ValidationException", null.format("records.2.member.partitionKey"))


@evidence("D", GUIDE + ": back on USER_PARTITION_KEY producers without keys fail")
def test_going_back_to_keys_asks_for_them_again(server, name):
    server.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"},
                                 RecordDistributionStrategy="AUTO")
    server.raw.result("PutRecord", {"StreamName": name, "Data": ""})
    server.kinesis.update_stream_record_distribution_strategy(
        StreamARN=stream_arn(name), RecordDistributionStrategy="USER_PARTITION_KEY")
    assert server.raw.error("PutRecord", {"StreamName": name, "Data": ""})[0] == "ValidationException"
    assert summary(server.kinesis, name)["RecordDistributionStrategy"] == "USER_PARTITION_KEY"


@evidence("D", GUIDE + ": on-demand streams only; the text is ours")
def test_a_provisioned_stream_does_not_distribute(server, stream, name):
    code, _ = refused(server.kinesis.update_stream_record_distribution_strategy,
                      StreamARN=stream_arn(stream), RecordDistributionStrategy="AUTO")
    assert code == "InvalidArgumentException"
    code, _ = refused(server.kinesis.create_stream, StreamName=name + "-b", ShardCount=1,
                      RecordDistributionStrategy="AUTO")
    assert code == "InvalidArgumentException"
    assert "RecordDistributionStrategy" not in summary(server.kinesis, stream)


# --- Monitoring ------------------------------------------------------------------------------------


def described(kinesis, name):
    of_stream = kinesis.describe_stream(StreamName=name)["StreamDescription"]["EnhancedMonitoring"]
    assert of_stream == summary(kinesis, name)["EnhancedMonitoring"]
    assert len(of_stream) == 1
    return of_stream[0]["ShardLevelMetrics"]


@evidence("D", "API reference; Terraform reads name and ARN")
def test_monitoring_answers_before_and_after_and_is_described(server, stream):
    assert described(server.kinesis, stream) == []
    reply = server.kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
    assert reply["CurrentShardLevelMetrics"] == []
    assert reply["DesiredShardLevelMetrics"] == ["IncomingBytes"]
    assert (reply["StreamName"], reply["StreamARN"]) == (stream, stream_arn(stream))
    reply = server.kinesis.enable_enhanced_monitoring(StreamARN=stream_arn(stream), ShardLevelMetrics=["ALL"])
    assert (reply["CurrentShardLevelMetrics"], reply["DesiredShardLevelMetrics"]) == (["IncomingBytes"], SEVEN)
    assert described(server.kinesis, stream) == SEVEN


@evidence("D", "API reference")
def test_monitoring_is_taken_back_name_by_name_or_all_at_once(server, stream):
    server.kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    reply = server.kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["OutgoingBytes"])
    assert reply["DesiredShardLevelMetrics"] == [name for name in SEVEN if name != "OutgoingBytes"]
    assert described(server.kinesis, stream) == reply["DesiredShardLevelMetrics"]
    server.kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    assert described(server.kinesis, stream) == []


@evidence("D", "API reference: no-op")
def test_what_is_not_monitored_can_be_disabled(server, stream):
    reply = server.kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingRecords"])
    assert (reply["CurrentShardLevelMetrics"], reply["DesiredShardLevelMetrics"]) == ([], [])


# --- Encryption ------------------------------------------------------------------------------------


@evidence("D", "developer guide: records keep the type of when they were written")
def test_a_record_keeps_the_type_of_when_it_was_put(server, stream):
    def put(data):
        return server.kinesis.put_record(StreamName=stream, Data=data, PartitionKey="k").get("EncryptionType")
    types = [put(b"0")]
    server.advance(1)
    server.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    types += [put(b"1"), put(b"2")]
    server.advance(1)
    server.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    types.append(put(b"3"))
    server.advance(1)
    server.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    types.append(put(b"4"))
    assert types == [None, "KMS", "KMS", None, "KMS"]
    assert [record.get("EncryptionType") for record in read(server.kinesis, stream)] == types


@evidence("R", "snapshots of LocalStack: EncryptionType only when encrypted")
def test_put_records_says_the_type_once(server, stream):
    entries = [{"Data": b"x", "PartitionKey": "k"}]
    assert "EncryptionType" not in server.kinesis.put_records(StreamName=stream, Records=entries)
    server.advance(1)
    server.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    assert server.kinesis.put_records(StreamName=stream, Records=entries)["EncryptionType"] == "KMS"


@evidence("R", "snapshots of LocalStack: EncryptionType only when encrypted")
def test_the_type_is_in_cbor_too(server, stream):
    server.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    put = server.raw.cbor("PutRecord", {"StreamName": stream, "Data": b"x", "PartitionKey": "k"})
    assert put["EncryptionType"] == "KMS"
    several = server.raw.cbor("PutRecords", {"StreamName": stream, "Records": [{"Data": b"y", "PartitionKey": "k"}]})
    assert several["EncryptionType"] == "KMS"
    at = server.raw.cbor("GetShardIterator", {"StreamName": stream, "ShardId": shard(0),
                                              "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
    records = server.raw.cbor("GetRecords", {"ShardIterator": at})["Records"]
    assert [record["EncryptionType"] for record in records] == ["KMS", "KMS"]


@evidence("D", "API reference: KeyId")
@pytest.mark.parametrize("key", [
    KEY, "mrk-1234abcd12ab34cd56ef1234567890ab", "alias/mine", "alias/aws/kinesis",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY}", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/mine"])
def test_a_key_is_described_as_it_was_given(server, stream, key):
    server.kinesis.start_stream_encryption(StreamARN=stream_arn(stream), EncryptionType="KMS", KeyId=key)
    for described in (summary(server.kinesis, stream),
                      server.kinesis.describe_stream(StreamName=stream)["StreamDescription"]):
        assert (described["EncryptionType"], described["KeyId"]) == ("KMS", key)
    server.kinesis.stop_stream_encryption(StreamARN=stream_arn(stream), EncryptionType="KMS", KeyId=key)
    for described in (summary(server.kinesis, stream),
                      server.kinesis.describe_stream(StreamName=stream)["StreamDescription"]):
        assert (described["EncryptionType"], described.get("KeyId")) == ("NONE", None)


@evidence("own", "the text is ours")
@pytest.mark.parametrize("key", ["mine", "alias/", "arn:aws:kms:us-east-1:000000000000:grant/1", KEY + "0",
                                 f"arn:aws:s3:us-east-1:{ACCOUNT}:key/{KEY}"])
def test_what_names_no_key_is_refused(server, stream, key):
    code, text = refused(server.kinesis.start_stream_encryption, StreamName=stream, EncryptionType="KMS", KeyId=key)
    assert code == "InvalidArgumentException" and key in text
    assert summary(server.kinesis, stream)["EncryptionType"] == "NONE"


@evidence("D", "API reference: the only valid value is KMS")
def test_encryption_of_type_none_is_refused(server, stream):
    assert refused(server.kinesis.start_stream_encryption, StreamName=stream, EncryptionType="NONE", KeyId=KEY) == (
        "InvalidArgumentException", "EncryptionType must be KMS.")


@evidence("own", "AWS's answer is not recorded")
def test_stopping_what_was_not_started_succeeds(server, stream):
    server.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=KEY)
    assert summary(server.kinesis, stream)["EncryptionType"] == "NONE"


@evidence("D", "API reference: the key that encryption was started with; the text is ours")
def test_encryption_is_stopped_with_its_own_key(server, stream):
    other = "alias/other"
    server.kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/mine")
    assert refused(server.kinesis.stop_stream_encryption, StreamName=stream, EncryptionType="KMS", KeyId=other) == (
        "InvalidArgumentException",
        f"KeyId {other} is not the key that stream {stream} under account {ACCOUNT} is encrypted with, alias/mine.")
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/mine"
    server.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=arn)
    assert summary(server.kinesis, stream)["EncryptionType"] == "NONE"


@evidence("R", "kinesalite's suite: the present retention once more, and at once the next change")
def test_what_changes_nothing_does_not_update(slow, slow_stream):
    slow.kinesis.increase_stream_retention_period(StreamName=slow_stream, RetentionPeriodHours=24)
    slow.kinesis.disable_enhanced_monitoring(StreamName=slow_stream, ShardLevelMetrics=["ALL"])
    slow.kinesis.update_max_record_size(StreamARN=stream_arn(slow_stream), MaxRecordSizeInKiB=1024)
    assert summary(slow.kinesis, slow_stream)["StreamStatus"] == "ACTIVE"


@evidence("D", "25 of each in a rolling day")
def test_encryption_is_started_25_times_a_day(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    call = {"StreamName": name, "EncryptionType": "KMS", "KeyId": KEY}
    for _ in range(25):
        limited.kinesis.start_stream_encryption(**call)
    assert refused(limited.kinesis.start_stream_encryption, **call) == (
        "LimitExceededException", f"Rate exceeded for stream {name} under account {ACCOUNT}.")
    limited.kinesis.stop_stream_encryption(**call)
    limited.advance(24 * HOUR)
    limited.kinesis.start_stream_encryption(**call)


@evidence("own", "the mark of records outlives the server")
def test_types_outlive_a_restart(tmp_path, name):
    first = Server("--data", str(tmp_path / "data"))
    first.kinesis.create_stream(StreamName=name, ShardCount=1)
    for data in (b"0", b"1"):
        first.kinesis.put_record(StreamName=name, Data=data, PartitionKey="k")
        first.advance(1)
        first.kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=KEY)
    first.kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["ALL"])
    first.stop()
    second = Server("--data", str(tmp_path / "data"))
    assert [each.get("EncryptionType") for each in read(second.kinesis, name)] == [None, "KMS"]
    assert summary(second.kinesis, name)["KeyId"] == KEY
    assert described(second.kinesis, name) == SEVEN
    second.stop()


# --- States ----------------------------------------------------------------------------------------

CHANGES = {
    "UpdateMaxRecordSize": lambda name: {"StreamARN": stream_arn(name), "MaxRecordSizeInKiB": 2048},
    "StartStreamEncryption": lambda name: {"StreamName": name, "EncryptionType": "KMS", "KeyId": KEY},
    "StopStreamEncryption": lambda name: {"StreamName": name, "EncryptionType": "KMS", "KeyId": KEY},
    "EnableEnhancedMonitoring": lambda name: {"StreamName": name, "ShardLevelMetrics": ["ALL"]},
    "IncreaseStreamRetentionPeriod": lambda name: {"StreamName": name, "RetentionPeriodHours": 30},
}


@evidence("D", "API reference: the stream is UPDATING, then ACTIVE")
@pytest.mark.parametrize("operation", CHANGES)
def test_a_change_keeps_the_stream_updating_for_a_while(slow, slow_stream, operation):
    body = CHANGES[operation](slow_stream)
    if operation == "StopStreamEncryption":  # There must be something to stop.
        slow.raw.result("StartStreamEncryption", body)
        settle(slow, slow_stream)
    assert slow.raw.kinesis(operation, body).status == 200
    slow.kinesis.put_record(StreamName=slow_stream, Data=b"meanwhile", PartitionKey="k")
    assert slow.raw.error(operation, body) == (
        "ResourceInUseException",
        f"Stream {slow_stream} under account {ACCOUNT} not ACTIVE, instead in state UPDATING")
    settle(slow, slow_stream)


@evidence("M", "every change names the stream")
@pytest.mark.parametrize("operation", [*CHANGES, "UpdateStreamRecordDistributionStrategy"])
def test_a_stream_that_is_not_there_cannot_be_changed(server, operation):
    body = CHANGES.get(operation, lambda name: {"StreamARN": stream_arn(name), "RecordDistributionStrategy": "AUTO"})
    assert server.raw.error(operation, body("nobody")) == not_found("nobody")


@evidence("D", "developer guide: records written after the stream is ACTIVE again are encrypted")
def test_encryption_holds_when_the_change_is_done(slow, slow_stream):
    def put():
        return slow.kinesis.put_record(StreamName=slow_stream, Data=b"x", PartitionKey="k").get("EncryptionType")
    slow.kinesis.start_stream_encryption(StreamName=slow_stream, EncryptionType="KMS", KeyId=KEY)
    during = put()
    settle(slow, slow_stream)
    assert (during, put()) == (None, "KMS")
    assert [each.get("EncryptionType") for each in read(slow.kinesis, slow_stream)] == [None, "KMS"]


@evidence("own", "one commit each; none is lost")
def test_changes_at_once_are_all_kept(server, stream):
    with ThreadPoolExecutor(7) as callers:
        list(callers.map(lambda metric: server.kinesis.enable_enhanced_monitoring(
            StreamName=stream, ShardLevelMetrics=[metric]), SEVEN))
    assert described(server.kinesis, stream) == SEVEN
