"""What a mapping does with a stream's records: batches, retries, bisecting, giving up, filters, order.

The functions are remote ones in this process, so that a test decides each reply and sees each event.
"""

import hashlib
import json
import re
import threading

import pytest
from botocore.exceptions import ClientError
from conftest import ACCOUNT, REGION, Server, evidence
from kit import FIRST, create_function, put, shard, shards_of, split_in_the_middle, stream_arn, until
from remote import Failure, Unreachable, create_remote

RECORDED = "recorded snapshots of a public emulator's suite"
GUIDE = "Lambda Developer Guide"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def function_arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


# --- The stand ------------------------------------------------------------------------------------------


COUNTS = ("stored", "succeeded", "filtered", "delivered", "dropped", "expired_unread", "skipped_by_start", "pending",
          "unaccounted")


class Queue:
    """A failure destination."""

    def __init__(self, server, name):
        self.sqs = server.sqs
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        self.bodies = []

    def receive(self):
        """Everything that ever came, parsed."""
        for message in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.bodies.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.bodies

    def wait(self, count=1, each=None):
        return until(lambda: len(self.receive()) >= count and self.bodies, each=each)


class Stand:
    """A stream, functions that answer as told, and mappings between them."""

    def __init__(self, server, remotes, name, stream):
        self.server, self.remotes, self.name, self.stream = server, remotes, name, stream
        self.mappings = []
        self.count = 0

    def function(self, handler=lambda event, call: None, **more):
        self.count += 1
        remote = self.remotes.add(f"{self.name}-{self.count}", handler)
        remote.name = f"{self.name}-{self.count}"
        create_remote(self.server, remote.name, remote, **more)
        return remote

    def queue(self):
        return Queue(self.server, f"{self.name}-failures")

    def map(self, function, queue=None, **settings):
        """The UUID of a mapping that is Enabled."""
        request = {"EventSourceArn": stream_arn(self.stream), "StartingPosition": "TRIM_HORIZON",
                   "FunctionName": getattr(function, "name", function), **settings}
        if queue is not None:
            request["DestinationConfig"] = {"OnFailure": {"Destination": queue.arn}}
        identity = self.server.functions.create_event_source_mapping(**request)["UUID"]
        self.mappings.append(identity)
        wanted = "Enabled" if settings.get("Enabled", True) else "Disabled"
        until(lambda: self.get(identity)["State"] == wanted)
        return identity

    def get(self, identity):
        return self.server.functions.get_event_source_mapping(UUID=identity)

    def update(self, identity, state="Enabled", **changes):
        self.server.functions.update_event_source_mapping(UUID=identity, **changes)
        until(lambda: self.get(identity)["State"] == state)

    def put(self, *payloads, key="k"):
        """All in one call; the sequence numbers."""
        records = [{"Data": text.encode(), "PartitionKey": key} for text in payloads]
        reply = self.server.kinesis.put_records(StreamName=self.stream, Records=records)
        assert reply["FailedRecordCount"] == 0
        return [each["SequenceNumber"] for each in reply["Records"]]

    def advance(self, milliseconds=500):
        self.server.advance(milliseconds)

    def settled(self, identity):
        """Waits until the mapping has settled every record of its stream; its counts, as the audit has them."""
        def done():
            [shards] = [consumer["shards"] for stream in self.server.audit()["streams"]
                        for consumer in stream["consumers"] if consumer["mapping"] == identity]
            sums = {count: sum(row[count] for row in shards) for count in COUNTS}
            return shards and sums["pending"] == 0 and sums
        sums = until(done)
        assert sums["unaccounted"] == 0
        return {count: number for count, number in sums.items() if number and count != "stored"}

    def clean(self):
        for identity in self.mappings:
            try:
                self.server.functions.delete_event_source_mapping(UUID=identity)
            except ClientError:
                pass  # Deleted by the test, or in the middle of a change.


@pytest.fixture
def stand(server, remotes, name, stream):
    made = Stand(server, remotes, name, stream)
    yield made
    made.clean()


def failing(event, call):
    raise Failure("no")


def item_failures(*numbers):
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def numbers_of(event):
    return [record["kinesis"]["sequenceNumber"] for record in event["Records"]]


def letters(count):
    return [chr(ord("a") + n) for n in range(count)]


