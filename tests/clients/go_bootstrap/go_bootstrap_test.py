"""A provided runtime: a bootstrap built with the public Go runtime client, statically, as for AWS."""

import json
import pathlib

import boto3
import pytest

import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def bootstrap():
    """The program's bytes."""
    return story.go_program(SOURCES, "github.com/aws/aws-lambda-go", "-tags", "lambda.norpc", "-ldflags", "-s -w").read_bytes()


@pytest.fixture
def clients(server):
    session = boto3.session.Session()
    return [session.client(service, endpoint_url=server.url, region_name=stand.REGION,
                           aws_access_key_id=server.key.access_key,
                           aws_secret_access_key=server.key.secret_key) for service in ("kinesis", "lambda")]


@pytest.fixture
def create(clients, bootstrap):
    def create(name, runtime):
        functions = clients[1]
        functions.create_function(
            FunctionName=name, Runtime=runtime, Handler="bootstrap", Role=stand.ROLE,
            Code={"ZipFile": stand.package("bootstrap", bootstrap, executable=True)})
        functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return create


def event(*texts):
    """A Kinesis event as far as the handler looks."""
    return {"Records": [{"kinesis": {"partitionKey": f"p{n}", "data": stand.base64_of(text),
                                     "approximateArrivalTimestamp": 1700000000.5}}
                        for n, text in enumerate(texts)]}


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_it_answers_an_invocation_and_knows_who_it_is(server, clients, create, runtime):
    name = f"called-{runtime.replace('.', '-')}"
    create(name, runtime)
    reply = clients[1].invoke(FunctionName=name, Payload=json.dumps(event(b"one", b"two")))
    assert "FunctionError" not in reply
    assert json.load(reply["Payload"]) == {
        "Records": 2, "RequestID": reply["ResponseMetadata"]["RequestId"], "Function": name}
    assert [line for line in server.log(name) if line.startswith("got")] == [
        stand.seen("p0", b"one"), stand.seen("p1", b"two")]


def test_its_error_is_told_with_type_and_message(clients, create):
    create("failing", "provided.al2023")
    reply = clients[1].invoke(FunctionName="failing", Payload=json.dumps(event(b"fail")))
    assert reply["FunctionError"] == "Unhandled"
    assert json.load(reply["Payload"]) == {"errorMessage": "told to fail by p0", "errorType": "errorString"}


def test_a_mapping_gives_it_every_record(server, clients, create):
    kinesis, functions = clients
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    create("orders-seen", "provided.al2023")
    functions.create_event_source_mapping(
        EventSourceArn=stand.stream_arn("orders"), FunctionName="orders-seen", StartingPosition="TRIM_HORIZON")
    records = {f"key-{n}": b"%d" % n * 1000 for n in range(50)}
    reply = kinesis.put_records(StreamName="orders", Records=[
        {"PartitionKey": key, "Data": data} for key, data in records.items()])
    assert reply["FailedRecordCount"] == 0
    server.wait_seen("orders-seen", records)
