"""Messages: sent, received, hidden, deleted, in batches with partial failures, and moved to a dead letter queue.

Time is advanced. The wait of a long poll is real time, so those tests wait for what ends it.
"""

import concurrent.futures
import hashlib
import json
import struct
import uuid

import pytest
from conftest import ACCOUNT, REGION, Server, evidence
from kit import refused, until

API = "SQS API reference"
GUIDE = "SQS Developer Guide"
MODEL = "service-2.json of sqs: errors and their query codes"
MIB = 1_048_576


class Queue:
    def __init__(self, server, name, **attributes):
        self.server, self.sqs, self.name = server, server.sqs, name
        self.url = server.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def send(self, body, **more):
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def receive(self, number=10, **more):
        return self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=number, **more).get("Messages", [])

    def bodies(self, number=10, **more):
        return [message["Body"] for message in self.receive(number, **more)]

    def delete(self, message):
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def hide(self, message, seconds):
        self.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds)

    def counts(self):
        """(visible, in flight, delayed)"""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return tuple(int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))

    def advance(self, seconds):
        self.server.advance(int(seconds * 1000))


@pytest.fixture
def queue(server, name):
    return Queue(server, name)


def md5(data):
    return hashlib.md5(data).hexdigest()


def md5_of_attributes(attributes):
    """As the Developer Guide, "Calculating the MD5 message digest for message attributes", says."""
    def with_length(data):
        return struct.pack(">I", len(data)) + data
    digest = b""
    for name in sorted(attributes):
        kind, value = attributes[name]["DataType"], attributes[name]
        is_binary = kind.startswith("Binary")
        digest += with_length(name.encode()) + with_length(kind.encode()) + (b"\2" if is_binary else b"\1")
        digest += with_length(value["BinaryValue"] if is_binary else value["StringValue"].encode())
    return md5(digest)


# --- Sending and receiving ------------------------------------------------------------------------------


@evidence("D", f"{API}, SendMessage and ReceiveMessage")
def test_a_message_arrives_as_it_was_sent(queue):
    body = "grüße \U0001f30a\t\r\n\"<&>"
    sent = queue.send(body)
    [message] = queue.receive()
    assert uuid.UUID(sent["MessageId"])
    assert sent["MD5OfMessageBody"] == md5(body.encode())
    assert "MD5OfMessageAttributes" not in sent
    handle = message.pop("ReceiptHandle")
    assert message == {"MessageId": sent["MessageId"], "Body": body, "MD5OfBody": md5(body.encode())}
    assert handle


@evidence("D", f"{API}, ReceiveMessage: without messages the list is absent")
def test_an_empty_queue_has_no_list_of_messages(server, queue):
    reply = server.raw.sqs("ReceiveMessage", {"QueueUrl": queue.url})
    assert (reply.status, reply.json()) == (200, {})


@evidence("own", "oldest first; AWS promises no order for standard queues")
def test_messages_come_in_the_order_they_were_sent(queue):
    sent = [str(number) for number in range(12)]
    for body in sent:
        queue.send(body)
    assert queue.bodies(10) + queue.bodies(10) == sent


@evidence("D", f"{API}, ReceiveMessage: MaxNumberOfMessages is 1 without being said")
def test_one_message_comes_unless_more_are_asked_for(queue):
    queue.send("a")
    queue.send("b")
    assert [m["Body"] for m in queue.sqs.receive_message(QueueUrl=queue.url)["Messages"]] == ["a"]
    assert queue.bodies(10) == ["b"]


ATTRIBUTES = {
    "name": {"DataType": "String", "StringValue": "grüße"},
    "Count": {"DataType": "Number", "StringValue": "-1.5e3"},
    "blob": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    "labelled.one": {"DataType": "String.label", "StringValue": "x"},
    "labelled.two": {"DataType": "Binary.png", "BinaryValue": b"\0"},
}


@evidence("D", f"{GUIDE}, message attributes and their MD5 digest")
def test_attributes_arrive_with_their_digest(queue):
    sent = queue.send("m", MessageAttributes=ATTRIBUTES)
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
    [message] = queue.receive(MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)