# --- Batches --------------------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_two_puts_of_ten_are_two_batches_of_ten_in_order(stand):
    function = stand.function()
    stand.map(function, BatchSize=10)
    first = stand.put(*[f"a{n}" for n in range(10)], key="one")
    second = stand.put(*[f"b{n}" for n in range(10)], key="two")
    until(lambda: len(function.received) == 20)
    assert [numbers_of(event) for event in function.events] == [first, second]


@evidence("R", RECORDED)
def test_an_event_has_the_recorded_form(stand):
    function = stand.function()
    stand.map(function)
    [number] = stand.put("Hello, this is a test.", key="1")
    until(lambda: function.events)
    [record] = function.events[0]["Records"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    assert abs(arrival - stand.server.now_ms() / 1000) < 60
    assert function.events == [{"Records": [{
        "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": number,
                    "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg=="},
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": f"{FIRST}:{number}",
        "eventName": "aws:kinesis:record", "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/any",
        "awsRegion": REGION, "eventSourceARN": stream_arn(stand.stream)}]}]
    assert list(record) == ["kinesis", "eventSource", "eventVersion", "eventID", "eventName", "invokeIdentityArn",
                            "awsRegion", "eventSourceARN"]


@evidence("D", GUIDE)
def test_a_batch_has_at_most_batch_size_records(stand):
    stand.put(*letters(7))
    function = stand.function()
    stand.map(function, BatchSize=3)
    until(lambda: len(function.received) == 7)
    assert function.batches == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


@evidence("D", GUIDE)
def test_a_window_collects_a_batch(stand):
    function = stand.function()
    stand.map(function, MaximumBatchingWindowInSeconds=300)
    stand.put("a")
    stand.put("b")
    marker = stand.function()
    stand.map(marker)
    until(lambda: marker.received == ["a", "b"])
    assert function.events == []
    stand.advance(300_000)
    until(lambda: function.events)
    assert function.batches == [["a", "b"]]


@evidence("D", GUIDE)
def test_a_full_batch_does_not_wait_for_its_window(stand):
    function = stand.function()
    stand.map(function, MaximumBatchingWindowInSeconds=300, BatchSize=2)
    stand.put("a", "b", "c")
    until(lambda: function.events)
    assert function.batches == [["a", "b"]]


@evidence("D", "6 MB, the whole event with base64 included")
def test_an_event_stays_below_six_mebibytes(stand):
    function = stand.function()
    stand.map(function, MaximumBatchingWindowInSeconds=300, BatchSize=10)
    for n in range(6):
        stand.put(str(n) * 1_000_000)
    until(lambda: function.events)
    assert [[text[0] for text in batch] for batch in function.batches] == [["0", "1", "2", "3"]]
    # The window starts again when the invocation has ended.
    until(lambda: len(function.events) == 2, each=lambda: stand.advance(60_000))
    assert [text[0] for text in function.batches[1]] == ["4", "5"]
    assert max(int(headers["Content-Length"]) for headers in function.headers) <= 6_291_456


# --- Where a mapping starts -----------------------------------------------------------------------------


@evidence("D", GUIDE)
def test_latest_begins_behind_what_is_there(stand):
    stand.put("old")
    function = stand.function()
    stand.map(function, StartingPosition="LATEST")
    stand.put("new")
    until(lambda: function.received)
    assert function.received == ["new"]


@evidence("D", GUIDE)
def test_at_timestamp_begins_with_the_first_record_of_that_time(stand):
    stand.put("old")
    stand.advance(10_000)
    start = stand.server.now_ms() / 1000
    stand.advance(10_000)
    stand.put("new")
    function = stand.function()
    stand.map(function, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=start)
    until(lambda: function.received)
    assert function.received == ["new"]


@evidence("R", RECORDED)
def test_two_mappings_of_a_stream_get_every_record_each(stand):
    first, second = stand.function(), stand.function()
    stand.map(first)
    stand.map(second)
    stand.put(*letters(5))
    until(lambda: len(first.received) == len(second.received) == 5)
    assert first.received == second.received == letters(5)


