"""The Kinesis Producer Library 1, which speaks TLS only: 5,000 user records, aggregated, read back and taken apart by the KCL."""

import collections
import pathlib

import boto3
import pytest

import maven
import stand
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

RECORDS, KEYS = 5_000, 50


@pytest.fixture(scope="module")
def told(tls_server):
    classpath = maven.classpath(pathlib.Path(__file__).resolve().parent, "the Kinesis Producer Library")
    boto3.client("kinesis", endpoint_url=tls_server.url, region_name=stand.REGION, verify=tls_server.ca_file,
                 aws_access_key_id=tls_server.key.access_key,
                 aws_secret_access_key=tls_server.key.secret_key).create_stream(StreamName="kpl", ShardCount=4)
    return story.tell(tls_server, "kpl", ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, "penstock.Produce"],
                      ["127.0.0.1", str(tls_server.port), tls_server.ca_file, str(RECORDS), str(KEYS)])


def test_every_user_record_comes_back_once(told):
    assert collections.Counter((key, text) for *_, key, text in told.facts["user"]) == collections.Counter(
        (f"key-{n % KEYS}", str(n // KEYS)) for n in range(RECORDS))


def test_each_is_where_the_library_was_told(told):
    """The shard and number that the library was answered for the record that carries it."""
    found = {(key, text): (shard, number) for shard, number, _, key, text in told.facts["user"]}
    assert {(key, text): (shard, number) for key, text, shard, number, _ in told.facts["put"]} == found


def test_many_travel_in_one_record(told):
    carried = collections.Counter(number for _, number, *_ in told.facts["user"])
    assert set(carried) == {number for _, number, *_ in told.facts["stored"]}
    assert max(carried.values()) > 1
    # Once it knows the shards, it aggregates by itself under the key "a".
    assert {key for _, number, key, _ in told.facts["stored"] if carried[number] > 1} == {"a"}
