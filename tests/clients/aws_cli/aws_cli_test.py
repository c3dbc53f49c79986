"""The AWS CLI: Debian's, and another one if it stands first on the PATH."""

import base64
import json
import re
import subprocess

import pytest

import stand


class Aws:
    """`aws` with the server as its endpoint; gives what it printed as JSON."""

    def __init__(self, server, version):
        self.server = server
        self.version = version
        # Blobs are base64 on the command line of version 2, and as they are on that of version 1.
        self.blobs_are_base64 = version.startswith("2.")
        self.command = [stand.AWS_CLIS[version], "--endpoint-url", server.url, "--output", "json"]

    def run(self, service, operation, **options):
        words = [self.command[0], service, *operation.split(), *self.command[1:]]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return subprocess.run(words, env=stand.environment(self.server), capture_output=True, text=True, timeout=60)

    def __call__(self, service, operation, **options):
        done = self.run(service, operation, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, service, operation, **options):
        """Code and message of an error, out of what a user sees."""
        done = self.run(service, operation, **options)
        assert done.returncode != 0
        return re.search(r"\((\w+)\) when calling the \w+ operation: (.*)", done.stderr).groups()

    def blob(self, data):
        return base64.b64encode(data).decode() if self.blobs_are_base64 else data.decode()


@pytest.fixture(params=stand.AWS_CLIS or [None])
def aws(request, server):
    if request.param is None:
        pytest.skip("the AWS CLI is missing (aws is neither in /usr/bin nor on the PATH)")
    return Aws(server, request.param)


@pytest.fixture
def stream(aws):
    name = "orders-" + aws.version.replace(".", "-")
    aws("kinesis", "create-stream", stream_name=name, shard_count=1)
    return name


def put_records(aws, folder, stream, records):
    """One put-records, its records in a file as a batch of this size needs."""
    path = folder / "records.json"
    path.write_text(json.dumps([{"PartitionKey": key, "Data": aws.blob(data)} for key, data in records.items()]))
    return aws("kinesis", "put-records", stream_name=stream, records=f"file://{path}")


def read_all(aws, stream):
    iterator = aws("kinesis", "get-shard-iterator", stream_name=stream, shard_id=stand.SHARD,
                   shard_iterator_type="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        page = aws("kinesis", "get-records", shard_iterator=iterator)
        records += page["Records"]
        if page["MillisBehindLatest"] == 0:
            return records
        iterator = page["NextShardIterator"]


def test_a_batch_refused_in_part_is_retried_read_back_and_given_to_a_function(
        server, aws, stream, tmp_path, function_zip):
    first = put_records(aws, tmp_path, stream, stand.RECORDS)
    assert first["FailedRecordCount"] == 1
    refused = {key: result for key, result in zip(stand.RECORDS, first["Records"], strict=True)
               if "ErrorCode" in result}
    assert refused == {"key-3": {"ErrorCode": "ProvisionedThroughputExceededException",
                                 "ErrorMessage": stand.throttled(stream)}}
    server.advance(1_000)
    again = put_records(aws, tmp_path, stream, {key: stand.RECORDS[key] for key in refused})
    assert again["FailedRecordCount"] == 0

    records = read_all(aws, stream)
    assert {each["PartitionKey"]: base64.b64decode(each["Data"]) for each in records} == stand.RECORDS
    assert len(records) == len(stand.RECORDS)

    function = f"{stream}-seen"
    aws("lambda", "create-function", function_name=function, runtime="python3.11", handler="app.handler",
        role=stand.ROLE, zip_file=f"fileb://{function_zip}")
    mapping = aws("lambda", "create-event-source-mapping", function_name=function,
                  event_source_arn=stand.stream_arn(stream), starting_position="TRIM_HORIZON")
    server.wait_seen(function)
    shown = stand.until(lambda: result_of(aws, mapping))
    assert shown["State"] == "Enabled"


def result_of(aws, mapping):
    shown = aws("lambda", "get-event-source-mapping", uuid=mapping["UUID"])
    return shown if shown["LastProcessingResult"] == "OK" else None


def test_errors_are_shown_by_name(aws):
    assert aws.refused("kinesis", "describe-stream-summary", stream_name="nowhere") == (
        "ResourceNotFoundException", f"Stream nowhere under account {stand.ACCOUNT} not found.")
