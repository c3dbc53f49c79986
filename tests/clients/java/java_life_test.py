"""The AWS SDK for Java 2 through a stream's whole life: CBOR, also in its errors."""

import pathlib

import pytest

import maven
import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def told(any_server):
    classpath = maven.classpath(pathlib.Path(__file__).resolve().parent, "the AWS SDK for Java")
    return story.tell(any_server, "java", ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, "penstock.Life"])


class TestStory(story.FanOutStory):
    pass