@evidence("D", f"{API}, ReceiveMessage: MessageAttributeNames; the digest is of what is returned")
@pytest.mark.parametrize("asked, found", [
    ([], []), (["name"], ["name"]), (["NAME"], []), (["labelled.*"], ["labelled.one", "labelled.two"]),
    (["name", "Count", "no-such"], ["Count", "name"]), ([".*"], sorted(ATTRIBUTES)),
])
def test_attributes_are_chosen_by_name_or_prefix(queue, asked, found):
    queue.send("m", MessageAttributes=ATTRIBUTES)
    [message] = queue.receive(MessageAttributeNames=asked)
    assert sorted(message.get("MessageAttributes", {})) == found
    expected = md5_of_attributes({key: ATTRIBUTES[key] for key in found}) if found else None
    assert message.get("MD5OfMessageAttributes") == expected


@evidence("D", f"{API}, ReceiveMessage: MessageSystemAttributeNames")
def test_system_attributes(server, queue):
    before = server.now_ms()
    trace = {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    sent = queue.send("m", MessageSystemAttributes={"AWSTraceHeader": trace})
    assert sent["MD5OfMessageSystemAttributes"] == md5_of_attributes({"AWSTraceHeader": trace})
    after = server.now_ms()
    assert "Attributes" not in queue.receive(VisibilityTimeout=0)[0]
    server.advance(5_000)
    [message] = queue.receive(AttributeNames=["All"], VisibilityTimeout=0)
    found = message["Attributes"]
    assert before <= int(found["SentTimestamp"]) <= after
    assert int(found["SentTimestamp"]) <= int(found["ApproximateFirstReceiveTimestamp"]) < server.now_ms() - 4_999
    assert (found["SenderId"], found["ApproximateReceiveCount"]) == (ACCOUNT, "2")
    assert found["AWSTraceHeader"] == trace["StringValue"]
    [again] = queue.receive(MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "3"}


@evidence("D", f"{API}, SendMessage: DelaySeconds, of the message before the queue's own")
def test_delays(server, name):
    queue = Queue(server, name, DelaySeconds="60", VisibilityTimeout="3600")
    queue.send("queue's")
    queue.send("own", DelaySeconds=10)
    queue.send("none", DelaySeconds=0)
    assert queue.bodies() == ["none"]
    assert queue.counts() == (0, 1, 2)
    queue.advance(10)
    assert queue.bodies() == ["own"]
    queue.advance(50)
    assert queue.bodies() == ["queue's"]


@evidence("D", f"{API}, SetQueueAttributes: MessageRetentionPeriod")
def test_a_message_leaves_when_its_retention_has_passed(server, name):
    queue = Queue(server, name, MessageRetentionPeriod="60")
    queue.send("old")
    [received] = queue.receive()
    queue.advance(61)
    queue.send("new")
    assert queue.bodies() == ["new"]
    queue.delete(received)
    assert queue.counts() == (0, 1, 0)


# --- What cannot be sent or asked -------------------------------------------------------------------------


@evidence("D", f"{API}, SendMessage: the size limit is 1 MiB, attributes included")
def test_the_largest_message(queue):
    assert queue.send("x" * MIB)["MD5OfMessageBody"]
    assert refused(queue.send, body="x" * (MIB + 1)) == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.")
    attribute = {"a": {"DataType": "String", "StringValue": "y"}}
    queue.send("x" * (MIB - 8), MessageAttributes=attribute)
    assert refused(queue.send, body="x" * (MIB - 7), MessageAttributes=attribute)[0] == "InvalidParameterValue"
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"MaximumMessageSize": "1024"})
    queue.send("x" * 1024)
    assert refused(queue.send, body="x" * 1025)[1].endswith("Message must be shorter than 1024 bytes.")


