"""SubscribeToShard: by boto3, whose parser of event streams is AWS's own, by hand over HTTP/1.1, and by curl over HTTP/2."""

import base64
import itertools
import json
import re
import resource

import pytest
from botocore.exceptions import ClientError, EventStreamError
from conftest import Server, evidence
from events import Http2Subscription, Subscription
from kit import ACCOUNT, FIRST, merge, put, shard, shards_of, split_in_the_middle, stream_arn, until

MODEL = "service model of botocore 1.44.8"
KCL_391 = "awslabs/amazon-kinesis-client #391"
ADVISOR = "awslabs/kinesis-hot-shard-advisor #37"
KINESALITE = "comparison of kinesalite's suite with production"
LOCALSTACK = "localstack tests validated on AWS"
KCL = "what the Kinesis Client Library demands"


def register(server, stream, name="c"):
    return server.kinesis.register_stream_consumer(
        StreamARN=stream_arn(stream), ConsumerName=name)["Consumer"]["ConsumerARN"]


@pytest.fixture
def consumer(server, stream):
    return register(server, stream)


def subscribe(server, consumer, kind="TRIM_HORIZON", shard_id=FIRST, **position):
    return server.kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard_id, StartingPosition={"Type": kind, **position})["EventStream"]


def records_of(events, count):
    """The first `count` records, and the event that had the last of them."""
    found = []
    for event in events:
        found += event["SubscribeToShardEvent"]["Records"]
        if len(found) >= count:
            return found, event["SubscribeToShardEvent"]
    raise AssertionError(f"the stream ended after {len(found)} records")


def opened(server, consumer, kind="TRIM_HORIZON", shard_id=FIRST, **position):
    return Subscription(server.port, {"ConsumerARN": consumer, "ShardId": shard_id,
                                      "StartingPosition": {"Type": kind, **position}})


def opened_over_http_2(server, consumer, kind="TRIM_HORIZON", shard_id=FIRST):
    return Http2Subscription(server.port, {"ConsumerARN": consumer, "ShardId": shard_id, "StartingPosition": {"Type": kind}})


def refusal(server, **body):
    body = {"ShardId": FIRST, "StartingPosition": {"Type": "LATEST"}, **body}
    return server.raw.error("SubscribeToShard", body)


@evidence("M", MODEL)
def test_records_come_as_get_records_has_them(server, stream, consumer):
    numbers = put(server.kinesis, stream, b"one", b"two", key="a key")
    found, event = records_of(subscribe(server, consumer), 2)
    assert [record["Data"] for record in found] == [b"one", b"two"]
    assert [record["SequenceNumber"] for record in found] == numbers
    at = server.kinesis.get_shard_iterator(StreamName=stream, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    assert found == server.kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"]
    assert event["ContinuationSequenceNumber"] == numbers[-1]
    assert event["MillisBehindLatest"] == 0 and "ChildShards" not in event


@evidence("R", LOCALSTACK)
def test_the_reply_is_an_event_stream_that_begins_with_its_initial_response(server, stream, consumer):
    put(server.kinesis, stream, b"data")
    with opened(server, consumer) as subscription:
        assert subscription.status == 200
        assert subscription.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert subscription.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in subscription.headers
        assert re.fullmatch(r"[0-9a-f-]{36}", subscription.headers["x-amzn-requestid"])
        (first, payload), (second, event) = itertools.islice(subscription, 2)
    assert first[":message-type"] == "event" and first[":event-type"] == "initial-response"
    assert payload in (b"", b"{}")
    assert second == {":message-type": "event", ":event-type": "SubscribeToShardEvent", ":content-type": "application/json"}
    parsed = json.loads(event)
    assert list(parsed) == ["Records", "ContinuationSequenceNumber", "MillisBehindLatest"]
    assert list(parsed["Records"][0]) == ["SequenceNumber", "ApproximateArrivalTimestamp", "Data", "PartitionKey"]
    assert parsed["Records"][0]["Data"] == base64.b64encode(b"data").decode()


@evidence("D", "developer guide: records are pushed as they arrive")
def test_what_is_put_later_is_pushed(server, stream, consumer):
    events = iter(subscribe(server, consumer, "LATEST"))
    assert next(events)["SubscribeToShardEvent"]["Records"] == []
    for n in range(5):
        put(server.kinesis, stream, b"%d" % n)
        found, _ = records_of(events, 1)
        assert [record["Data"] for record in found] == [b"%d" % n]


@evidence("R", KINESALITE + " for iterators; the same for subscriptions")
def test_latest_is_decided_by_the_call(server, stream, consumer):
    put(server.kinesis, stream, b"before")
    events = subscribe(server, consumer, "LATEST")
    put(server.kinesis, stream, b"after")
    assert [record["Data"] for record in records_of(events, 1)[0]] == [b"after"]


@evidence("R", LOCALSTACK)
def test_every_starting_position(server, stream):
    numbers = put(server.kinesis, stream, b"a", b"b")
    server.advance(10)
    between = server.now_ms() / 1000
    server.advance(10)
    numbers += put(server.kinesis, stream, b"c")
    starting = shards_of(server.kinesis, stream)[FIRST]["SequenceNumberRange"]["StartingSequenceNumber"]
    cases = [
        ("TRIM_HORIZON", {}, [b"a", b"b", b"c"]),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": starting}, [b"a", b"b", b"c"]),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": numbers[1]}, [b"b", b"c"]),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": numbers[1]}, [b"c"]),
        ("AT_TIMESTAMP", {"Timestamp": between}, [b"c"]),
    ]
    for n, (kind, position, expected) in enumerate(cases):
        events = subscribe(server, register(server, stream, f"c{n}"), kind, **position)
        assert [record["Data"] for record in records_of(events, len(expected))[0]] == expected, kind


