"""Consumers of enhanced fan-out: RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers, DeregisterStreamConsumer."""

import re

import pytest
from conftest import Server, evidence
from kit import ACCOUNT, not_found, refused, stream_arn, until

MODEL = "service model of botocore 1.44.8"
MOTO = "getmoto/moto"
ISSUES = "aws-nuke #497, terraform-provider-aws #8420, aws-cli #3580"


def register(server, stream, name="c", **more):
    return server.kinesis.register_stream_consumer(StreamARN=stream_arn(stream), ConsumerName=name, **more)["Consumer"]


def names_of(server, stream):
    return [each["ConsumerName"] for each in server.kinesis.list_stream_consumers(StreamARN=stream_arn(stream))["Consumers"]]


@evidence("M", MODEL)
def test_a_registered_consumer_is_answered_and_described(server, stream):
    before = server.now_ms() // 1000
    reply = server.raw.result("RegisterStreamConsumer", {"StreamARN": stream_arn(stream), "ConsumerName": "c"})["Consumer"]
    created = reply.pop("ConsumerCreationTimestamp")
    assert before <= created <= server.now_ms() / 1000 and created == int(created)
    arn = f"{stream_arn(stream)}/consumer/c:{int(created)}"
    assert reply == {"ConsumerName": "c", "ConsumerARN": arn, "ConsumerStatus": "CREATING"}
    described = server.raw.result("DescribeStreamConsumer", {"ConsumerARN": arn})
    assert described == {"ConsumerDescription": {
        "ConsumerName": "c", "ConsumerARN": arn, "ConsumerStatus": "ACTIVE", "ConsumerCreationTimestamp": created,
        "StreamARN": stream_arn(stream)}}


@evidence("M", MODEL)
def test_a_consumer_is_found_by_arn_by_name_and_by_both(server, stream):
    arn = register(server, stream)["ConsumerARN"]
    for target in ({"ConsumerARN": arn}, {"StreamARN": stream_arn(stream), "ConsumerName": "c"},
                   {"ConsumerARN": arn, "StreamARN": stream_arn(stream), "ConsumerName": "c"}):
        assert server.kinesis.describe_stream_consumer(**target)["ConsumerDescription"]["ConsumerARN"] == arn


@evidence("own", "which consumer is meant must be clear; the text is not recorded")
@pytest.mark.parametrize("target", [{}, {"ConsumerName": "c"}, {"StreamARN": stream_arn("any")}])
@pytest.mark.parametrize("operation", ["DescribeStreamConsumer", "DeregisterStreamConsumer"])
def test_a_consumer_must_be_named(server, operation, target):
    assert server.raw.error(operation, target)[0] == "InvalidArgumentException"


@evidence("F", MOTO)
@pytest.mark.parametrize("operation", ["DescribeStreamConsumer", "DeregisterStreamConsumer"])
def test_an_unknown_consumer_is_not_found_as_it_was_named(server, stream, operation):
    arn = f"{stream_arn(stream)}/consumer/c:1700000000"
    assert server.raw.error(operation, {"ConsumerARN": arn}) == (
        "ResourceNotFoundException", f"Consumer {arn}, account {ACCOUNT} not found.")
    assert server.raw.error(operation, {"StreamARN": stream_arn(stream), "ConsumerName": "c"}) == (
        "ResourceNotFoundException", f"Consumer c, account {ACCOUNT} not found.")


@evidence("R", "the text for a missing stream")
def test_consumers_of_no_stream(server, name):
    arn = stream_arn(name)
    assert server.raw.error("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"}) == not_found(name)
    assert server.raw.error("ListStreamConsumers", {"StreamARN": arn}) == not_found(name)


@evidence("M", MODEL + "; the text is not recorded")
def test_a_name_is_registered_once(server, stream):
    register(server, stream)
    assert refused(server.kinesis.register_stream_consumer, StreamARN=stream_arn(stream), ConsumerName="c") == (
        "ResourceInUseException", f"Consumer c under stream {stream} and account {ACCOUNT} already exists.")


@evidence("D", "API reference: a consumer made again has another ARN")
def test_a_name_registered_again_has_another_arn(server, stream):
    first = register(server, stream)["ConsumerARN"]
    server.kinesis.deregister_stream_consumer(ConsumerARN=first)
    second = register(server, stream)["ConsumerARN"]
    assert first != second
    assert refused(server.kinesis.describe_stream_consumer, ConsumerARN=first)[0] == "ResourceNotFoundException"
    assert server.kinesis.describe_stream_consumer(ConsumerARN=second)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"


@evidence("M", MODEL)
def test_deregistering_answers_nothing_and_removes(server, stream):
    register(server, stream)
    reply = server.raw.kinesis("DeregisterStreamConsumer", {"StreamARN": stream_arn(stream), "ConsumerName": "c"})
    assert (reply.status, reply.body, reply.header("Content-Length")) == (200, b"", "0")
    assert names_of(server, stream) == []


@evidence("D", "API reference: twenty consumers a stream")
def test_a_stream_has_at_most_twenty_consumers(server, stream):
    for n in range(20):
        register(server, stream, f"c{n}")
    code, message = refused(server.kinesis.register_stream_consumer, StreamARN=stream_arn(stream), ConsumerName="more")
    assert code == "LimitExceededException" and "Limit: 20." in message
    summary = server.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 20


