"""What has a table is served, and what has none is not: `penstock shapes` tells no more and no less than dispatch knows."""

import json
import subprocess

import boto3
import botocore.config
import botocore.exceptions
import pytest

import stand

UNKNOWN = {"UnknownOperationException", "InvalidAction", "com.amazonaws.sqs#UnknownOperationException"}


@pytest.fixture(scope="module")
def tables():
    printed = subprocess.run([stand.BINARY, "shapes"], capture_output=True, text=True, check=True).stdout
    return {service: {each["name"] for each in description["operations"]}
            for service, description in json.loads(printed).items()}


def client_of(server, service):
    return boto3.client(
        service, endpoint_url=server.url, region_name=stand.REGION, aws_access_key_id=server.key.access_key,
        aws_secret_access_key=server.key.secret_key,
        config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def is_served(client, operation):
    """Whether a request without members (but for those in the path) gets to the operation."""
    model = client.meta.service_model.operation_model(operation)
    members = model.input_shape.members if model.input_shape else {}
    labels = {name: "nobody" for name, member in members.items() if member.serialization.get("location") == "uri"}
    try:
        client._make_api_call(operation, labels)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] not in UNKNOWN
    return True


@pytest.mark.parametrize("service", ["kinesis", "sqs"])
def test_exactly_what_has_a_table_is_served(server, tables, service):
    client = client_of(server, service)
    # boto3 answers a refusal of an event stream as it does any other.
    assert {name for name in client.meta.service_model.operation_names if is_served(client, name)} == tables[service]


def test_every_lambda_operation_that_has_a_table_is_served(server, tables):
    client = client_of(server, "lambda")
    assert {name for name in tables["lambda"] if is_served(client, name)} == tables["lambda"]
