"""Apache Flink's Kinesis source, in a cluster within one process: 3,000 records through a split."""

import collections
import pathlib
import subprocess
import threading

import boto3
import pytest

import maven
import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

RECORDS, KEYS = 3_000, 50


@pytest.fixture(scope="module", params=["POLLING", "EFO"])
def got(request, server):
    """What the job printed: shard, key and number of each record."""
    classpath = maven.classpath(pathlib.Path(__file__).resolve().parent, "Apache Flink")
    kinesis = boto3.client("kinesis", endpoint_url=server.url, region_name=stand.REGION,
                           aws_access_key_id=server.key.access_key, aws_secret_access_key=server.key.secret_key)
    stream = f"flink-{request.param.lower()}"
    # Four shards: no shard gets a thousand records at once.
    kinesis.create_stream(StreamName=stream, ShardCount=4)

    def put(numbers):
        for first in range(numbers.start, numbers.stop, 250):
            reply = kinesis.put_records(StreamName=stream, Records=[
                {"PartitionKey": f"key-{n % KEYS}", "Data": b"%d" % n} for n in range(first, first + 250)])
            assert reply["FailedRecordCount"] == 0
            server.advance(1_000)

    put(range(0, RECORDS // 3))
    log = stand.BUILD / "flink" / f"{stream}.log"
    with log.open("w") as writing:
        job = subprocess.Popen(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, "penstock.Job", stream, server.url, request.param],
            env=stand.environment(server), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, text=True)
    lines = []
    listening = threading.Thread(target=lambda: lines.extend(job.stdout), daemon=True)
    listening.start()
    try:
        stand.until(lambda: len(lines) >= RECORDS // 3 or job.poll() is not None, seconds=120)
        put(range(RECORDS // 3, 2 * RECORDS // 3))
        kinesis.split_shard(StreamName=stream, ShardToSplit=story.shard(0), NewStartingHashKey=str(story.QUARTER // 2))
        put(range(2 * RECORDS // 3, RECORDS))
        stand.until(lambda: len(lines) >= RECORDS or job.poll() is not None, seconds=120)
        job.stdin.close()
        assert job.wait(timeout=60) == 0, log.read_text()[-4000:]
    finally:
        job.kill()
        job.wait()
        listening.join()
        job.stdout.close()
    return [line.split()[1:] for line in lines]


def test_every_record_comes_once(got):
    assert sorted(int(number) for *_, number in got) == list(range(RECORDS))
    assert all(key == f"key-{int(number) % KEYS}" for _, key, number in got)


def test_a_keys_records_come_in_the_order_of_its_shard(got):
    numbers = collections.defaultdict(list)
    for shard, key, number in got:
        numbers[shard, key].append(int(number))
    assert [each for each, of_it in numbers.items() if of_it != sorted(of_it)] == []


def test_the_children_of_the_split_are_read(got):
    assert {shard for shard, *_ in got} == {story.shard(n) for n in range(6)}
