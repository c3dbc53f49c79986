"""Queues: which there are, what they are called, their attributes and tags, and what is refused."""

import json
import uuid

import pytest
from conftest import ACCOUNT, REGION, evidence
from kit import refused
from raw import signed

API = "SQS API reference"
MODEL = "service-2.json of sqs: errors and their query codes"
NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")


@pytest.fixture
def queue(server, name):
    """The URL of a new queue."""
    return server.sqs.create_queue(QueueName=name)["QueueUrl"]


def attributes(server, queue, *names):
    return server.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names) or ["All"]).get("Attributes", {})


def queue_arn(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def query_error(server, operation, body):
    """The (status, query error header, __type, message) of a refused raw call."""
    reply = server.raw.sqs(operation, body)
    parsed = reply.json()
    return reply.status, reply.header("x-amzn-query-error"), parsed["__type"], parsed["message"]


# --- URLs -------------------------------------------------------------------------------------------


@evidence("D", f"{API}, CreateQueue: the URL holds account and name")
def test_a_queue_url_names_host_account_and_queue(server, queue, name):
    assert queue == f"{server.url}/{ACCOUNT}/{name}"
    assert server.sqs.get_queue_url(QueueName=name)["QueueUrl"] == queue


@evidence("own", "only the path of a queue URL counts: proxies and containers have other names for the server")
@pytest.mark.parametrize("url", ["https://sqs.us-east-1.amazonaws.com/{path}", "http://penstock:4566/{path}", "/{path}"])
def test_the_host_of_a_queue_url_does_not_matter(server, queue, name, url):
    body = {"QueueUrl": url.format(path=f"{ACCOUNT}/{name}"), "MessageBody": "m"}
    assert server.raw.sqs("SendMessage", body).status == 200


@evidence("D", f"{API}, CreateQueue: a request with the same attributes returns the existing queue's URL")
def test_creating_a_queue_again_with_the_same_attributes_gives_its_url(server, name):
    first = server.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "5"})["QueueUrl"]
    assert server.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "5"})["QueueUrl"] == first
    assert server.sqs.create_queue(QueueName=name)["QueueUrl"] == first
    assert server.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == first, (
        "a default that is said is no difference")


@evidence("M", MODEL)
def test_creating_a_queue_again_with_other_attributes_is_refused(server, queue, name):
    code, message = refused(server.sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "31"})
    assert code == "QueueAlreadyExists"
    assert message == "A queue already exists with the same name and a different value for attribute VisibilityTimeout"


