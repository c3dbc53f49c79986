"""Limits that can be set: rates of calls, limits of one stream, of the whole server; and account quotas."""

import json
import subprocess

import cbor2
import pytest
from conftest import ACCOUNT, BINARY, Server, evidence
from kit import iterator, put, refused, shard, stream_arn
from raw import CBOR

HOUR = 3_600_000
TABLE = "developer guide: quotas and limits, as transcribed by public implementations"
RECORDED = "F: Graylog2/graylog-plugin-integrations 341, awslabs/amazon-kinesis-producer 257"


@pytest.fixture(scope="module")
def counted():
    """All of AWS's limits, but five calls a second where AWS allows more: on a busy machine nobody calls often enough."""
    rates = "DescribeStream=5,UpdateShardCount=5,DescribeStreamSummary=5,DescribeStreamConsumer=5"
    running = Server("--limits", "aws-all", "--stream.transition-quota", "0", "--limits.call-rates", rates)
    yield running
    running.stop()


def calls_until_refused(server, operation, body, most=1_200):
    """How many calls are made before one is refused for its rate, and that refusal."""
    for made in range(most):
        reply = server.raw.kinesis(operation, body)
        if reply.status == 400 and reply.json()["__type"] == "LimitExceededException":
            return made, reply.json()["message"]
    return most, None


OF_THE_ACCOUNT = {
    "DescribeLimits": (1, {}),
    "ListStreams": (5, {}),
}


@evidence("F", RECORDED)
@pytest.mark.parametrize("operation", OF_THE_ACCOUNT)
def test_calls_without_a_stream_are_refused_for_the_account(counted, operation):
    rate, body = OF_THE_ACCOUNT[operation]
    counted.advance(2_000)
    made, text = calls_until_refused(counted, operation, body)
    # The clock goes on while they are made; tests/unit/stream counts exactly.
    assert made >= rate and text == f"Rate exceeded for account {ACCOUNT}."


def named(name):
    return {"StreamName": name}


OF_A_STREAM = {
    "CreateStream": lambda name: {"StreamName": name, "ShardCount": 1},
    "DeleteStream": named,
    "AddTagsToStream": lambda name: {"StreamName": name, "Tags": {"a": "b"}},
    "RemoveTagsFromStream": lambda name: {"StreamName": name, "TagKeys": ["a"]},
    "ListTagsForStream": named,
    "SplitShard": lambda name: {"StreamName": name, "ShardToSplit": "0", "NewStartingHashKey": "1"},
    "MergeShards": lambda name: {"StreamName": name, "ShardToMerge": "0", "AdjacentShardToMerge": "1"},
    "PutResourcePolicy": lambda name: {"ResourceARN": stream_arn(name), "Policy": "{}"},
    "GetResourcePolicy": lambda name: {"ResourceARN": stream_arn(name)},
    "DeleteResourcePolicy": lambda name: {"ResourceARN": stream_arn(name)},
    "RegisterStreamConsumer": lambda name: {"StreamARN": stream_arn(name), "ConsumerName": "c"},
    "ListStreamConsumers": lambda name: {"StreamARN": stream_arn(name)},
    "DeregisterStreamConsumer": lambda name: {"ConsumerARN": stream_arn(name) + "/consumer/c:1"},
    "EnableEnhancedMonitoring": lambda name: {"StreamName": name, "ShardLevelMetrics": ["ALL"]},
    "DisableEnhancedMonitoring": lambda name: {"StreamName": name, "ShardLevelMetrics": ["ALL"]},
    "IncreaseStreamRetentionPeriod": lambda name: {"StreamName": name, "RetentionPeriodHours": 24},
    "DecreaseStreamRetentionPeriod": lambda name: {"StreamName": name, "RetentionPeriodHours": 24},
    "DescribeStream": named,
    "UpdateShardCount": lambda name: {"StreamName": name, "TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"},
    "DescribeStreamSummary": named,
    "DescribeStreamConsumer": lambda name: {"StreamARN": stream_arn(name), "ConsumerName": "c"},
}


