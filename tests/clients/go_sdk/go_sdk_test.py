"""The AWS SDK for Go 2: JSON over HTTP/1.1, and over HTTP/2 where there is TLS."""

import pathlib

import pytest

import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def program():
    return story.go_program(SOURCES, "the AWS SDK for Go")


@pytest.fixture(scope="module")
def told(any_server, program):
    return story.tell(any_server, "go", [program])


class TestStory(story.FanOutStory):
    pass
