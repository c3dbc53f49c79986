"""Queues of streams and channels: known by name and by what their requests must be, and refused."""

import pytest
from conftest import evidence
from constraints import ARN, Model

QUEUES = ["CreateQueue", "DescribeQueue", "ListQueues", "UpdateQueue", "DeleteQueue", "ReceiveQueueRecords",
          "AcknowledgeQueueRecords", "UpdateQueueRecordsVisibility", "ReceiveDeadLetterQueueRecords",
          "AcknowledgeDeadLetterQueueRecords", "UpdateDeadLetterQueueRecordsVisibility", "RestoreDeadLetterQueueRecords"]
CHANNELS = ["CreateChannel", "DescribeChannel", "ListChannels", "UpdateChannel", "DeleteChannel"]
MODEL = Model({})


@evidence("own", "a sentence in AWS's error form")
@pytest.mark.parametrize("protocol", ["json", "cbor"])
@pytest.mark.parametrize("operation", QUEUES + CHANNELS)
def test_a_good_request_is_refused_with_what_to_use_instead(server, operation, protocol):
    body = MODEL.sample(MODEL.input_of(operation))
    kind, text = (server.raw.error if protocol == "json" else server.raw.cbor_error)(operation, body)
    assert kind == "InvalidArgumentException"
    what = "channels" if operation in CHANNELS else "queues of streams"
    assert text.startswith(f"This server does not have {what} yet. ")


@evidence("M", "every operation of the model is known")
def test_no_operation_of_queues_and_channels_is_left_out():
    published = {name for name in MODEL.model["operations"] if "Queue" in name or "Channel" in name}
    assert published == {*QUEUES, *CHANNELS}


@evidence("own", "SDKs reach it, though they would use a host name of its own")
def test_an_sdk_gets_the_same_answer(server):
    with pytest.raises(server.kinesis.exceptions.InvalidArgumentException):
        server.kinesis.receive_queue_records(QueueARN=ARN + "queue/q")