@evidence("M", MODEL + "; " + KCL)
def test_idle_it_speaks_and_its_numbers_can_be_continued(server, stream, consumer):
    put(server.kinesis, stream, b"a")
    with opened(server, consumer, "LATEST") as subscription:
        events = subscription.events()
        first = next(events)
        server.advance(2_000)
        second = next(events)
    assert first["Records"] == second["Records"] == []
    assert first["MillisBehindLatest"] == second["MillisBehindLatest"] == 0
    assert int(first["ContinuationSequenceNumber"]) < int(second["ContinuationSequenceNumber"])
    put(server.kinesis, stream, b"b")
    for kind in ("AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER"):
        server.advance(5_000)
        again = subscribe(server, consumer, kind, SequenceNumber=second["ContinuationSequenceNumber"])
        assert [record["Data"] for record in records_of(again, 1)[0]] == [b"b"], kind


@evidence("D", "API reference: a subscription lasts five minutes")
def test_it_ends_after_five_minutes_without_an_error(server, stream, consumer):
    events = iter(subscribe(server, consumer))
    next(events)
    server.advance(300_000)
    assert all(event["SubscribeToShardEvent"]["Records"] == [] for event in events)


@evidence("M", MODEL + "; " + KCL)
def test_a_split_shard_ends_with_its_children(server, stream, consumer):
    put(server.kinesis, stream, b"last")
    events = iter(subscribe(server, consumer))
    records_of(events, 1)
    split_in_the_middle(server.kinesis, stream)
    ends = [event["SubscribeToShardEvent"] for event in events]
    assert all("ContinuationSequenceNumber" in event and "ChildShards" not in event for event in ends[:-1])
    assert "ContinuationSequenceNumber" not in ends[-1]
    listed = shards_of(server.kinesis, stream)
    assert ends[-1]["ChildShards"] == [
        {"ShardId": shard(n), "ParentShards": [FIRST], "HashKeyRange": listed[shard(n)]["HashKeyRange"]} for n in (1, 2)]


@evidence("M", MODEL + "; " + KCL)
def test_merged_shards_end_with_one_child_of_both(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=2)
    merge(server.kinesis, name, shard(0), shard(1))
    for n in range(2):
        *_, last = subscribe(server, register(server, name, f"c{n}"), shard_id=shard(n))
        assert [child["ParentShards"] for child in last["SubscribeToShardEvent"]["ChildShards"]] == [[shard(0), shard(1)]]


@evidence("F", KCL_391)
def test_a_second_subscription_is_refused_for_five_seconds_then_takes_the_place(server, stream, consumer):
    text = f"Another active subscription exists for this consumer: {ACCOUNT}:{stream}:{FIRST}:c"
    events = iter(subscribe(server, consumer, "LATEST"))
    next(events)
    assert refusal(server, ConsumerARN=consumer) == ("ResourceInUseException", text)
    server.advance(5_000)
    second = iter(subscribe(server, consumer, "LATEST"))
    with pytest.raises(EventStreamError) as told:
        list(events)
    assert told.value.response["Error"] == {"Code": "ResourceInUseException", "Message": text}
    next(second)
    put(server.kinesis, stream, b"a")
    assert [record["Data"] for record in records_of(second, 1)[0]] == [b"a"]


@evidence("own", "an exception message, then the end; the text is that of a missing consumer")
def test_deregistering_ends_a_subscription(server, stream, consumer):
    with opened(server, consumer, "LATEST") as subscription:
        messages = iter(subscription)
        next(messages), next(messages)
        server.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
        *_, (headers, payload) = messages
    assert headers[":message-type"] == "exception" and headers[":exception-type"] == "ResourceNotFoundException"
    assert json.loads(payload) == {"message": f"Consumer {consumer}, account {ACCOUNT} not found."}


