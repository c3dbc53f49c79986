"""DryRun of the calls that write and read: every check of the call, then an error that says it would have succeeded."""

import base64

import pytest
from conftest import evidence
from kit import FIRST, HOUR, iterator, read

GUIDE = "developer guide: kds-dryrun-validation"
PROTOCOLS = pytest.mark.parametrize("protocol", ["json", "cbor"])


def data(protocol, payload=b"x"):
    return payload if protocol == "cbor" else base64.b64encode(payload).decode()


def bodies(server, stream, protocol):
    """A request of each operation that would succeed."""
    return {
        "PutRecord": {"StreamName": stream, "Data": data(protocol), "PartitionKey": "k"},
        "PutRecords": {"StreamName": stream, "Records": [{"Data": data(protocol), "PartitionKey": "k"}]},
        "GetShardIterator": {"StreamName": stream, "ShardId": FIRST, "ShardIteratorType": "TRIM_HORIZON"},
        "GetRecords": {"ShardIterator": iterator(server.kinesis, stream)},
    }


OPERATIONS = ["PutRecord", "PutRecords", "GetShardIterator", "GetRecords"]


def error(server, protocol, operation, body):
    return (server.raw.error if protocol == "json" else server.raw.cbor_error)(operation, body)


@evidence("D", GUIDE + "; the text is ours")
@PROTOCOLS
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_dry_run_that_passes_is_an_error_of_its_own(server, stream, operation, protocol):
    body = {**bodies(server, stream, protocol)[operation], "DryRun": True}
    assert error(server, protocol, operation, body) == (
        "DryRunOperationException", "The request would have succeeded, but the DryRun flag is set.")
    assert read(server.kinesis, stream) == []


@evidence("M", "DryRun is a boolean")
@PROTOCOLS
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_run_that_is_not_dry_is_made(server, stream, operation, protocol):
    body = {**bodies(server, stream, protocol)[operation], "DryRun": False}
    if protocol == "json":
        server.raw.result(operation, body)
    else:
        server.raw.cbor(operation, body)


WRONG = {
    "PutRecord": [{"StreamName": "nobody"}, {"ExplicitHashKey": str(2**128)}, {"PartitionKey": None},
                  {"SequenceNumberForOrdering": "1" + "0" * 60}, {"PartitionKey": ""}],
    "PutRecords": [{"StreamName": "nobody"}, {"Records": []},
                   {"Records": [{"Data": "", "PartitionKey": "k", "ExplicitHashKey": str(2**128)}]}],
    "GetShardIterator": [{"StreamName": "nobody"}, {"ShardId": "shardId-000000000009"}, {"ShardId": "what"},
                         {"ShardIteratorType": "AT_TIMESTAMP"}, {"StartingSequenceNumber": "1"},
                         {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}],
    "GetRecords": [{"ShardIterator": "AAAA"}, {"Limit": 0},
                   {"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/nobody"}],
}


@evidence("D", GUIDE + ": the same errors as the call itself")
@pytest.mark.parametrize("operation, change", [(operation, change) for operation in WRONG for change in WRONG[operation]])
def test_a_dry_run_is_refused_as_the_call_would_be(server, stream, operation, change):
    body = {**bodies(server, stream, "json")[operation], **change}
    real = server.raw.error(operation, body)
    assert server.raw.error(operation, {**body, "DryRun": True}) == real
    assert real[0] != "DryRunOperationException"


@evidence("D", GUIDE + ": the same errors as the call itself")
def test_a_dry_run_of_an_expired_iterator(server, stream):
    at = iterator(server.kinesis, stream)
    server.advance(HOUR)
    assert server.raw.error("GetRecords", {"ShardIterator": at, "DryRun": True})[0] == "ExpiredIteratorException"


@evidence("own", "nothing is published of what a dry run uses up")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_dry_runs_do_not_use_up_a_shard_s_limits(limited, name, operation):
    limited.kinesis.create_stream(StreamName=name, ShardCount=1)
    body = bodies(limited, name, "json")[operation]
    for _ in range(20):
        assert limited.raw.error(operation, {**body, "DryRun": True})[0] == "DryRunOperationException"
    limited.raw.result(operation, body)