@evidence("D", f"{API}, CreateQueue: up to 80 alphanumeric characters, hyphens and underscores")
@pytest.mark.parametrize("bad", ["", "a b", "a.b", "a/b", "ü", "q" * 81])
def test_a_name_that_no_queue_can_have(server, bad):
    assert refused(server.sqs.create_queue, QueueName=bad) == (
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")


@evidence("D", f"{API}, CreateQueue: up to 80 characters")
def test_a_name_of_80_characters(server, name):
    longest = (name + "-" * 80)[:80]
    assert server.sqs.create_queue(QueueName=longest)["QueueUrl"].endswith("/" + longest)


@evidence("own", "FIFO queues are not there, and that is said")
@pytest.mark.parametrize("made", [{"QueueName": "{}.fifo"}, {"QueueName": "{}", "Attributes": {"FifoQueue": "true"}}])
def test_fifo_queues_are_refused(server, name, made):
    code, message = refused(server.sqs.create_queue, **{**made, "QueueName": made["QueueName"].format(name)})
    assert code == "AWS.SimpleQueueService.UnsupportedOperation"
    assert message == "FIFO queues are not supported by this server."


@evidence("M", MODEL)
def test_a_url_of_no_queue(server, name):
    assert refused(server.sqs.get_queue_url, QueueName=name) == NO_QUEUE
    assert refused(server.sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId="111122223333") == NO_QUEUE


@evidence("own", "a queue belongs to an account and a region")
def test_the_queue_of_another_account_or_region_is_not_found(server, queue, name):
    for other in (server.client("sqs", access_key="111122223333"), server.client("sqs", region="eu-west-1")):
        assert refused(other.get_queue_url, QueueName=name) == NO_QUEUE
        assert refused(other.send_message, QueueUrl=queue, MessageBody="m") == NO_QUEUE
        assert refused(other.delete_queue, QueueUrl=queue) == NO_QUEUE
    assert attributes(server, queue, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "0"}


# --- Lists ------------------------------------------------------------------------------------------


@pytest.fixture
def tenant(server):
    """A client of an account that has no queues but those of the test, and the account."""
    account = f"{uuid.uuid4().int % 10**12:012d}"
    return server.client("sqs", access_key=account), account


def names_in(page):
    return [url.rsplit("/", 1)[1] for url in page.get("QueueUrls", [])]


@evidence("D", f"{API}, ListQueues")
def test_queues_are_listed_by_prefix(tenant):
    client, _ = tenant
    assert "QueueUrls" not in client.list_queues()
    for name in ("b-1", "a-2", "a-1"):
        client.create_queue(QueueName=name)
    assert names_in(client.list_queues()) == ["a-1", "a-2", "b-1"]
    assert names_in(client.list_queues(QueueNamePrefix="a-")) == ["a-1", "a-2"]
    assert names_in(client.list_queues(QueueNamePrefix="c")) == []


@evidence("D", f"{API}, ListQueues: MaxResults is needed for a NextToken")
def test_queues_are_listed_in_pages(tenant):
    client, _ = tenant
    made = [f"q{number:02}" for number in range(5)]
    for name in made:
        client.create_queue(QueueName=name)
    assert "NextToken" not in client.list_queues()
    pages, token = [], {}
    while not pages or token:
        page = client.list_queues(MaxResults=2, **token)
        pages.append(names_in(page))
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert pages == [made[:2], made[2:4], made[4:]]


@evidence("D", f"{API}, ListQueues: MaxResults is 1 to 1000")
@pytest.mark.parametrize("number", [0, 1001, -1])
def test_a_page_of_an_impossible_size(server, number):
    code, message = refused(server.sqs.list_queues, MaxResults=number)
    assert code == "InvalidParameterValue"
    assert message == f"Value {number} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided."


@evidence("own", "a token that was not given out")
def test_a_token_of_no_list(server):
    assert refused(server.sqs.list_queues, MaxResults=1, NextToken="?")[0] == "InvalidParameterValue"


# --- Attributes -------------------------------------------------------------------------------------


@evidence("D", f"{API}, CreateQueue: defaults of the attributes")
def test_the_attributes_of_a_new_queue(server, queue, name):
    now = server.now_ms() // 1000
    found = attributes(server, queue)
    created = int(found.pop("CreatedTimestamp"))
    assert now - 60 <= created <= now
    assert int(found.pop("LastModifiedTimestamp")) == created
    assert found == {
        "QueueArn": queue_arn(name), "VisibilityTimeout": "30", "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0", "MaximumMessageSize": "1048576",
        "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}


@evidence("D", f"{API}, GetQueueAttributes: only what is asked for")
def test_only_the_attributes_that_are_asked_for(server, queue):
    assert attributes(server, queue, "VisibilityTimeout", "DelaySeconds") == {
        "VisibilityTimeout": "30", "DelaySeconds": "0"}
    assert "Attributes" not in server.sqs.get_queue_attributes(QueueUrl=queue)
    assert attributes(server, queue, "RedrivePolicy") == {}


@evidence("D", f"{API}, SetQueueAttributes: the others stay")
def test_attributes_are_set_one_by_one(server, queue):
    server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "7", "Policy": '{"a":1}'})
    server.advance(2_000)
    server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "3"})
    found = attributes(server, queue)
    assert (found["VisibilityTimeout"], found["DelaySeconds"], found["Policy"]) == ("7", "3", '{"a":1}')
    assert int(found["LastModifiedTimestamp"]) > int(found["CreatedTimestamp"])
    server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert attributes(server, queue, "Policy") == {}