@evidence("F", RECORDED + "; which rates are per stream: " + TABLE)
@pytest.mark.parametrize("operation", OF_A_STREAM)
def test_calls_about_a_stream_are_refused_with_its_name(counted, name, operation):
    counted.advance(2_000)
    made, text = calls_until_refused(counted, operation, OF_A_STREAM[operation](name))
    assert made >= 5
    assert text == f"Rate exceeded for stream {name} under account {ACCOUNT}."


@evidence("D", TABLE)
def test_a_rate_comes_back_with_time(counted, name):
    counted.advance(2_000)
    assert calls_until_refused(counted, "ListStreams", {})[1]
    counted.advance(1_000)
    assert counted.raw.kinesis("ListStreams", {}).status == 200


@evidence("D", TABLE + ": per stream")
def test_streams_do_not_share_a_rate_that_is_theirs(counted, name):
    counted.advance(2_000)
    body = {"ShardLevelMetrics": ["ALL"]}
    assert calls_until_refused(counted, "EnableEnhancedMonitoring", {"StreamName": name, **body})[1]
    assert counted.raw.error("EnableEnhancedMonitoring", {"StreamName": name + "-other", **body})[0] == "ResourceNotFoundException"


@evidence("own", "the calls of the data plane have limits of their shards instead")
def test_puts_and_reads_are_not_counted_as_calls(counted, name):
    counted.advance(2_000)
    counted.kinesis.create_stream(StreamName=name, ShardCount=1)
    put(counted.kinesis, name, *[b"x"] * 50)


@evidence("M", "CBOR errors are those of JSON")
def test_a_refusal_in_cbor(counted, name):
    counted.advance(2_000)
    replies = (counted.raw.kinesis("ListStreams", cbor2.dumps({}), CBOR) for _ in range(1_200))
    refusal = next(reply for reply in replies if reply.status == 400)
    assert cbor2.loads(refusal.body) == {"__type": "LimitExceededException", "message": f"Rate exceeded for account {ACCOUNT}."}


@evidence("own", "only aws-all counts calls")
def test_by_default_calls_are_not_counted(limited):
    assert calls_until_refused(limited, "ListStreams", {}, most=60) == (60, None)


@evidence("own", "limits.call_rates")
def test_rates_can_be_set_one_by_one():
    running = Server("--limits.call-rates", "ListStreams=2,DescribeLimits=0")
    assert calls_until_refused(running, "ListStreams", {})[1] is not None
    assert calls_until_refused(running, "DescribeLimits", {}, most=60) == (60, None)
    running.stop()


# --- Limits of one stream --------------------------------------------------------------------------

AWS = {"write_records": 1000, "write_bytes": 1048576, "read_calls": 5, "read_bytes": 2097152, "iterator_calls": 5,
       "subscribe_bytes": 2097152}
THROTTLED = "ProvisionedThroughputExceededException"


def limits(server, method, stream, body=None):
    reply = server.raw.request(method, f"/_penstock/streams/{stream}/limits", json.dumps(body) if body is not None else b"")
    return reply.status, reply.json()


