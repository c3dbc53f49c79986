"""The server that every client's test talks to, and the package of the Python function."""

import pytest

import stand


@pytest.fixture(scope="module")
def server():
    running = stand.Server("--dev", "--limits", "aws")
    yield running
    running.stop()


@pytest.fixture
def function_zip(tmp_path):
    path = tmp_path / "function.zip"
    path.write_bytes(stand.package("app.py", stand.FUNCTION))
    return path