LIMITS = {"VisibilityTimeout": (0, 43_200), "DelaySeconds": (0, 900), "MessageRetentionPeriod": (60, 1_209_600),
          "ReceiveMessageWaitTimeSeconds": (0, 20), "MaximumMessageSize": (1_024, 1_048_576)}


@evidence("D", f"{API}, SetQueueAttributes: ranges")
@pytest.mark.parametrize("attribute", LIMITS)
def test_the_range_of_an_attribute(server, queue, attribute):
    low, high = LIMITS[attribute]
    for value in (low, high):
        server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={attribute: str(value)})
        assert attributes(server, queue, attribute) == {attribute: str(value)}
    for bad in (str(low - 1), str(high + 1), "x", "", "1.5"):
        assert refused(server.sqs.set_queue_attributes, QueueUrl=queue, Attributes={attribute: bad}) == (
            "InvalidAttributeValue", f"Invalid value for the parameter {attribute}."), bad
        assert refused(server.sqs.create_queue, QueueName="never-made", Attributes={attribute: bad})[0] == (
            "InvalidAttributeValue"), bad
    assert attributes(server, queue, attribute) == {attribute: str(high)}


@evidence("M", MODEL)
@pytest.mark.parametrize("unknown", ["Colour", "QueueArn", "ApproximateNumberOfMessages", "visibilitytimeout"])
def test_an_attribute_that_cannot_be_set(server, queue, unknown):
    expected = "InvalidAttributeName", f"Unknown Attribute {unknown}."
    assert refused(server.sqs.set_queue_attributes, QueueUrl=queue, Attributes={unknown: "1"}) == expected
    assert refused(server.sqs.create_queue, QueueName="never-made", Attributes={unknown: "1"}) == expected


@evidence("M", MODEL)
def test_an_attribute_that_is_none_cannot_be_read(server, queue):
    assert refused(server.sqs.get_queue_attributes, QueueUrl=queue, AttributeNames=["Colour"]) == (
        "InvalidAttributeName", "Unknown Attribute Colour.")


@evidence("D", "SQS Developer Guide, dead-letter queues: maxReceiveCount is 1 to 1,000, the queue exists")
@pytest.mark.parametrize("policy, reason", [
    ("no json", "Redrive policy is not a valid JSON map."),
    ("[]", "Redrive policy is not a valid JSON map."),
    ('{"maxReceiveCount":"3"}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    ('{"deadLetterTargetArn":"ARN"}', "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    ('{"deadLetterTargetArn":"ARN","maxReceiveCount":0}',
     "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."),
    ('{"deadLetterTargetArn":"ARN","maxReceiveCount":"1001"}',
     "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive."),
    ('{"deadLetterTargetArn":"nowhere","maxReceiveCount":1}', "Invalid value for deadLetterTargetArn."),
    ('{"deadLetterTargetArn":"ARN-no","maxReceiveCount":1}', "Dead letter target does not exist."),
])
def test_a_redrive_policy_that_cannot_be(server, queue, name, policy, reason):
    policy = policy.replace("ARN", queue_arn(name))
    assert refused(server.sqs.set_queue_attributes, QueueUrl=queue, Attributes={"RedrivePolicy": policy}) == (
        "InvalidAttributeValue", f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}")
    assert attributes(server, queue, "RedrivePolicy") == {}


@evidence("D", "SQS Developer Guide, dead-letter queues")
@pytest.mark.parametrize("count", [3, "3"])
def test_a_redrive_policy_is_kept_as_it_was_said_and_can_go(server, queue, name, count):
    server.sqs.create_queue(QueueName=f"{name}-dead")
    policy = json.dumps({"deadLetterTargetArn": queue_arn(f"{name}-dead"), "maxReceiveCount": count})
    server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert attributes(server, queue, "RedrivePolicy") == {"RedrivePolicy": policy}
    server.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    assert attributes(server, queue, "RedrivePolicy") == {}


# --- Tags -------------------------------------------------------------------------------------------