# --- Failure and retries --------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_exhausted_attempts_go_to_the_destination_in_the_recorded_form(stand):
    function, queue = stand.function(failing), stand.queue()
    stand.map(function, queue, BatchSize=1, MaximumRetryAttempts=1)
    [number] = stand.put("a")
    [body] = queue.wait(each=stand.advance)
    assert function.batches == [["a"], ["a"]]
    context, info = body["requestContext"], body["KinesisBatchInfo"]
    assert UUID.fullmatch(context.pop("requestId"))
    assert UTC.fullmatch(body.pop("timestamp"))
    arrivals = info.pop("approximateArrivalOfFirstRecord"), info.pop("approximateArrivalOfLastRecord")
    assert UTC.fullmatch(arrivals[0]) and arrivals[0] == arrivals[1]
    assert body == {
        "requestContext": {"functionArn": function_arn(function.name), "condition": "RetryAttemptsExhausted",
                           "approximateInvokeCount": 2},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "KinesisBatchInfo": {"shardId": FIRST, "startSequenceNumber": number, "endSequenceNumber": number,
                             "batchSize": 1, "streamArn": stream_arn(stand.stream)}}


@evidence("R", "the request id is that of the last invocation")
def test_a_failure_record_names_the_last_invocation(stand):
    function, queue = stand.function(failing), stand.queue()
    stand.map(function, queue, MaximumRetryAttempts=1)
    stand.put("a")
    [body] = queue.wait(each=stand.advance)
    assert body["requestContext"]["requestId"] == function.headers[-1]["X-Amzn-RequestId"]


@pytest.mark.parametrize("retries", [0, 1, 3])
@evidence("R", RECORDED)
def test_n_retries_are_n_and_one_invocations(stand, retries):
    function, queue = stand.function(failing), stand.queue()
    stand.map(function, queue, MaximumRetryAttempts=retries)
    stand.put("a", "b")
    [body] = queue.wait(each=stand.advance)
    assert function.batches == [["a", "b"]] * (retries + 1)
    assert body["requestContext"]["approximateInvokeCount"] == retries + 1
    assert body["KinesisBatchInfo"]["batchSize"] == 2


@evidence("D", GUIDE)
def test_a_failing_batch_holds_its_shard_and_stays_the_same(stand):
    def handler(event, call):
        if call == 1:
            stand.put("b")
        if call <= 3:
            raise Failure("not yet")
    function = stand.function(handler)
    identity = stand.map(function)
    stand.put("a")
    until(lambda: len(function.events) == 5, each=stand.advance)
    assert function.batches == [["a"]] * 4 + [["b"]]
    stand.settled(identity)


@evidence("own", "half a second, doubled each time up to a minute; here an hour and three")
def test_the_pause_before_a_retry_doubles(remotes, name):
    def fail(event, call):
        raise Failure("no")
    hour, step = 3_600_000, 300_000
    server = Server("--limits", "off", "--mapping.retry-pause-ms", str(hour),
                    "--mapping.retry-pause-max-ms", str(3 * hour))
    try:
        server.kinesis.create_stream(StreamName=name, ShardCount=1)
        stand = Stand(server, remotes, name, name)
        function = stand.function(fail)
        stand.map(function, MaximumRetryAttempts=4)
        stand.put("a")

        def moments(word):
            """When the invocations started or ended, by the service clock as the server writes it beside each."""
            lines = server.raw.request("GET", f"/_penstock/functions/{function.name}/logs?after=0").json()["lines"]
            return [line["time_ms"] for line in lines if line["text"].startswith(word)]
        until(lambda: len(moments("END")) == 5, each=lambda: stand.advance(step))
        pauses = [start - end for end, start in zip(moments("END"), moments("START")[1:])]
        for pause, expected in zip(pauses, (hour, 2 * hour, 3 * hour, 3 * hour), strict=True):
            # Time comes in steps, of which a few may pass while the server turns to the batch.
            assert expected <= pause < expected + 6 * step, pauses
    finally:
        server.stop()


@evidence("R", RECORDED)
def test_records_without_destination_are_dropped_and_counted(stand):
    function = stand.function(lambda event, call: failing(event, call) if call <= 1 else None)
    identity = stand.map(function, MaximumRetryAttempts=0, BatchSize=1)
    stand.put("a", "b")
    until(lambda: function.received == ["a", "b"])
    assert stand.settled(identity) == {"succeeded": 1, "dropped": 1}