@evidence("M", MODEL)
def test_consumers_are_listed_in_pages(server, stream):
    for n in range(5):
        register(server, stream, f"c{n}")
    arn = stream_arn(stream)
    first = server.raw.result("ListStreamConsumers", {"StreamARN": arn, "MaxResults": 2})
    second = server.raw.result("ListStreamConsumers", {"StreamARN": arn, "MaxResults": 2, "NextToken": first["NextToken"]})
    third = server.raw.result("ListStreamConsumers", {"StreamARN": arn, "NextToken": second["NextToken"]})
    assert [[each["ConsumerName"] for each in page["Consumers"]] for page in (first, second, third)] == [
        ["c0", "c1"], ["c2", "c3"], ["c4"]]
    assert "NextToken" not in third
    paginator = server.kinesis.get_paginator("list_stream_consumers")
    found = [each for page in paginator.paginate(StreamARN=arn, PaginationConfig={"PageSize": 3}) for each in page["Consumers"]]
    assert len(found) == 5


@evidence("M", MODEL)
def test_a_page_is_never_absent(server, stream):
    assert server.raw.result("ListStreamConsumers", {"StreamARN": stream_arn(stream)}) == {"Consumers": []}


@evidence("D", "API reference: a token is good for 300 seconds")
def test_a_page_token_expires(server, stream):
    for n in range(2):
        register(server, stream, f"c{n}")
    arn = stream_arn(stream)
    token = server.raw.result("ListStreamConsumers", {"StreamARN": arn, "MaxResults": 1})["NextToken"]
    server.advance(300_001)
    assert server.raw.error("ListStreamConsumers", {"StreamARN": arn, "NextToken": token})[0] == "ExpiredNextTokenException"


@evidence("D", "API reference: StreamCreationTimestamp tells streams of one name apart")
def test_the_creation_time_chooses_the_stream(server, stream):
    register(server, stream)
    arn = stream_arn(stream)
    created = server.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    page = server.kinesis.list_stream_consumers(StreamARN=arn, StreamCreationTimestamp=created)
    assert len(page["Consumers"]) == 1
    assert refused(server.kinesis.list_stream_consumers, StreamARN=arn, StreamCreationTimestamp=1) == not_found(stream)


@evidence("F", ISSUES)
def test_a_stream_with_consumers_is_deleted_only_by_force(server, stream):
    consumer = register(server, stream)["ConsumerARN"]
    assert server.raw.error("DeleteStream", {"StreamName": stream}) == (
        "ResourceInUseException",
        f"DeleteStream can’t delete {ACCOUNT}:{stream} because there are consumers associated with this data stream. "
        f"To delete {stream} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the "
        "consumers that are associated with it.")
    server.kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    assert refused(server.kinesis.describe_stream_consumer, ConsumerARN=consumer) == (
        "ResourceNotFoundException", f"Consumer {consumer}, account {ACCOUNT} not found.")


@evidence("M", MODEL)
def test_states_take_the_time_that_is_set(name):
    running = Server("--stream.consumer-delay-ms", "10000")
    try:
        running.kinesis.create_stream(StreamName=name, ShardCount=1)
        arn = register(running, name)["ConsumerARN"]
        def status():
            return running.kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"]
        assert status() == "CREATING"
        running.advance(10_000)
        until(lambda: status() == "ACTIVE")
        running.kinesis.deregister_stream_consumer(ConsumerARN=arn)
        assert status() == "DELETING" and names_of(running, name) == ["c"]
        running.advance(10_000)
        until(lambda: names_of(running, name) == [])
    finally:
        running.stop()


@evidence("M", MODEL)
@pytest.mark.parametrize("operation, body, paths", [
    ("RegisterStreamConsumer", {}, ["streamARN", "consumerName"]),
    ("RegisterStreamConsumer", {"StreamARN": "x", "ConsumerName": "a b", "StreamId": "x"}, ["streamARN", "consumerName", "streamId"]),
    ("ListStreamConsumers", {"MaxResults": 0}, ["streamARN", "maxResults"]),
    ("DescribeStreamConsumer", {"StreamARN": "x", "ConsumerName": "/", "ConsumerARN": stream_arn("s")},
     ["streamARN", "consumerName", "consumerARN"]),
    ("DeregisterStreamConsumer", {"ConsumerARN": stream_arn("s") + "/consumer/c"}, ["consumerARN"])])
def test_constraints_are_checked_member_by_member(server, operation, body, paths):
    code, message = server.raw.error(operation, body)
    assert code == "ValidationException"
    assert re.findall(r" at '(\w+)' failed", message) == paths


@evidence("M", MODEL)
@pytest.mark.parametrize("arn, passes", [
    ("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1", True),
    ("arn:aws-cn:kinesis:cn-north-1:000000000000:stream/s/consumer/c:1", True),
    ("arn:aws:kinesis:us-east-1:00000000000:stream/s/consumer/c:1", False),
    ("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c", False),
    ("arn:aws:kinesis:us-east-1:000000000000:stream/s/c:1", False),
    ("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1x", False)])
def test_what_looks_like_the_arn_of_a_consumer(server, arn, passes):
    code, _ = server.raw.error("DescribeStreamConsumer", {"ConsumerARN": arn})
    assert (code != "ValidationException") == passes


@evidence("own", "another account's consumer is found by ARN, as streams are")
def test_accounts_have_consumers_of_their_own(server, account, name):
    theirs, number = account
    theirs.create_stream(StreamName=name, ShardCount=1)
    arn = theirs.register_stream_consumer(StreamARN=stream_arn(name, number), ConsumerName="c")["Consumer"]["ConsumerARN"]
    assert f":{number}:" in arn
    assert server.kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["StreamARN"] == stream_arn(name, number)