@evidence("D", f"{API}, TagQueue, UntagQueue, ListQueueTags")
def test_tags_are_added_replaced_and_removed(server, name):
    queue = server.sqs.create_queue(QueueName=name, tags={"a": "1"})["QueueUrl"]
    server.sqs.tag_queue(QueueUrl=queue, Tags={"a": "2", "b": "", "c": "3"})
    assert server.sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"a": "2", "b": "", "c": "3"}
    server.sqs.untag_queue(QueueUrl=queue, TagKeys=["a", "b", "never"])
    assert server.sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"c": "3"}
    server.sqs.untag_queue(QueueUrl=queue, TagKeys=["c"])
    assert "Tags" not in server.sqs.list_queue_tags(QueueUrl=queue)


@evidence("D", "SQS Developer Guide, cost allocation tags: at most 50 a queue")
def test_at_most_50_tags(server, queue):
    fifty = {f"k{number}": "v" for number in range(50)}
    server.sqs.tag_queue(QueueUrl=queue, Tags=fifty)
    assert refused(server.sqs.tag_queue, QueueUrl=queue, Tags={"one more": "v"})[0] == "InvalidParameterValue"
    assert server.sqs.list_queue_tags(QueueUrl=queue)["Tags"] == fifty


# --- Deleting and purging -----------------------------------------------------------------------------


@evidence("D", f"{API}, DeleteQueue: with its messages")
def test_a_deleted_queue_is_gone_and_comes_back_empty(server, queue, name):
    server.sqs.send_message(QueueUrl=queue, MessageBody="m")
    server.sqs.delete_queue(QueueUrl=queue)
    assert refused(server.sqs.get_queue_url, QueueName=name) == NO_QUEUE
    assert refused(server.sqs.receive_message, QueueUrl=queue) == NO_QUEUE
    assert refused(server.sqs.delete_queue, QueueUrl=queue) == NO_QUEUE
    # AWS refuses the same name for 60 seconds (QueueDeletedRecently); here it may be used at once.
    server.sqs.create_queue(QueueName=name)
    assert "Messages" not in server.sqs.receive_message(QueueUrl=queue)


@evidence("D", f"{API}, PurgeQueue: every message goes, those in flight as well; once in 60 seconds")
def test_a_purge_removes_every_message(server, queue):
    for number in range(3):
        server.sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    server.sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=900)
    [received] = server.sqs.receive_message(QueueUrl=queue)["Messages"]
    server.sqs.purge_queue(QueueUrl=queue)
    counts = attributes(server, queue)
    assert [counts[f"ApproximateNumberOfMessages{kind}"] for kind in ("", "NotVisible", "Delayed")] == ["0"] * 3
    server.sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
    server.advance(900_000)
    assert "Messages" not in server.sqs.receive_message(QueueUrl=queue)
    server.sqs.send_message(QueueUrl=queue, MessageBody="after")
    assert [each["Body"] for each in server.sqs.receive_message(QueueUrl=queue)["Messages"]] == ["after"]


@evidence("M", MODEL)
def test_a_second_purge_within_a_minute_is_refused(server, queue):
    server.sqs.purge_queue(QueueUrl=queue)
    assert refused(server.sqs.purge_queue, QueueUrl=queue) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "Only one PurgeQueue operation on a queue is allowed every 60 seconds.")
    server.advance(60_000)
    server.sqs.purge_queue(QueueUrl=queue)


# --- The form of errors ---------------------------------------------------------------------------------


@evidence("D", "SQS Developer Guide, AWS JSON protocol FAQs: x-amzn-query-error keeps the codes of the query protocol")
def test_the_form_of_an_error(server, name):
    body = {"QueueUrl": f"{server.url}/{ACCOUNT}/{name}"}
    reply = server.raw.sqs("GetQueueAttributes", body)
    assert reply.status == 400
    assert reply.header("content-type") == "application/x-amz-json-1.0"
    assert reply.header("x-amzn-query-error") == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert uuid.UUID(reply.header("x-amzn-requestid"))
    assert reply.json() == {"__type": "com.amazonaws.sqs#QueueDoesNotExist",
                            "message": "The specified queue does not exist."}


