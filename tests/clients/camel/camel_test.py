"""Apache Camel's Kinesis component: one route puts, one by one and in batches, another one reads them back."""

import collections
import hashlib
import pathlib

import boto3
import pytest

import maven
import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SINGLES, BATCHES, BATCH = 1_000, 20, 100
# So many that no shard gets a thousand records, however quick the machine is: Camel gives a batch up that is refused in part.
SHARDS = 8


@pytest.fixture(scope="module")
def told(server):
    classpath = maven.classpath(pathlib.Path(__file__).resolve().parent, "Apache Camel")
    boto3.client("kinesis", endpoint_url=server.url, region_name=stand.REGION, aws_access_key_id=server.key.access_key,
                 aws_secret_access_key=server.key.secret_key).create_stream(StreamName="camel", ShardCount=SHARDS)
    return story.tell(server, "camel", ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, "penstock.Routes"],
                      [server.url, str(SINGLES), str(BATCHES)])


def test_everything_comes_back_once(told):
    wanted = [(f"key-{n}", f"single-{n}") for n in range(SINGLES)]
    wanted += [(f"batch-{batch}", f"batch-{batch}-{n}") for batch in range(BATCHES) for n in range(BATCH)]
    assert collections.Counter((key, text) for key, text, _ in told.facts["got"]) == collections.Counter(wanted)


def test_a_batch_of_one_key_comes_back_in_its_order(told):
    numbers = collections.defaultdict(list)
    for key, text, _ in told.facts["got"]:
        if key.startswith("batch-"):
            numbers[key].append(int(text.rsplit("-", 1)[1]))
    assert [key for key, each in numbers.items() if each != sorted(each)] == []


def test_keys_lie_where_their_hash_says(told):
    width = 2**128 // SHARDS
    assert [(key, shard) for key, _, shard in told.facts["got"]
            if shard != story.shard(int(hashlib.md5(key.encode()).hexdigest(), 16) // width)] == []
