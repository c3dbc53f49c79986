"""The AWS SDK for Rust: JSON over HTTP/1.1, and over HTTP/2 where there is TLS. The longest build of all clients, so it is kept in the user's cache."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import story

# The first run may have to fetch and compile everything.
pytestmark = pytest.mark.timeout(900)

SOURCES = pathlib.Path(__file__).resolve().parent
# Cargo keeps what it fetched for all projects, but not what it compiled.
OUTPUT = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "penstock" / "clients" / "rust"


def version_of(text):
    return tuple(map(int, re.search(r"(\d+)\.(\d+)", text).groups()))


@pytest.fixture(scope="module")
def program():
    if shutil.which("cargo") is None:
        pytest.skip("Rust is missing (cargo is not on the PATH)")
    here = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout
    wanted = re.search(r'^rust-version = "(.*)"', (SOURCES / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    if version_of(here) < version_of(wanted):
        pytest.skip(f"Rust is too old: {here.strip()} is here, the SDK wants {wanted}")
    story.built(["cargo", "build", "--locked", "--manifest-path", str(SOURCES / "Cargo.toml")], "the AWS SDK for Rust",
                CARGO_TARGET_DIR=str(OUTPUT), CARGO_TERM_COLOR="never")
    return OUTPUT / "debug" / "story"


@pytest.fixture(scope="module")
def told(any_server, program):
    return story.tell(any_server, "rust", [program])


class TestStory(story.FanOutStory):
    pass