@evidence("M", MODEL)
@pytest.mark.parametrize("operation, more", [
    ("SendMessage", {"MessageBody": "m"}),
    ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "m"}]}),
    ("ReceiveMessage", {}),
    ("DeleteMessage", {"ReceiptHandle": "r"}),
    ("DeleteMessageBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "r"}]}),
    ("ChangeMessageVisibility", {"ReceiptHandle": "r", "VisibilityTimeout": 1}),
    ("ChangeMessageVisibilityBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "r", "VisibilityTimeout": 1}]}),
    ("PurgeQueue", {}),
    ("DeleteQueue", {}),
    ("GetQueueAttributes", {}),
    ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
    ("ListQueueTags", {}),
    ("TagQueue", {"Tags": {"a": "b"}}),
    ("UntagQueue", {"TagKeys": ["a"]}),
])
def test_every_operation_on_a_queue_that_is_not_there(server, name, operation, more):
    for url in (f"{server.url}/{ACCOUNT}/{name}", f"{server.url}/111122223333/{name}"):
        assert query_error(server, operation, {"QueueUrl": url, **more}) == (
            400, "AWS.SimpleQueueService.NonExistentQueue;Sender", "com.amazonaws.sqs#QueueDoesNotExist", NO_QUEUE[1])
    for url in ("nowhere", "", "/"):
        assert query_error(server, operation, {"QueueUrl": url, **more}) == (
            400, "InvalidAddress;Sender", "com.amazonaws.sqs#InvalidAddress",
            f"The address {url} is not valid for this endpoint."), url


@evidence("M", MODEL)
@pytest.mark.parametrize("operation, body, missing", [
    ("CreateQueue", {}, "QueueName"),
    ("GetQueueUrl", {}, "QueueName"),
    ("DeleteQueue", {}, "QueueUrl"),
    ("PurgeQueue", {}, "QueueUrl"),
    ("GetQueueAttributes", {}, "QueueUrl"),
    ("SetQueueAttributes", {"QueueUrl": "URL"}, "Attributes"),
    ("ListQueueTags", {}, "QueueUrl"),
    ("TagQueue", {"QueueUrl": "URL"}, "Tags"),
    ("UntagQueue", {"QueueUrl": "URL"}, "TagKeys"),
    ("SendMessage", {"QueueUrl": "URL"}, "MessageBody"),
    ("SendMessageBatch", {"QueueUrl": "URL"}, "Entries"),
    ("ReceiveMessage", {}, "QueueUrl"),
    ("DeleteMessage", {"QueueUrl": "URL"}, "ReceiptHandle"),
    ("DeleteMessageBatch", {"QueueUrl": "URL"}, "Entries"),
    ("ChangeMessageVisibility", {"QueueUrl": "URL", "ReceiptHandle": "r"}, "VisibilityTimeout"),
    ("ChangeMessageVisibilityBatch", {"QueueUrl": "URL"}, "Entries"),
])
def test_every_operation_without_what_it_requires(server, queue, operation, body, missing):
    body = {key: queue if value == "URL" else value for key, value in body.items()}
    assert query_error(server, operation, body) == (
        400, "MissingParameter;Sender", "com.amazon.coral.service#MissingRequiredParameterException",
        f"The request must contain the parameter {missing}.")


@evidence("D", "AWS JSON protocol: a body that cannot be read")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"QueueName": 1}', b'{"QueueName": {}}'])
def test_a_body_that_cannot_be_read(server, body):
    reply = server.raw.request("POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueUrl", **signed("sqs")})
    assert (reply.status, reply.header("x-amzn-errortype")) == (400, "SerializationException"), reply


@evidence("own", "an operation of SQS that is not there is named")
def test_an_operation_that_is_not_there(server):
    reply = server.raw.sqs("AddPermission", {"QueueUrl": "x"})
    assert reply.status == 400
    assert reply.json()["__type"].endswith("UnknownOperationException")