@evidence("D", f"{API}, SendMessage: the characters that a message may have")
@pytest.mark.parametrize("character, code", [
    ("\0", "InvalidMessageContents"), ("\x0b", "InvalidMessageContents"), ("\x1f", "InvalidMessageContents"),
    ("\ufffe", "InvalidMessageContents"), ("\uffff", "InvalidMessageContents"),
    ("\t", None), ("\x20", None), ("\ud7ff", None), ("\ue000", None), ("\ufffd", None), ("\U0010ffff", None)])
def test_the_characters_of_a_message(queue, character, code):
    if code is None:
        queue.send(f"a{character}b")
        assert queue.bodies() == [f"a{character}b"]
    else:
        found, message = refused(queue.send, body=f"a{character}b")
        assert (found, message[:25]) == (code, "Invalid characters found.")


@evidence("M", MODEL)
@pytest.mark.parametrize("arguments, code, message", [
    ({"body": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
    ({"DelaySeconds": 901}, "InvalidParameterValue",
     "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
    ({"DelaySeconds": -1}, "InvalidParameterValue",
     "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
    ({"MessageDeduplicationId": "d"}, "InvalidParameterValue",
     "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not "
     "valid for this queue type"),
    ({"MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "x"}}}, "InvalidParameterValue",
     "Message system attribute name 'Other' is invalid."),
])
def test_a_message_that_cannot_be_sent(queue, arguments, code, message):
    assert refused(queue.send, **{"body": "m", **arguments}) == (code, message)
    assert queue.counts() == (0, 0, 0)


STRING = {"DataType": "String", "StringValue": "x"}


@evidence("D", f"{GUIDE}, message attributes: names, types, at most ten")
@pytest.mark.parametrize("attributes", [
    {"": STRING}, {".a": STRING}, {"a.": STRING}, {"a..b": STRING}, {"a b": STRING}, {"AWS.x": STRING},
    {"amazon.x": STRING}, {"n" * 257: STRING}, {f"a{number}": STRING for number in range(11)},
    {"a": {"DataType": "Text", "StringValue": "x"}}, {"a": {"DataType": "", "StringValue": "x"}},
    {"a": {"DataType": "String", "StringValue": ""}}, {"a": {"DataType": "String"}},
    {"a": {"DataType": "Binary", "StringValue": "x"}}, {"a": {"DataType": "Number", "StringValue": "one"}},
    {"a": {"DataType": "String." + "l" * 250, "StringValue": "x"}},
], ids=repr)
def test_attributes_that_cannot_be_sent(queue, attributes):
    assert refused(queue.send, body="m", MessageAttributes=attributes)[0] == "InvalidParameterValue"
    queue.send("m", MessageAttributes={f"a{number}": STRING for number in range(10)})
    assert queue.counts() == (1, 0, 0)


@evidence("D", f"{API}, ReceiveMessage: ranges")
@pytest.mark.parametrize("name, value, bounds", [
    ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."),
    ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
    ("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."),
    ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
    ("VisibilityTimeout", -1, "Must be between 0 and 43200, if provided."),
    ("VisibilityTimeout", 43_201, "Must be between 0 and 43200, if provided."),
])
def test_a_receive_that_cannot_be(queue, name, value, bounds):
    assert refused(queue.sqs.receive_message, QueueUrl=queue.url, **{name: value}) == (
        "InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {bounds}")


@evidence("M", MODEL)
def test_a_system_attribute_that_is_none(queue):
    assert refused(queue.sqs.receive_message, QueueUrl=queue.url, AttributeNames=["Colour"]) == (
        "InvalidAttributeName", "Unknown Attribute Colour.")


# --- Visibility ---------------------------------------------------------------------------------------------


@evidence("D", f"{GUIDE}, visibility timeout")
def test_a_received_message_comes_again_when_its_visibility_timeout_has_passed(queue):
    queue.send("m")
    first = queue.receive()[0]
    assert queue.receive() == [] and queue.counts() == (0, 1, 0)
    queue.advance(29)
    assert queue.receive() == []
    queue.advance(1)
    assert queue.counts() == (1, 0, 0)
    second = queue.receive()[0]
    assert second["MessageId"] == first["MessageId"] and second["ReceiptHandle"] != first["ReceiptHandle"]


@evidence("D", f"{API}, ReceiveMessage: VisibilityTimeout before the queue's own")
def test_the_visibility_timeout_of_a_queue_and_of_a_receive(server, name):
    queue = Queue(server, name, VisibilityTimeout="100")
    queue.send("m")
    assert queue.bodies(VisibilityTimeout=0) == ["m"]
    assert queue.bodies(VisibilityTimeout=10) == ["m"]
    queue.advance(10)
    assert queue.bodies() == ["m"]
    queue.advance(99)
    assert queue.bodies() == []
    queue.advance(1)
    assert queue.bodies() == ["m"]


@evidence("D", f"{API}, ChangeMessageVisibility: from now on")
def test_visibility_is_changed_from_now_on(queue):
    queue.send("m")
    [message] = queue.receive()
    queue.advance(20)
    queue.hide(message, 60)
    queue.advance(59)
    assert queue.receive() == []
    queue.advance(1)
    [message] = queue.receive()
    queue.hide(message, 0)
    assert queue.bodies() == ["m"]


@evidence("D", f"{API}, ChangeMessageVisibility: 0 to 43200, only in flight")
def test_visibility_that_cannot_be_changed(queue):
    queue.send("m")
    [message] = queue.receive()
    change = {"QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"]}
    for seconds in (-1, 43_201):
        assert refused(queue.sqs.change_message_visibility, VisibilityTimeout=seconds, **change) == (
            "InvalidParameterValue", f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: "
            "VisibilityTimeout must be between 0 and 43200, if provided.")
    queue.hide(message, 0)
    assert refused(queue.sqs.change_message_visibility, VisibilityTimeout=1, **change)[0] == (
        "AWS.SimpleQueueService.MessageNotInflight")
    [message] = queue.receive()
    queue.delete(message)
    code, text = refused(queue.sqs.change_message_visibility, VisibilityTimeout=1, **change)
    assert code == "InvalidParameterValue"
    assert text.endswith("Message does not exist or is not available for visibility timeout change.")


# --- Deletion -----------------------------------------------------------------------------------------------


@evidence("D", f"{API}, DeleteMessage: also when it has become visible again; twice is no error")
def test_a_deleted_message_does_not_come_again(queue):
    queue.send("a")
    queue.send("b")
    a, b = queue.receive()
    queue.delete(a)
    queue.delete(a)
    queue.advance(30)
    queue.delete(b)
    assert queue.receive() == [] and queue.counts() == (0, 0, 0)


@evidence("D", f"{API}, DeleteMessage: an older handle may succeed without deleting")
def test_an_older_handle_deletes_nothing(queue):
    queue.send("m")
    [old] = queue.receive()
    queue.advance(30)
    [new] = queue.receive()
    queue.delete(old)
    queue.advance(30)
    assert queue.bodies() == ["m"]
    assert new["ReceiptHandle"] != old["ReceiptHandle"]


@evidence("M", MODEL)
@pytest.mark.parametrize("handle", ["nonsense", "AAAA", ""])
def test_a_handle_that_is_none(queue, handle):
    assert refused(queue.sqs.delete_message, QueueUrl=queue.url, ReceiptHandle=handle) == (
        "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')
    assert refused(queue.sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle=handle,
                   VisibilityTimeout=1)[0] == "ReceiptHandleIsInvalid"


@evidence("own", "a handle belongs to its queue")
def test_the_handle_of_another_queue(server, queue, name):
    other = Queue(server, f"{name}-other")
    other.send("m")
    [message] = other.receive()
    assert refused(queue.sqs.delete_message, QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])[0] == (
        "ReceiptHandleIsInvalid")


# --- Batches --------------------------------------------------------------------------------------------------


def entry(number, body="m", **more):
    return {"Id": str(number), "MessageBody": body, **more}


@evidence("D", f"{API}, SendMessageBatch: each entry has its own outcome")
def test_a_batch_of_messages_with_a_partial_failure(queue):
    reply = queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=[
        entry("good", "one", MessageAttributes=ATTRIBUTES), entry("bad", "a\0b"), entry("late", "two", DelaySeconds=901),
        entry("typed", "three", MessageAttributes={"a": {"DataType": "Text", "StringValue": "x"}}),
        entry("last", "four", DelaySeconds=5)])
    assert [(each["Id"], each["MD5OfMessageBody"]) for each in reply["Successful"]] == [
        ("good", md5(b"one")), ("last", md5(b"four"))]
    assert reply["Successful"][0]["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
    assert {each["Id"]: (each["SenderFault"], each["Code"]) for each in reply["Failed"]} == {
        "bad": (True, "InvalidMessageContents"), "late": (True, "InvalidParameterValue"),
        "typed": (True, "InvalidParameterValue")}
    assert all(each["Message"] for each in reply["Failed"])
    assert queue.bodies() == ["one"] and queue.counts() == (0, 1, 1)
    queue.advance(5)
    assert queue.bodies() == ["four"]


@evidence("D", f"{API}, DeleteMessageBatch: each entry has its own outcome")
def test_a_batch_of_deletions_with_a_partial_failure(queue):
    for body in "abc":
        queue.send(body)
    a, b, _ = queue.receive()
    reply = queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=[
        {"Id": "a", "ReceiptHandle": a["ReceiptHandle"]}, {"Id": "x", "ReceiptHandle": "nonsense"},
        {"Id": "b", "ReceiptHandle": b["ReceiptHandle"]}, {"Id": "again", "ReceiptHandle": a["ReceiptHandle"]}])
    assert [each["Id"] for each in reply["Successful"]] == ["a", "b", "again"]
    assert reply["Failed"] == [{
        "Id": "x", "SenderFault": True, "Code": "ReceiptHandleIsInvalid",
        "Message": 'The input receipt handle "nonsense" is not a valid receipt handle.'}]
    queue.advance(30)
    assert queue.bodies() == ["c"]


@evidence("D", f"{API}, ChangeMessageVisibilityBatch: each entry has its own outcome")
def test_a_batch_of_visibilities_with_a_partial_failure(queue):
    for body in "abc":
        queue.send(body)
    a, b, c = queue.receive()
    queue.delete(c)
    reply = queue.sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=[
        {"Id": "a", "ReceiptHandle": a["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": b["ReceiptHandle"], "VisibilityTimeout": 43_201},
        {"Id": "c", "ReceiptHandle": c["ReceiptHandle"], "VisibilityTimeout": 1},
        {"Id": "x", "ReceiptHandle": "nonsense", "VisibilityTimeout": 1}])
    assert [each["Id"] for each in reply["Successful"]] == ["a"]
    assert {each["Id"]: each["Code"] for each in reply["Failed"]} == {
        "b": "InvalidParameterValue", "c": "InvalidParameterValue", "x": "ReceiptHandleIsInvalid"}
    assert queue.bodies() == ["a"]


BATCHES = {
    "send_message_batch": ("SendMessageBatchRequestEntry", {"MessageBody": "m"}),
    "delete_message_batch": ("DeleteMessageBatchRequestEntry", {"ReceiptHandle": "r"}),
    "change_message_visibility_batch": (
        "ChangeMessageVisibilityBatchRequestEntry", {"ReceiptHandle": "r", "VisibilityTimeout": 1}),
}


@evidence("M", MODEL)
@pytest.mark.parametrize("operation", BATCHES)
def test_batches_that_cannot_be(queue, operation):
    kind, members = BATCHES[operation]
    call = getattr(queue.sqs, operation)

    def refusal(ids):
        code, message = refused(call, QueueUrl=queue.url, Entries=[{"Id": each, **members} for each in ids])
        return code.removeprefix("AWS.SimpleQueueService."), message
    assert refusal([]) == ("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    assert refusal([str(number) for number in range(11)]) == (
        "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.")
    assert refusal(["a", "b", "a"]) == ("BatchEntryIdsNotDistinct", "Id a repeated.")
    for bad in ("", "a b", "a.b", "i" * 81):
        assert refusal([bad]) == (
            "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and "
            "underscores. It can be at most 80 letters long."), bad
    assert queue.counts() == (0, 0, 0)


@evidence("M", MODEL)
def test_the_query_error_of_a_batch_is_in_the_header(server, queue):
    reply = server.raw.sqs("SendMessageBatch", {"QueueUrl": queue.url, "Entries": []})
    assert reply.status == 400
    assert reply.header("x-amzn-query-error") == "AWS.SimpleQueueService.EmptyBatchRequest;Sender"
    assert reply.json()["__type"] == "com.amazonaws.sqs#EmptyBatchRequest"


@evidence("D", f"{API}, SendMessageBatch: 1 MiB together")
def test_the_largest_batch(queue):
    half = "x" * (MIB // 2)
    queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=[entry(1, half), entry(2, half)])
    code, message = refused(queue.sqs.send_message_batch, QueueUrl=queue.url,
                            Entries=[entry(1, half), entry(2, half + "x")])
    assert code == "AWS.SimpleQueueService.BatchRequestTooLong"
    assert message == f"Batch requests cannot be longer than {MIB} bytes. You have sent {MIB + 1} bytes."
    assert queue.counts() == (2, 0, 0)


# --- Long polling -----------------------------------------------------------------------------------------------


@pytest.fixture
def background():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield pool


def is_still_waiting(server, queue, poll):
    """Lets the server answer other requests, each behind the poll; a short poll would have ended among them."""
    for _ in range(20):
        queue.counts()
        server.now_ms()
    return not poll.done()


@evidence("D", f"{GUIDE}, short and long polling")
def test_a_long_poll_ends_with_the_message_that_comes(server, queue, background):
    poll = background.submit(queue.bodies, WaitTimeSeconds=20)
    assert is_still_waiting(server, queue, poll)
    queue.send("m")
    assert poll.result() == ["m"]


@evidence("D", f"{API}, SetQueueAttributes: ReceiveMessageWaitTimeSeconds")
def test_the_wait_of_a_queue_and_of_a_receive(server, name, background):
    queue = Queue(server, name, ReceiveMessageWaitTimeSeconds="20")
    assert queue.receive(WaitTimeSeconds=0) == []
    poll = background.submit(queue.bodies)
    assert is_still_waiting(server, queue, poll)
    queue.send("m")
    assert poll.result() == ["m"]


@evidence("own", "delays and visibility go by the service clock, also for those who wait")
def test_a_long_poll_ends_when_a_message_becomes_visible(server, queue, background):
    queue.send("m", DelaySeconds=900)
    poll = background.submit(queue.receive, WaitTimeSeconds=20)
    assert is_still_waiting(server, queue, poll)
    queue.advance(900)
    [message] = poll.result()
    poll = background.submit(queue.bodies, WaitTimeSeconds=20)
    assert is_still_waiting(server, queue, poll)
    queue.hide(message, 0)
    assert poll.result() == ["m"]


@evidence("D", f"{GUIDE}, long polling: it ends empty when the time has passed")
def test_a_long_poll_ends_empty(queue):
    assert queue.receive(WaitTimeSeconds=1) == []


@evidence("own", "each message goes to one of those who wait")
def test_several_long_polls_share_the_messages(server, queue, background):
    polls = [background.submit(queue.bodies, number=1, WaitTimeSeconds=20) for _ in range(3)]
    assert all([is_still_waiting(server, queue, poll) for poll in polls])
    queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=[entry(number, str(number)) for number in range(3)])
    assert sorted(body for poll in polls for body in poll.result()) == ["0", "1", "2"]


# --- Dead letter queues -------------------------------------------------------------------------------------------


@evidence("D", f"{GUIDE}, dead-letter queues: moved when received more than maxReceiveCount times")
def test_a_message_that_is_received_too_often_moves_to_the_dead_letter_queue(server, name):
    dead = Queue(server, f"{name}-dead")
    queue = Queue(server, name, VisibilityTimeout="0", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}))
    sent = queue.send("poison", MessageAttributes=ATTRIBUTES)
    assert [queue.bodies() for _ in range(2)] == [["poison"]] * 2
    assert queue.receive() == []
    [message] = until(lambda: dead.receive(AttributeNames=["All"], MessageAttributeNames=["All"]))
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    assert queue.counts() == (0, 0, 0)


