"""What the published model of Kinesis says beside its shapes: paginators, waiters, and which errors an operation may answer."""

import base64
import gzip
import json
import pathlib

import botocore
import pytest
from conftest import Server, evidence
from constraints import Model
from kit import shard, split_in_the_middle, stream_arn
from raw import signed

HOUR = 3_600_000
MODEL = Model({})


def published(kind):
    folder = pathlib.Path(botocore.__file__).parent / "data" / "kinesis" / "2013-12-02"
    path = next(path for path in folder.iterdir() if path.name.startswith(kind))
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


# --- Paginators ------------------------------------------------------------------------------------

PAGINATORS = published("paginators")["pagination"]
REFUSED = {"ListQueues", "ListChannels"}


@pytest.fixture
def listed(account, name):
    """A client whose account has seven streams; the first has nine shards, five of them open, and seven consumers."""
    kinesis, number = account
    for i in range(7):
        kinesis.create_stream(StreamName=f"{name}-{i}", ShardCount=1)
    first = f"{name}-0"
    for number_of_shard in (0, 1, 3, 5):
        split_in_the_middle(kinesis, first, shard(number_of_shard))
    for i in range(7):
        kinesis.register_stream_consumer(StreamARN=stream_arn(first, number), ConsumerName=f"c{i}")
    return kinesis, first, stream_arn(first, number)


CASES = {
    "ListStreams": (lambda first, arn: {}, "StreamNames", 7),
    "DescribeStream": (lambda first, arn: {"StreamName": first}, "StreamDescription.Shards", 9),
    "ListShards": (lambda first, arn: {"StreamName": first}, "Shards", 9),
    "ListStreamConsumers": (lambda first, arn: {"StreamARN": arn}, "Consumers", 7),
}


def method_of(kinesis, operation):
    return next(name for name in dir(kinesis) if name.replace("_", "") == operation.lower())


@evidence("F", "terraform-provider-aws 40494, apache/beam 33478: so AWS answers what the published paginator sends")
@pytest.mark.parametrize("size", [1, 3])
def test_the_published_paginator_of_list_shards_ends_with_the_second_page(listed, size):
    kinesis, first, _ = listed
    pages = iter(kinesis.get_paginator("list_shards").paginate(StreamName=first, PaginationConfig={"PageSize": size}))
    assert len(next(pages)["Shards"]) == size
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="NextToken and StreamName cannot be provided together."):
        next(pages)


# ListShards in one page: its paginator repeats the stream's name.
SIZES = [(operation, size) for operation in CASES for size in (1, 2, 3, 100) if operation != "ListShards" or size > 9]


