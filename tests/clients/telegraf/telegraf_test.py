"""Telegraf with its Kinesis output and input, as its makers' builder would make it: metrics through a stream and a split."""

import pathlib
import subprocess
import threading

import boto3
import pytest

import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent
TAGS = "custom,inputs.file,inputs.kinesis_consumer,outputs.file,outputs.kinesis,parsers.influx,serializers.influx"
METRICS, GAUGES = 4_000, 100
# So many that no shard gets a thousand records at once: Telegraf gives up what is refused.
SHARDS = 8

WRITER = """
[agent]
  omit_hostname = true
  metric_batch_size = 500
  metric_buffer_limit = 10000
[[inputs.file]]
  files = ["{folder}/{part}.influx"]
  data_format = "influx"
[[outputs.kinesis]]
  region = "{region}"
  endpoint_url = "{url}"
  streamname = "levels"
  data_format = "influx"
  [outputs.kinesis.partition]
    method = "tag"
    key = "gauge"
    default = "none"
"""

READER = """
[agent]
  omit_hostname = true
  interval = "200ms"
  flush_interval = "200ms"
  metric_batch_size = 1000
  metric_buffer_limit = 10000
[[inputs.kinesis_consumer]]
  region = "{region}"
  endpoint_url = "{url}"
  streamname = "levels"
  shard_iterator_type = "TRIM_HORIZON"
  data_format = "influx"
[[outputs.file]]
  files = ["stdout"]
  data_format = "influx"
"""


@pytest.fixture(scope="module")
def telegraf(server, tmp_path_factory):
    program = story.go_program(SOURCES, "Telegraf", "-tags", TAGS, "-ldflags", "-s -w",
                               package="github.com/influxdata/telegraf/cmd/telegraf")
    folder = tmp_path_factory.mktemp("telegraf")

    def run(name, configuration, *options, **values):
        path = folder / f"{name}.conf"
        path.write_text(configuration.format(url=server.url, region=stand.REGION, folder=folder, **values))
        return subprocess.Popen([program, "--config", str(path), *options], env=stand.environment(server),
                                stdout=subprocess.PIPE, stderr=(folder / f"{name}.log").open("w"), text=True)

    run.folder = folder
    return run


def write(telegraf, part, numbers):
    """Puts metrics into the stream; their values are the numbers."""
    lines = [f"level,gauge=g{n % GAUGES} value={n}i {1_700_000_000_000_000_000 + n}\n" for n in numbers]
    (telegraf.folder / f"{part}.influx").write_text("".join(lines))
    writer = telegraf(f"writer-{part}", WRITER, "--once", part=part)
    writer.communicate(timeout=60)
    said = (telegraf.folder / f"writer-{part}.log").read_text()
    assert writer.returncode == 0 and " E! " not in said, said


@pytest.fixture(scope="module")
def values(server, telegraf):
    """The values that came back, in order, by gauge."""
    kinesis = boto3.client("kinesis", endpoint_url=server.url, region_name=stand.REGION,
                           aws_access_key_id=server.key.access_key, aws_secret_access_key=server.key.secret_key)
    kinesis.create_stream(StreamName="levels", ShardCount=SHARDS)
    write(telegraf, "before", range(METRICS // 2))
    kinesis.split_shard(StreamName="levels", ShardToSplit=story.shard(0), NewStartingHashKey=str(story.QUARTER // 4))
    write(telegraf, "after", range(METRICS // 2, METRICS))

    reader = telegraf("reader", READER)
    lines = []
    listening = threading.Thread(target=lambda: lines.extend(reader.stdout), daemon=True)
    listening.start()
    try:
        stand.until(lambda: len(set(lines)) >= METRICS, seconds=120)
    finally:
        reader.terminate()
        reader.wait(timeout=30)
        listening.join()
        reader.stdout.close()
    values = {}
    # The SDK for Go sends a batch again whose reply it lost (go_sdk/main.go says when): what comes again is left out.
    for line in dict.fromkeys(lines):
        name, value, _ = line.split()
        values.setdefault(name.removeprefix("level,gauge="), []).append(int(value.removeprefix("value=").rstrip("i")))
    return values


def test_every_metric_comes_back(values):
    assert sorted(value for each in values.values() for value in each) == list(range(METRICS))


def test_a_gauges_metrics_come_in_order(values):
    assert set(values) == {f"g{n}" for n in range(GAUGES)}
    assert [name for name, each in values.items() if each != sorted(each)] == []