@evidence("own", "an exception message, then the end")
def test_deleting_the_stream_ends_a_subscription(server, stream, consumer):
    events = iter(subscribe(server, consumer, "LATEST"))
    next(events)
    server.kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    with pytest.raises(EventStreamError) as told:
        list(events)
    assert told.value.response["Error"]["Code"] == "ResourceNotFoundException"


@evidence("M", MODEL)
def test_a_large_record_fits_one_event(server, name):
    server.kinesis.create_stream(StreamName=name, ShardCount=1)
    data = bytes(range(256)) * 4_000
    put(server.kinesis, name, data, data, data)
    found, _ = records_of(subscribe(server, register(server, name)), 3)
    assert [record["Data"] for record in found] == [data] * 3


@evidence("D", "developer guide: two mebibytes a second and consumer, whatever GetRecords reads")
def test_subscriptions_have_a_budget_of_their_own(limited, name):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer = register(limited, name)
    put(limited.kinesis, name, b"a")
    at = limited.kinesis.get_shard_iterator(StreamName=name, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    with pytest.raises(ClientError):
        for _ in range(20):
            limited.kinesis.get_records(ShardIterator=at["ShardIterator"])
    assert records_of(subscribe(limited, consumer), 1)


@evidence("R", KINESALITE + " for iterators; the same for subscriptions")
@pytest.mark.parametrize("position, text", [
    ({"Type": "AT_SEQUENCE_NUMBER"}, "and no StartingSequenceNumber."),
    ({"Type": "LATEST", "SequenceNumber": "0"}, "and also a StartingSequenceNumber."),
    ({"Type": "AT_TIMESTAMP"}, "Current request has no timestamp parameter."),
    ({"Type": "AT_TIMESTAMP", "Timestamp": 9_999_999_999}, "The timestampInMillis parameter cannot be greater than"),
    ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "1" * 56}, "is invalid."),
    ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "5"}, f"It encodes {shard(5)}")])
def test_starting_positions_are_checked_as_for_iterators(server, stream, consumer, position, text):
    code, message = refusal(server, ConsumerARN=consumer, StartingPosition=position)
    assert code == "InvalidArgumentException" and text in message


@evidence("F", "the texts of iterators and of " + ADVISOR)
def test_what_does_not_exist_is_named(server, stream, consumer):
    unknown = f"{stream_arn(stream)}/consumer/other:1"
    assert refusal(server, ConsumerARN=unknown) == (
        "ResourceNotFoundException", f"Consumer {unknown}, account {ACCOUNT} not found.")
    assert refusal(server, ConsumerARN=consumer, ShardId="shardId-5") == (
        "ResourceNotFoundException", f"Shard {shard(5)} in stream {stream} under account {ACCOUNT} does not exist")
    assert refusal(server, ConsumerARN=consumer, ShardId="x") == (
        "ResourceNotFoundException", f"Could not find shard x in stream {stream} under account {ACCOUNT}.")