@evidence("D", f"{GUIDE}, dead-letter queues: retention goes on from when the message was first sent")
def test_a_moved_message_keeps_the_time_it_was_sent(server, name):
    dead = Queue(server, f"{name}-dead", MessageRetentionPeriod="3600")
    queue = Queue(server, name, VisibilityTimeout="0", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1}))
    queue.send("poison")
    [first] = queue.receive(AttributeNames=["SentTimestamp"])
    queue.advance(1800)
    assert queue.receive() == []
    [moved] = until(lambda: dead.receive(AttributeNames=["SentTimestamp"], VisibilityTimeout=0))
    assert moved["Attributes"] == first["Attributes"]
    dead.advance(1801)
    assert dead.receive() == []


@evidence("own", "without its target a message stays where it is")
def test_a_dead_letter_queue_that_was_deleted(server, name):
    dead = Queue(server, f"{name}-dead")
    queue = Queue(server, name, VisibilityTimeout="0", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1}))
    queue.send("m")
    server.sqs.delete_queue(QueueUrl=dead.url)
    assert queue.bodies() == ["m"]
    queue.receive()
    assert sum(queue.counts()) == 1, "it is not lost"


# --- What lasts ---------------------------------------------------------------------------------------------------


@evidence("own", "durability: what was sent, received and deleted is so after a restart")
def test_queues_and_receipts_survive_a_restart(tmp_path):
    def start():
        return Server("--data", str(tmp_path), "--durability", "os")
    first = start()
    queue = Queue(first, "lasting", VisibilityTimeout="100")
    queue.sqs.tag_queue(QueueUrl=queue.url, Tags={"a": "b"})
    for body in ("deleted", "in flight", "waiting"):
        queue.send(body, MessageAttributes=ATTRIBUTES)
    queue.send("late", DelaySeconds=900)
    deleted, in_flight = queue.receive(2)
    queue.delete(deleted)
    gone = Queue(first, "gone")
    gone.sqs.delete_queue(QueueUrl=gone.url)
    first.stop()
    second = start()
    try:
        again = Queue(second, "lasting", VisibilityTimeout="100")
        assert names_of(second.sqs.list_queues()) == ["lasting"]
        assert second.sqs.list_queue_tags(QueueUrl=again.url)["Tags"] == {"a": "b"}
        assert again.counts() == (1, 1, 1)
        [waiting] = again.receive(MessageAttributeNames=["All"])
        assert (waiting["Body"], waiting["MessageAttributes"]) == ("waiting", ATTRIBUTES)
        again.delete(in_flight)  # A handle is good after the restart as well.
        again.advance(900)
        assert sorted(again.bodies()) == ["late", "waiting"]
    finally:
        second.stop()


def names_of(page):
    return [url.rsplit("/", 1)[1] for url in page.get("QueueUrls", [])]


# --- SDK and wire ---------------------------------------------------------------------------------------------------


@evidence("M", "service-2.json of sqs: members of the replies")
def test_replies_as_they_are_on_the_wire(server, queue):
    sent = server.raw.sqs("SendMessage", {"QueueUrl": queue.url, "MessageBody": "m", "MessageAttributes": {
        "b": {"DataType": "Binary", "BinaryValue": "AAE="}}})
    assert sent.header("content-type") == "application/x-amz-json-1.0"
    assert set(sent.json()) == {"MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"}
    [message] = server.raw.sqs("ReceiveMessage", {
        "QueueUrl": queue.url, "MessageAttributeNames": ["All"]}).json()["Messages"]
    assert message["MessageAttributes"] == {"b": {"DataType": "Binary", "BinaryValue": "AAE="}}
    gone = server.raw.sqs("DeleteMessage", {"QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"]})
    assert (gone.status, gone.body in (b"", b"{}")) == (200, True)
