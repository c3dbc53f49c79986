"""The AWS SDK for Go 2: JSON over HTTP/1.1."""

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
def told(server, program):
    return story.tell(server, "go", [program])


class TestStory(story.FanOutStory):
    pass