@evidence("M", MODEL)
@pytest.mark.parametrize("body, paths", [
    ({}, ["consumerARN", "shardId", "startingPosition"]),
    ({"ConsumerARN": "x", "ShardId": "", "StartingPosition": {"Type": "NOW"}}, ["consumerARN", "shardId", "startingPosition.type"]),
    ({"ConsumerARN": stream_arn("s") + "/consumer/c:1", "ShardId": "s",
      "StartingPosition": {"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "x"}}, ["startingPosition.sequenceNumber"])])
def test_constraints_are_checked_member_by_member(server, body, paths):
    code, message = server.raw.error("SubscribeToShard", body)
    assert code == "ValidationException"
    assert sorted(set(re.findall(r" at '([\w.]+)' failed", message))) == sorted(paths)


@evidence("own", "all checks, then DryRunOperationException; nothing is taken")
def test_a_dry_run_only_checks(server, stream, consumer):
    assert refusal(server, ConsumerARN=consumer, DryRun=True)[0] == "DryRunOperationException"
    assert refusal(server, ConsumerARN=consumer, ShardId="shardId-9", DryRun=True)[0] == "ResourceNotFoundException"
    assert next(iter(subscribe(server, consumer)))


@evidence("R", "localstack: SubscribeToShard as CBOR was answered with 500 by AWS")
def test_it_speaks_json_only(server):
    reply = server.raw.kinesis("SubscribeToShard", b"\xa0", content_type="application/x-amz-cbor-1.1")
    assert reply.status == 500


@evidence("own", "a reader that takes nothing stands in nobody's way")
def test_a_reader_that_takes_nothing_delays_nobody(server, stream):
    slow, quick = register(server, stream, "slow"), register(server, stream, "quick")
    with opened(server, slow):
        events = subscribe(server, quick)
        data = b"x" * 500_000
        for _ in range(40):
            put(server.kinesis, stream, data)
        assert len(records_of(events, 40)[0]) == 40


@evidence("own", "a reader that has gone gives its place back")
def test_a_reader_that_goes_is_noticed(server, stream, consumer):
    with opened(server, consumer) as subscription:
        next(subscription.events())
    server.advance(5_000)
    put(server.kinesis, stream, b"a")
    assert records_of(subscribe(server, consumer), 1)


@evidence("own", "stopping ends subscriptions in order")
def test_a_stop_ends_subscriptions(name):
    running = Server("--limits", "off")
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    events = iter(subscribe(running, register(running, name)))
    next(events)
    running.process.terminate()
    assert all(event["SubscribeToShardEvent"]["Records"] == [] for event in events)
    assert running.process.wait(timeout=30) == 0


@evidence("own", "a thousand at once, each reader sees the records of its shard")
def test_a_thousand_subscriptions_at_once(server, name):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    shards, consumers = 50, 20
    server.kinesis.create_stream(StreamName=name, ShardCount=shards)
    opens = [opened(server, arn, "LATEST", shard(n)) for arn in
             [register(server, name, f"c{n}") for n in range(consumers)] for n in range(shards)]
    try:
        assert len(opens) == 1_000 and all(each.status == 200 for each in opens)
        width = 2**128 // shards
        for n in range(shards):
            server.kinesis.put_record(StreamName=name, Data=b"%d" % n, PartitionKey="k", ExplicitHashKey=str(n * width))
        for position, each in enumerate(opens):
            found = next(event["Records"] for event in each.events() if event["Records"])
            assert base64.b64decode(found[0]["Data"]) == b"%d" % (position % shards)
    finally:
        for each in opens:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@evidence("D", "the model's h2: eventstream; Java's asynchronous client speaks it without TLS by prior knowledge")
def test_events_come_over_http_2_as_they_are_put(server, stream, consumer):
    with opened_over_http_2(server, consumer, "LATEST") as subscription:
        assert (subscription.version, subscription.status) == ("HTTP/2", 200)
        assert subscription.headers["content-type"] == "application/vnd.amazon.eventstream"
        assert "content-length" not in subscription.headers
        messages = iter(subscription)
        assert next(messages)[0][":event-type"] == "initial-response"
        events = subscription.events()
        assert next(events)["Records"] == []
        for n in range(3):
            put(server.kinesis, stream, b"%d" % n)
            found = next(event for event in events if event["Records"])["Records"]
            assert [base64.b64decode(record["Data"]) for record in found] == [b"%d" % n]


@evidence("D", "API reference: a subscription lasts five minutes")
def test_a_stream_of_http_2_ends_in_order(server, stream, consumer):
    with opened_over_http_2(server, consumer) as subscription:
        events = subscription.events()
        next(events)
        server.advance(300_000)
        assert all(event["Records"] == [] for event in events)
        assert subscription.ended() == 0


@evidence("own", "a backlog comes whole through the windows of HTTP/2")
def test_large_events_come_through_the_windows_of_http_2(server, stream, consumer):
    data = bytes(range(256)) * 2_000
    for _ in range(20):
        put(server.kinesis, stream, data)
    with opened_over_http_2(server, consumer) as subscription:
        found = []
        for event in subscription.events():
            found += event["Records"]
            if len(found) == 20:
                break
    assert all(base64.b64decode(record["Data"]) == data for record in found)


@pytest.mark.parametrize("killed", [False, True])
@evidence("own", "what was answered is on disk: consumers, and the numbers to go on from")
def test_a_consumer_goes_on_after_a_restart(tmp_path, name, killed):
    running = Server("--limits", "off", "--data", str(tmp_path))
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    tags = {"team": "a"}
    consumer = running.kinesis.register_stream_consumer(
        StreamARN=stream_arn(name), ConsumerName="c", Tags=tags)["Consumer"]["ConsumerARN"]
    put(running.kinesis, name, b"one", b"two")
    found, event = records_of(subscribe(running, consumer), 2)
    if killed:
        running.process.kill()
        running.process.wait()
    else:
        running.stop()
    running = Server("--limits", "off", "--data", str(tmp_path))
    try:
        described = running.kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]
        assert described["ConsumerStatus"] == "ACTIVE"
        listed = running.kinesis.list_tags_for_resource(ResourceARN=consumer)["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in listed} == tags
        put(running.kinesis, name, b"three")
        again = subscribe(running, consumer, "AFTER_SEQUENCE_NUMBER",
                          SequenceNumber=event["ContinuationSequenceNumber"])
        assert [record["Data"] for record in records_of(again, 1)[0]] == [b"three"]
    finally:
        running.stop()
