"""The AWS SDK for JavaScript 3. Left to itself its Kinesis client speaks HTTP/2, without asking first where there is no TLS."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

import stand
import story

# The first run may have to fetch everything.
pytestmark = pytest.mark.timeout(300)

SOURCES = pathlib.Path(__file__).resolve().parent
OUTPUT = stand.BUILD / "javascript"


def lowest_node():
    engines = json.loads((SOURCES / "package-lock.json").read_text())["packages"]["node_modules/@aws-sdk/client-kinesis"]["engines"]
    return int(re.search(r"\d+", engines["node"]).group())


@pytest.fixture(scope="module")
def program():
    """The program beside its packages, which npm installs as the lock file says, from its cache where that holds them."""
    for tool in "node", "npm":
        if shutil.which(tool) is None:
            pytest.skip(f"Node.js is missing ({tool} is not on the PATH)")
    version = int(subprocess.run(["node", "--version"], capture_output=True, text=True).stdout[1:].split(".")[0])
    if version < lowest_node():
        pytest.skip(f"Node.js is too old: {version} is here, the SDK wants {lowest_node()}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    stamp = OUTPUT / "node_modules" / ".of-this-lock-file"
    lock = (SOURCES / "package-lock.json").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        for name in "package.json", "package-lock.json":
            shutil.copy(SOURCES / name, OUTPUT)
        story.built(["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"],
                    "the AWS SDK for JavaScript", cwd=OUTPUT)
        stamp.write_bytes(lock)
    return shutil.copy(SOURCES / "story.mjs", OUTPUT)


@pytest.fixture(scope="module", params=["h1", "h2"])
def told(request, any_server, program):
    return story.tell(any_server, f"javascript-{request.param}", ["node", program, request.param])


class TestStory(story.FanOutStory):
    pass
