"""The server that every client's test talks to, and the package of the Python function."""

import pytest

import stand


@pytest.fixture(scope="module")
def server():
    running = stand.Server("--dev", "--limits", "aws")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tls_server():
    """Its CA is made at its start; clients are told to trust it, and nothing else of them changes."""
    running = stand.Server("--dev", "--limits", "aws", "--tls=self-signed")
    yield running
    running.stop()


@pytest.fixture(scope="module", params=["http", "https"])
def any_server(request):
    return request.getfixturevalue("server" if request.param == "http" else "tls_server")


@pytest.fixture
def function_zip(tmp_path):
    path = tmp_path / "function.zip"
    path.write_bytes(stand.package("app.py", stand.FUNCTION))
    return path