@pytest.fixture
def narrow(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    return name


@evidence("own", "/_penstock/streams/{name}/limits")
def test_a_stream_has_the_server_s_limits_until_it_is_told(limited, server, narrow, stream):
    assert limits(limited, "GET", narrow) == (200, {"effective": AWS})
    assert limits(server, "GET", stream) == (200, {"effective": dict.fromkeys(AWS, 0)})
    own = {"write_records": 7, "read_calls": 0}
    assert limits(limited, "PUT", narrow, own) == (200, {**own, "effective": {**AWS, **own}})
    assert limits(limited, "GET", narrow) == (200, {**own, "effective": {**AWS, **own}})
    assert limits(limited, "DELETE", narrow) == (200, {"effective": AWS})


@evidence("own", "a misspelt limit takes nothing away")
@pytest.mark.parametrize("body", [{}, {"write_record": 5}])
def test_a_body_without_a_limit_is_refused(limited, narrow, body):
    own = {"write_records": 7}
    limits(limited, "PUT", narrow, own)
    status, reply = limits(limited, "PUT", narrow, body)
    assert status == 400 and "names no limit" in (reply.get("message") or reply.get("Message")), reply
    assert limits(limited, "GET", narrow) == (200, {**own, "effective": {**AWS, **own}})


@evidence("own", "/_penstock/streams/{name}/limits")
def test_limits_of_a_stream_hold_at_once(limited, narrow):
    limits(limited, "PUT", narrow, {"write_records": 2, "read_calls": 0, "iterator_calls": 0})
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 5
    assert limited.kinesis.put_records(StreamName=narrow, Records=entries)["FailedRecordCount"] == 3
    for _ in range(20):
        limited.kinesis.get_records(ShardIterator=iterator(limited.kinesis, narrow), Limit=1)
    limits(limited, "PUT", narrow, {"write_records": 0})
    assert limited.kinesis.put_records(StreamName=narrow, Records=entries * 100)["FailedRecordCount"] == 0


@evidence("own", "a stream may be limited where the server limits nothing")
def test_a_stream_has_limits_of_its_own_without_the_server_s(server, stream):
    limits(server, "PUT", stream, {"write_records": 3})
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 5
    reply = server.kinesis.put_records(StreamName=stream, Records=entries)
    assert [each.get("ErrorMessage") for each in reply["Records"]] == [None] * 3 + [
        f"Rate exceeded for shard {shard(0)} in stream {stream} under account {ACCOUNT}."] * 2


@evidence("own", "stored with the stream")
def test_limits_of_a_stream_outlive_a_restart(tmp_path, name):
    first = Server("--data", str(tmp_path / "data"))
    first.kinesis.create_stream(StreamName=name, ShardCount=1)
    own = {"write_bytes": 5, "call_rates": False}
    limits(first, "PUT", name, own)
    first.stop()
    second = Server("--data", str(tmp_path / "data"))
    assert limits(second, "GET", name)[1] == {**own, "effective": {**AWS, "write_bytes": 5}}
    second.stop()


@evidence("own", "call_rates: false")
def test_calls_about_a_stream_need_not_count(counted, name):
    counted.advance(2_000)
    counted.kinesis.create_stream(StreamName=name, ShardCount=1)
    limits(counted, "PUT", name, {"call_rates": False})
    assert calls_until_refused(counted, "DescribeStream", {"StreamName": name}, most=60) == (60, None)


@evidence("own", "plain JSON errors")
@pytest.mark.parametrize("body", [{"write_records": -1}, {"read_bytes": 10**13}, {"write_records": "many"}])
def test_limits_that_are_none_are_refused(limited, narrow, body):
    assert limits(limited, "PUT", narrow, body)[0] == 400
    assert limits(limited, "GET", narrow) == (200, {"effective": AWS})


@evidence("own", "plain JSON errors")
def test_a_stream_that_is_not_there_has_no_limits(limited):
    for method in ("GET", "PUT", "DELETE"):
        assert limits(limited, method, "nobody", {})[0] == 404


# --- Limits of the server --------------------------------------------------------------------------


@evidence("own", "each limit has a setting; 0: none")
def test_the_server_s_limits_can_be_set_and_switched_off(name):
    running = Server("--limits.write-records", "10", "--limits.iterator-calls", "0", "--limits.read-calls", "1")
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    assert limits(running, "GET", name)[1]["effective"] == {**AWS, "write_records": 10, "iterator_calls": 0, "read_calls": 1}
    assert running.kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "k"}] * 15)["FailedRecordCount"] == 5
    at = [iterator(running.kinesis, name) for _ in range(10)][-1]
    replies = [running.raw.kinesis("GetRecords", {"ShardIterator": at}) for _ in range(50)]
    assert THROTTLED in {reply.json().get("__type") for reply in replies}
    running.stop()