@evidence("M", "paginators-1 of the published model")
@pytest.mark.parametrize("operation, size", SIZES)
def test_a_published_paginator_gives_everything_once(listed, operation, size):
    kinesis, first, arn = listed
    arguments, result, count = CASES[operation]
    pages = list(kinesis.get_paginator(method_of(kinesis, operation)).paginate(**arguments(first, arn), PaginationConfig={"PageSize": size}))
    found = []
    for page in pages:
        for key in result.split("."):
            page = page[key]
        found += [json.dumps(each, default=str, sort_keys=True) for each in page]
    assert len(found) == len(set(found)) == count
    assert len(pages) == -(-count // size)


@evidence("M", "paginators-1 of the published model")
def test_every_published_paginator_has_a_case():
    assert set(PAGINATORS) == {*CASES, *REFUSED}


@evidence("M", "paginators-1 of the published model")
@pytest.mark.parametrize("operation", sorted(REFUSED))
def test_paginators_of_what_is_not_here_end_with_its_error(server, operation):
    with pytest.raises(server.kinesis.exceptions.InvalidArgumentException):
        list(server.kinesis.get_paginator(method_of(server.kinesis, operation)).paginate())


# --- Waiters ---------------------------------------------------------------------------------------


@evidence("M", "waiters-2 of the published model")
def test_published_waiters_see_a_stream_come_and_go(name):
    running = Server("--stream.create-delay-ms", str(HOUR), "--stream.delete-delay-ms", str(HOUR))
    config = {"Delay": 0.01, "MaxAttempts": 3}
    exists, gone = (running.kinesis.get_waiter(which) for which in ("stream_exists", "stream_not_exists"))
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    with pytest.raises(botocore.exceptions.WaiterError):
        exists.wait(StreamName=name, WaiterConfig=config)
    running.advance(HOUR)
    exists.wait(StreamName=name, WaiterConfig={"Delay": 0.01, "MaxAttempts": 1_000})
    running.kinesis.delete_stream(StreamName=name)
    with pytest.raises(botocore.exceptions.WaiterError):
        gone.wait(StreamName=name, WaiterConfig=config)
    running.advance(HOUR)
    gone.wait(StreamName=name, WaiterConfig={"Delay": 0.01, "MaxAttempts": 1_000})
    running.stop()


# --- Errors ----------------------------------------------------------------------------------------

# From every operation, whether the model lists them or not (reference of the protocol, and recorded).
ALWAYS = {"ValidationException", "SerializationException", "InternalFailure", "InvalidArgumentException"}


# Where the model's first value is none that the service takes.
TAKEN = {"EncryptionType": "KMS", "KeyId": "alias/x"}


def good(operation):
    """A request that breaks nothing, about a stream that is not there."""
    name = MODEL.input_of(operation)
    body = MODEL.sample(name) if name else {}
    body.update({member: value for member, value in TAKEN.items() if member in body})
    if "Records" in body:
        body["Records"] = [{"Data": "ZGF0YQ==", "PartitionKey": "k"}]
    return {member: base64.b64encode(value).decode() if isinstance(value, bytes) else value for member, value in body.items()}


def errors_of(operation):
    return {error["shape"] for error in MODEL.model["operations"][operation].get("errors", [])}


@evidence("M", "the errors that the model lists for each operation")
@pytest.mark.parametrize("operation", sorted(MODEL.model["operations"]))
def test_an_error_is_one_that_the_model_lists(server, account, operation):
    reply = server.raw.kinesis(operation, good(operation), **signed("kinesis", account[1]))
    assert reply.status in (200, 400)
    if reply.status == 400:
        assert reply.json()["__type"] in errors_of(operation) | ALWAYS
        assert reply.json()["message"]


BY_NAME = sorted(name for name in MODEL.model["operations"] if "ResourceNotFoundException" in errors_of(name)
                 and "StreamName" in MODEL.shapes[MODEL.input_of(name)]["members"])


@evidence("M", "ResourceNotFoundException of every operation that lists it")
@pytest.mark.parametrize("operation", BY_NAME)
def test_a_stream_that_is_not_there_is_not_found_by_name(server, operation):
    body = {**good(operation), "StreamName": "nobody"}
    kind, text = server.raw.error(operation, body)
    assert kind == "ResourceNotFoundException" and "nobody under account 000000000000" in text


# --- States ----------------------------------------------------------------------------------------


@evidence("R", "kinesalite's suite: a stream may be deleted while it is being created; AWS's answer on DELETING is reported, not recorded")
def test_a_stream_that_is_being_created_can_be_deleted_once(name):
    running = Server("--stream.create-delay-ms", str(HOUR // 2), "--stream.delete-delay-ms", str(HOUR))
    running.kinesis.create_stream(StreamName=name, ShardCount=1)
    running.kinesis.delete_stream(StreamName=name)
    running.advance(HOUR // 2)
    described = running.kinesis.describe_stream(StreamName=name)["StreamDescription"]
    assert (described["StreamStatus"], described["Shards"]) == ("DELETING", [])
    assert running.raw.error("DeleteStream", {"StreamName": name}) == (
        "ResourceInUseException", f"Stream {name} under account 000000000000 not ACTIVE, instead in state DELETING")
    running.advance(HOUR)
    running.kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 0.01, "MaxAttempts": 1_000})
    running.stop()