@evidence("D", "throttles and unreachable functions are no attempts")
def test_what_never_reached_the_function_is_no_attempt(stand):
    def handler(event, call):
        if call <= 5:
            raise Unreachable
    function, queue = stand.function(handler), stand.queue()
    identity = stand.map(function, queue, MaximumRetryAttempts=0)
    stand.put("a")
    until(lambda: len(function.events) == 6, each=lambda: stand.advance(5_000))
    stand.settled(identity)
    assert function.batches == [["a"]] * 6
    assert queue.receive() == []


@evidence("D", "429 is waited out; it is no attempt and never bisects")
def test_throttled_batches_wait_for_their_turn(remotes, name):
    release = threading.Event()
    server = Server("--limits", "off", "--function.concurrency", "1")
    try:
        server.kinesis.create_stream(StreamName=name, ShardCount=1)
        stand = Stand(server, remotes, f"{name}-narrow", name)
        holding = stand.function(lambda event, call: release.wait(60) and None)
        waiting, queue = stand.function(), stand.queue()
        stand.map(holding)
        stand.put("a")
        until(lambda: holding.events)
        throttled = stand.map(waiting, queue, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
        until(lambda: stand.get(throttled)["LastProcessingResult"] == "PROBLEM: Function call failed")
        for _ in range(10):
            stand.advance(60_000)
        assert waiting.events == []
        release.set()
        until(lambda: waiting.events, each=lambda: stand.advance(5_000))
        stand.settled(throttled)
        assert waiting.batches == [["a"]]
        assert queue.receive() == []
    finally:
        release.set()
        server.stop()


# --- Age ------------------------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_record_that_keeps_failing_is_given_up_by_its_age(stand):
    function, queue = stand.function(failing), stand.queue()
    stand.map(function, queue, MaximumRecordAgeInSeconds=60)
    stand.put("a")
    [body] = queue.wait(each=lambda: stand.advance(250))
    assert body["requestContext"]["condition"] == "RecordAgeExceeded"
    # 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s; the steps of this test's clock may cost the last one.
    assert len(function.events) in (6, 7)
    assert body["requestContext"]["approximateInvokeCount"] == len(function.events) + 1
    assert "responseContext" not in body


@evidence("R", RECORDED)
def test_a_record_older_than_the_limit_is_not_invoked(stand):
    stand.put("a")
    stand.advance(60_500)
    function, queue = stand.function(), stand.queue()
    stand.map(function, queue, MaximumRecordAgeInSeconds=60, MaximumRetryAttempts=0)
    [body] = queue.wait()
    assert function.events == []
    assert body["requestContext"]["condition"] == "RecordAgeExceeded"
    assert body["requestContext"]["approximateInvokeCount"] == 1
    assert "responseContext" not in body


@evidence("R", RECORDED)
def test_only_the_records_that_are_too_old_are_given_up(stand):
    stand.put("old")
    stand.advance(60_500)
    stand.put(*letters(5))
    function, queue = stand.function(), stand.queue()
    stand.map(function, queue, MaximumRecordAgeInSeconds=60, MaximumRetryAttempts=0, BatchSize=10)
    [body] = queue.wait()
    assert body["KinesisBatchInfo"]["batchSize"] == 1
    until(lambda: function.events)
    assert function.batches == [letters(5)]


# --- Partial failures -----------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_partial_failure_leaves_the_rest_of_the_batch(stand):
    def handler(event, call):
        numbers = numbers_of(event)
        return item_failures(last) if last in numbers else {"batchItemFailures": []}
    stand_numbers = stand.put(*letters(6))
    last = stand_numbers[-1]
    function, queue = stand.function(handler), stand.queue()
    stand.map(function, queue, BatchSize=3, MaximumRetryAttempts=3,
              FunctionResponseTypes=["ReportBatchItemFailures"])
    [body] = queue.wait(each=stand.advance)
    assert function.batches == [["a", "b", "c"], ["d", "e", "f"]] + [["f"]] * 4
    assert body["requestContext"]["approximateInvokeCount"] == 4
    assert body["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}
    info = body["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == (last, last, 1)


@pytest.mark.parametrize("reply", ["", [], None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}],
                         ids=json.dumps)
@evidence("R", RECORDED)
def test_replies_that_name_no_failure_are_success(stand, reply):
    function, queue = stand.function(lambda event, call: reply), stand.queue()
    identity = stand.map(function, queue, BatchSize=1, MaximumRetryAttempts=2,
                         FunctionResponseTypes=["ReportBatchItemFailures"])
    stand.put("a")
    until(lambda: stand.get(identity)["LastProcessingResult"] == "OK")
    stand.settled(identity)
    assert function.batches == [["a"]]
    assert queue.receive() == []


@evidence("D", GUIDE)
def test_an_empty_reply_body_is_success(stand):
    function = stand.function(lambda event, call: b"")
    identity = stand.map(function, MaximumRetryAttempts=2, FunctionResponseTypes=["ReportBatchItemFailures"])
    stand.put("a")
    until(lambda: stand.get(identity)["LastProcessingResult"] == "OK")
    assert function.batches == [["a"]]


@pytest.mark.parametrize("item", [{"itemIdentifier": ""}, {"itemIdentifier": None}, {"itemIdentifier": 123},
                                  {"foo": 123}, {"itemIdentifier": "123"}], ids=json.dumps)
@evidence("R", RECORDED)
def test_replies_that_name_no_record_of_the_batch_fail_it(stand, item):
    function, queue = stand.function(lambda event, call: {"batchItemFailures": [item]}), stand.queue()
    stand.map(function, queue, BatchSize=1, MaximumRetryAttempts=2,
              FunctionResponseTypes=["ReportBatchItemFailures"])
    stand.put("a")
    [body] = queue.wait(each=stand.advance)
    assert function.batches == [["a"]] * 3
    assert body["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert body["requestContext"]["approximateInvokeCount"] == 3
    assert body["responseContext"]["functionError"] is None


@evidence("R", RECORDED)
def test_a_function_that_raises_fails_the_batch_with_item_failures_too(stand):
    function, queue = stand.function(failing), stand.queue()
    stand.map(function, queue, BatchSize=1, MaximumRetryAttempts=2,
              FunctionResponseTypes=["ReportBatchItemFailures"])
    stand.put("a")
    [body] = queue.wait(each=stand.advance)
    assert function.batches == [["a"]] * 3
    assert body["requestContext"]["approximateInvokeCount"] == 3
    assert body["responseContext"]["functionError"] == "Unhandled"


@evidence("D", GUIDE)
def test_item_failures_are_ignored_unless_asked_for(stand):
    function = stand.function(lambda event, call: item_failures(*numbers_of(event)))
    identity = stand.map(function, MaximumRetryAttempts=2)
    stand.put("a")
    until(lambda: stand.get(identity)["LastProcessingResult"] == "OK")
    assert function.batches == [["a"]]


@evidence("D", "the lowest sequence number named decides")
def test_the_lowest_failure_named_decides(stand):
    def handler(event, call):
        numbers = numbers_of(event)
        return item_failures(numbers[4], numbers[2]) if call == 1 else None
    function = stand.function(handler)
    stand.put(*letters(6))
    stand.map(function, FunctionResponseTypes=["ReportBatchItemFailures"])
    until(lambda: len(function.events) == 2, each=stand.advance)
    assert function.batches == [letters(6), ["c", "d", "e", "f"]]


# --- Bisecting ------------------------------------------------------------------------------------------


@evidence("own", "halves start afresh, the first before the second")
def test_bisecting_finds_the_poison_and_delivers_the_rest_in_order(stand):
    def handler(event, call):
        if poison in numbers_of(event):
            raise Failure("poison")
    poison = stand.put(*letters(8))[5]
    function, queue = stand.function(handler), stand.queue()
    identity = stand.map(function, queue, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    [body] = queue.wait(each=stand.advance)
    assert stand.settled(identity) == {"succeeded": 7, "delivered": 1}
    assert ["".join(batch) for batch in function.batches] == ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "gh"]
    info = body["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["batchSize"]) == (poison, 1)
    assert queue.receive() == [body]


@evidence("D", GUIDE)
def test_a_partial_failure_splits_where_it_says(stand):
    def handler(event, call):
        return item_failures(fifth) if call == 1 else None
    fifth = stand.put(*letters(8))[4]
    function = stand.function(handler)
    stand.map(function, BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"])
    until(lambda: len(function.events) == 2, each=stand.advance)
    assert ["".join(batch) for batch in function.batches] == ["abcdefgh", "efgh"]


# --- Filters --------------------------------------------------------------------------------------------


def pattern(**data):
    return {"Filters": [{"Pattern": json.dumps({"data": data})}]}


@evidence("R", RECORDED)
def test_each_mapping_gets_what_its_filter_passes(stand):
    first, second = stand.function(), stand.function()
    stand.map(first, FilterCriteria=pattern(event_type=["function_1"]))
    stand.map(second, FilterCriteria=pattern(event_type=["function_2"]))
    sent = [json.dumps({"event_type": f"function_{n % 3}", "n": n}) for n in range(9)]
    stand.put(*sent)
    until(lambda: len(first.received) == len(second.received) == 3)
    assert first.received == sent[1::3]
    assert second.received == sent[2::3]


@evidence("D", "data that is no JSON matches no rule on data")
def test_a_record_that_is_no_json_is_filtered_out(stand):
    function = stand.function()
    identity = stand.map(function, FilterCriteria=pattern(a=["x"]))
    stand.put("plain words", '{"a":"y"}', '{"a":"x"}')
    until(lambda: function.events)
    assert function.received == ['{"a":"x"}']
    assert stand.settled(identity) == {"succeeded": 1, "filtered": 2}


@evidence("D", GUIDE)
def test_a_function_is_not_invoked_for_nothing(stand):
    function = stand.function()
    identity = stand.map(function, FilterCriteria=pattern(a=["x"]))
    stand.put("1", "2")
    assert stand.settled(identity) == {"filtered": 2}
    assert function.events == []
    assert stand.get(identity)["LastProcessingResult"] == "OK"


@evidence("own", "filters come before batching")
def test_batch_size_counts_records_that_pass(stand):
    stand.put(*[json.dumps({"a": n % 2}) for n in range(12)])
    function = stand.function()
    stand.map(function, FilterCriteria=pattern(a=[1]), BatchSize=4)
    until(lambda: len(function.received) == 6)
    assert [len(batch) for batch in function.batches] == [4, 2]


@evidence("D", GUIDE)
def test_a_changed_filter_holds_for_later_records(stand):
    function = stand.function()
    identity = stand.map(function, FilterCriteria=pattern(a=[1]))
    stand.put('{"a":2}', '{"a":1}')
    stand.settled(identity)
    stand.update(identity, FilterCriteria=pattern(a=[2]))
    stand.put('{"a":2,"b":0}', '{"a":1,"b":0}')
    stand.settled(identity)
    assert function.received == ['{"a":1}', '{"a":2,"b":0}']


# --- Lanes and shards -----------------------------------------------------------------------------------


def lane_of(key, lanes):
    return int.from_bytes(hashlib.md5(key.encode()).digest(), "big") % lanes


@evidence("D", GUIDE)
def test_a_failing_key_does_not_hold_the_keys_of_another_lane(stand):
    def handler(event, call):
        if any(record["kinesis"]["partitionKey"] == poison for record in event["Records"]):
            raise Failure("poison")
    poison = next(key for key in letters(26) if lane_of(key, 2) == 0)
    fine = next(key for key in letters(26) if lane_of(key, 2) == 1)
    function = stand.function(handler)
    identity = stand.map(function, ParallelizationFactor=2, BatchSize=1)
    stand.put("p1", key=poison)
    stand.put(*[f"f{n}" for n in range(5)], key=fine)
    stand.put("p2", key=poison)

    def of(letter):
        return [text for text in function.received if text[0] == letter]
    until(lambda: len(of("f")) == 5 and of("p"))
    assert of("f") == [f"f{n}" for n in range(5)]
    until(lambda: len(of("p")) >= 3, each=stand.advance)
    assert set(of("p")) == {"p1"}, "the second record of the key waits for the first"
    assert stand.get(identity)["State"] == "Enabled"


@evidence("D", "order is kept per partition key")
def test_ten_lanes_keep_the_order_of_every_key(stand):
    function = stand.function()
    stand.map(function, ParallelizationFactor=10, BatchSize=3)
    for n in range(20):
        records = [{"Data": f"{key}{n}".encode(), "PartitionKey": key} for key in letters(15)]
        stand.server.kinesis.put_records(StreamName=stand.stream, Records=records)
    until(lambda: len(function.received) == 300)
    for key in letters(15):
        assert [text for text in function.received if text[0] == key] == [f"{key}{n}" for n in range(20)]


@evidence("D", GUIDE)
def test_children_are_silent_until_their_parent_is_done(stand):
    gate = threading.Event()

    def handler(event, call):
        if not gate.is_set():
            raise Failure("not yet")
    function = stand.function(handler)
    identity = stand.map(function)
    stand.put("parent")
    until(lambda: function.events)
    split_in_the_middle(stand.server.kinesis, stand.stream)
    for child in shard(1), shard(2):
        key_range = shards_of(stand.server.kinesis, stand.stream)[child]["HashKeyRange"]
        put(stand.server.kinesis, stand.stream, child, ExplicitHashKey=key_range["StartingHashKey"])
    failures = len(function.events)
    until(lambda: len(function.events) >= failures + 3, each=stand.advance)
    assert set(function.received) == {"parent"}
    gate.set()
    until(lambda: len(set(function.received)) == 3, each=stand.advance)
    stand.settled(identity)
    assert sorted(function.received[-2:]) == [shard(1), shard(2)]


@evidence("D", "children of a shard are read from their beginning, whatever the starting position")
def test_children_are_read_from_their_beginning_with_latest_too(stand):
    function = stand.function()
    stand.map(function, StartingPosition="LATEST")
    split_in_the_middle(stand.server.kinesis, stand.stream)
    for child in shard(1), shard(2):
        key_range = shards_of(stand.server.kinesis, stand.stream)[child]["HashKeyRange"]
        put(stand.server.kinesis, stand.stream, child, ExplicitHashKey=key_range["StartingHashKey"])
    until(lambda: len(function.received) == 2)
    assert sorted(function.received) == [shard(1), shard(2)]


# --- A mapping's life -----------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_disabled_mapping_keeps_its_place(stand):
    function = stand.function()
    identity = stand.map(function)
    stand.put("a")
    until(lambda: stand.get(identity)["LastProcessingResult"] == "OK")
    stand.update(identity, "Disabled", Enabled=False)
    stand.put("b")
    witness = stand.function()
    stand.map(witness)
    until(lambda: witness.received == ["a", "b"])
    assert function.received == ["a"]
    assert stand.get(identity)["LastProcessingResult"] == "OK"
    stand.update(identity, "Enabled", Enabled=True)
    until(lambda: function.received == ["a", "b"])


@evidence("R", RECORDED)
def test_a_handler_that_returns_nothing_succeeds(stand):
    name = f"{stand.name}-python"
    create_function(stand.server, name, "import json\ndef handler(event, context):\n"
                                        "    print('records', len(event['Records']))\n")
    identity = stand.map(name)
    stand.put(*letters(3))
    until(lambda: stand.get(identity)["LastProcessingResult"] == "OK")
    assert stand.get(identity)["State"] == "Enabled"
    assert any("records 3" in line for line in stand.server.log(name))


@evidence("R", RECORDED)
def test_a_python_function_that_raises_is_retried_and_given_up(stand):
    name = f"{stand.name}-python"
    create_function(stand.server, name, "def handler(event, context):\n    raise RuntimeError('poison')\n")
    queue = stand.queue()
    identity = stand.map(name, queue, MaximumRetryAttempts=1)
    stand.put("a")
    [body] = queue.wait(each=stand.advance)
    assert body["requestContext"]["approximateInvokeCount"] == 2
    assert body["responseContext"]["functionError"] == "Unhandled"
    assert stand.get(identity)["LastProcessingResult"] == "PROBLEM: Function call failed"


@evidence("R", RECORDED)
def test_a_mapping_outlives_its_function(stand):
    function, queue = stand.function(), stand.queue()
    identity = stand.map(function, queue, MaximumRetryAttempts=0)
    stand.server.functions.delete_function(FunctionName=function.name)
    stand.put("a")
    until(lambda: stand.get(identity)["LastProcessingResult"] == "PROBLEM: Function call failed")
    shown = stand.get(identity)
    assert (shown["State"], shown["FunctionArn"]) == ("Enabled", function_arn(function.name))
    # Nothing was tried, so nothing is given up: the record waits for the function.
    create_remote(stand.server, function.name, function)
    until(lambda: function.received == ["a"], each=lambda: stand.advance(5_000))
    stand.settled(identity)
    assert queue.receive() == []


@evidence("D", GUIDE)
def test_another_function_goes_on_where_the_first_was(stand):
    first, second = stand.function(), stand.function()
    identity = stand.map(first)
    stand.put("a")
    stand.settled(identity)
    stand.update(identity, FunctionName=second.name)
    stand.put("b")
    until(lambda: second.received)
    assert (first.received, second.received) == (["a"], ["b"])


@evidence("D", GUIDE)
def test_a_new_mapping_starts_from_its_own_position(stand):
    function = stand.function()
    identity = stand.map(function)
    stand.put("a")
    stand.settled(identity)
    stand.server.functions.delete_event_source_mapping(UUID=identity)
    stand.map(function)
    until(lambda: function.received == ["a", "a"])


@evidence("D", "processing goes on when the destination is gone; the records are lost, and counted")
def test_a_destination_that_is_gone_does_not_hold_the_shard(stand):
    def handler(event, call):
        if call == 1:
            raise Failure("no")
    function, queue = stand.function(handler), stand.queue()
    identity = stand.map(function, queue, MaximumRetryAttempts=0, BatchSize=1, Enabled=False)
    stand.server.sqs.delete_queue(QueueUrl=queue.url)
    stand.update(identity, "Enabled", Enabled=True)
    stand.put("a", "b")
    until(lambda: function.received == ["a", "b"])
    assert stand.settled(identity) == {"succeeded": 1, "dropped": 1}


@evidence("own", "the stream's mapping says what is wrong and stays")
def test_a_mapping_outlives_its_stream(stand):
    function = stand.function()
    identity = stand.map(function)
    stand.put("a")
    stand.settled(identity)
    stand.server.kinesis.delete_stream(StreamName=stand.stream)
    until(lambda: stand.get(identity)["LastProcessingResult"].startswith("PROBLEM: "))
    assert stand.get(identity)["State"] == "Enabled"
    # A stream made again under its name is another one, and is read from its beginning.
    until(lambda: "ResourceNotFound" in stream_error(stand))
    stand.server.kinesis.create_stream(StreamName=stand.stream, ShardCount=1)
    stand.put("b")
    until(lambda: function.received == ["a", "b"])


def stream_error(stand):
    try:
        stand.server.kinesis.describe_stream_summary(StreamName=stand.stream)
        return ""
    except ClientError as error:
        return error.response["Error"]["Code"]


# --- Consumers as sources -------------------------------------------------------------------------------


@evidence("D", GUIDE + ": an enhanced fan-out consumer is named by its ARN")
def test_a_mapping_reads_by_a_consumer_and_says_whose_events_they_are(stand):
    consumer = stand.server.kinesis.register_stream_consumer(
        StreamARN=stream_arn(stand.stream), ConsumerName="c")["Consumer"]["ConsumerARN"]
    function = stand.function()
    identity = stand.map(function, EventSourceArn=consumer)
    stand.put("a", "b")
    [event] = until(lambda: function.events)[:1]
    assert {record["eventSourceARN"] for record in event["Records"]} == {consumer}
    assert stand.get(identity)["EventSourceArn"] == consumer
    listed = stand.server.functions.list_event_source_mappings(EventSourceArn=consumer)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [identity]
    assert stand.settled(identity) == {"succeeded": 2}


@evidence("own", "one mapping for each consumer; the text of a duplicate")
def test_a_consumer_reads_for_one_mapping(stand):
    consumer = stand.server.kinesis.register_stream_consumer(
        StreamARN=stream_arn(stand.stream), ConsumerName="c")["Consumer"]["ConsumerARN"]
    identity = stand.map(stand.function(), EventSourceArn=consumer)
    with pytest.raises(ClientError) as refused:
        stand.map(stand.function(), EventSourceArn=consumer)
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    assert identity in refused.value.response["Error"]["Message"]


@evidence("own", "the state stays Enabled, LastProcessingResult says why nothing comes; a deleted stream's form")
def test_a_mapping_whose_consumer_is_deregistered_says_so(stand):
    consumer = stand.server.kinesis.register_stream_consumer(
        StreamARN=stream_arn(stand.stream), ConsumerName="c")["Consumer"]["ConsumerARN"]
    identity = stand.map(stand.function(), EventSourceArn=consumer)
    stand.server.kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    until(lambda: stand.get(identity)["LastProcessingResult"] == "PROBLEM: Consumer not found")
    assert stand.get(identity)["State"] == "Enabled"