@evidence("D", "if a call returns 10 MiB, calls within the next 5 seconds are refused: the page is paid for as a whole")
def test_a_large_page_closes_the_shard_until_all_of_it_is_paid_for(limited, narrow):
    # A hundredth of a MiB a second instead of two, so that the machine's speed does not matter.
    limits(limited, "PUT", narrow, {"write_bytes": 0, "read_calls": 0, "iterator_calls": 0, "read_bytes": 10_486})
    put(limited.kinesis, narrow, *[b"x" * (1048576 - 1)] * 4)
    at = iterator(limited.kinesis, narrow)
    page = limited.kinesis.get_records(ShardIterator=at)
    assert len(page["Records"]) == 4
    limited.advance(300_000)
    assert refused(limited.kinesis.get_records, ShardIterator=iterator(limited.kinesis, narrow))[0] == THROTTLED
    limited.advance(100_001)
    limited.kinesis.get_records(ShardIterator=iterator(limited.kinesis, narrow), Limit=1)


# --- Account quotas --------------------------------------------------------------------------------


@evidence("F", "hashicorp/terraform-provider-aws pull request 1339: two spaces and the grammar are the service's")
def test_five_streams_are_created_or_deleted_at_once(name):
    running = Server("--stream.create-delay-ms", str(HOUR), "--stream.delete-delay-ms", str(HOUR))
    text = ("This request would have exceed the limit on the number  of streams that can simultaneously be in CREATING "
            f"or DELETING for the account {ACCOUNT}. Limit: 5.")
    for i in range(5):
        running.kinesis.create_stream(StreamName=f"{name}-{i}", ShardCount=1)
    assert refused(running.kinesis.create_stream, StreamName=name, ShardCount=1) == ("LimitExceededException", text)
    other = running.client("kinesis", access_key="111111111111")
    other.create_stream(StreamName=name, ShardCount=1)
    running.stop()


@evidence("own", "0: no quota")
def test_account_quotas_can_be_switched_off(name):
    running = Server("--stream.create-delay-ms", str(HOUR), "--stream.transition-quota", "0", "--stream.shard-quota", "0")
    for i in range(8):
        running.kinesis.create_stream(StreamName=f"{name}-{i}", ShardCount=8_000)
    assert running.kinesis.describe_limits()["ShardLimit"] == 1_000_000
    running.stop()


@evidence("own", "the settings of what one stream may have, and do in a day")
def test_quotas_of_a_stream_are_settings(name):
    running = Server("--stream.consumer-quota", "1", "--stream.tag-quota", "2", "--stream.resizes-per-day", "1",
                     "--stream.mode-changes-per-day", "0", "--stream.encryption-changes-per-day", "1")
    kinesis, arn = running.kinesis, stream_arn(name)
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="a")
    assert "Limit: 1." in refused(kinesis.register_stream_consumer, StreamARN=arn, ConsumerName="b")[1]
    kinesis.add_tags_to_stream(StreamName=name, Tags={"a": "1", "b": "2"})
    assert refused(kinesis.add_tags_to_stream, StreamName=name, Tags={"c": "3"})[0] == "InvalidArgumentException"
    scale = {"StreamName": name, "ScalingType": "UNIFORM_SCALING"}
    kinesis.update_shard_count(**scale, TargetShardCount=4)
    assert refused(kinesis.update_shard_count, **scale, TargetShardCount=2)[0] == "LimitExceededException"
    key = {"StreamName": name, "EncryptionType": "KMS", "KeyId": "alias/k"}
    kinesis.start_stream_encryption(**key)
    assert refused(kinesis.start_stream_encryption, **key)[0] == "LimitExceededException"
    for mode in ("ON_DEMAND", "PROVISIONED") * 3:
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode})
    running.stop()


@evidence("own", "what the rates are called")
@pytest.mark.parametrize("text", ["PutRecord=5", "ListStreams", "ListStreams=-1", "ListStreams=x", "liststreams=1"])
def test_rates_that_are_none_stop_the_start(text):
    done = subprocess.run([BINARY, "serve", "--limits.call-rates", text], capture_output=True, text=True)
    assert done.returncode == 2 and "--limits.call-rates" in done.stderr
