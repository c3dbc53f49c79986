"""TLS: certificates of the server's own and of files, both protocols, and who may come without."""

import json
import pathlib
import socket
import ssl
import subprocess
import warnings

import botocore.exceptions
import httpx
import pytest
from command import run
from conftest import Server, evidence
from kit import data_of, read, until
from raw import SIGNED

OURS = evidence("own", "docs/operating.md, TLS")


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    running = Server("--tls", "self-signed", "--data", str(tmp_path_factory.mktemp("tls") / "data"), "--limits", "off")
    yield running
    running.stop()


def health(server, **more):
    with httpx.Client(verify=ssl.create_default_context(cafile=server.ca), **more) as client:
        return client.get(server.url + "/_penstock/health")


@OURS
def test_boto3_trusts_the_file_that_the_ready_line_names(secured, name):
    assert secured.url.startswith("https://127.0.0.1:") and " tls=on " in secured.ready_line
    secured.kinesis.create_stream(StreamName=name, ShardCount=1)
    secured.kinesis.put_record(StreamName=name, Data=b"hi", PartitionKey="a")
    assert data_of(read(secured.kinesis, name)) == [b"hi"]


@OURS
def test_who_does_not_trust_it_is_not_served(secured, monkeypatch):
    monkeypatch.setattr(secured, "ca", None)
    with pytest.raises(botocore.exceptions.SSLError):
        secured.client("kinesis").list_streams()


@OURS
def test_localhost_is_in_the_certificate(secured):
    with httpx.Client(verify=ssl.create_default_context(cafile=secured.ca)) as client:
        assert client.get(f"https://localhost:{secured.port}/_penstock/health").status_code == 200


@OURS
def test_http_2_is_agreed_on(secured):
    assert health(secured, http2=True).http_version == "HTTP/2"
    assert health(secured).http_version == "HTTP/1.1"


@OURS
@pytest.mark.parametrize("version, flag", [("1.2", "--tls-max"), ("1.3", "--tlsv1.3")])
def test_curl_speaks_both_versions(secured, version, flag):
    flags = [flag, version] if flag == "--tls-max" else [flag]
    said = subprocess.run(
        ["curl", "-sS", "--cacert", secured.ca, *flags, "-w", " %{http_version}", secured.url + "/_penstock/health"],
        capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.endswith(" 2")


@OURS
def test_older_versions_are_not_spoken(secured):
    context = ssl.create_default_context(cafile=secured.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # They are meant.
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=context) as client:
        client.get(secured.url)


@OURS
def test_the_same_port_serves_this_machine_without_tls(secured):
    assert secured.raw.request("GET", "/_penstock/health").status == 200
    with httpx.Client(http1=False, http2=True) as client:
        assert client.get(f"http://127.0.0.1:{secured.port}/_penstock/health").http_version == "HTTP/2"


@OURS
def test_the_command_line_takes_the_ca_by_flag_and_by_environment(secured, name):
    assert run(secured, "stream", "create", name, "--ca-file", secured.ca).code == 0
    put = run(secured, "put", name, "--file", "-", stdin="one\n", AWS_CA_BUNDLE=secured.ca)
    assert put.code == 0, put
    refused = run(secured, "stream", "list")
    assert refused.code != 0
    assert "--ca-file or AWS_CA_BUNDLE names the CA" in refused.err


@OURS
def test_a_server_that_speaks_no_tls(server):
    done = run(None, "stream", "list", "--endpoint-url", f"https://127.0.0.1:{server.port}")
    assert done.code == 1 and "seems to speak http:// only" in done.err and "--tls=self-signed" in done.err, done


@OURS
def test_the_ca_is_kept_with_the_data_and_goes_without(tmp_path):
    def ca_of(*flags):
        running = Server("--tls", "self-signed", *flags)
        try:
            assert health(running).status_code == 200
            with open(running.ca) as file:
                return running.ca, file.read()
        finally:
            running.stop()
    data = ["--data", str(tmp_path / "data")]
    assert ca_of(*data) == ca_of(*data)
    path, _ = ca_of()
    assert not pathlib.Path(path).parent.exists()


@pytest.fixture
def pair(tmp_path):
    """Makes a certificate that is its own CA; the files stay the same."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"

    def make():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
            check=True, capture_output=True, timeout=60)
        return certificate, key
    return make


@OURS
def test_a_certificate_of_files_is_used_and_read_again(pair):
    certificate, key = pair()
    running = Server("--tls-cert", str(certificate), "--tls-key", str(key))
    try:
        running.ca = str(certificate)
        assert health(running).status_code == 200
        pair()

        def is_replaced():
            try:
                return health(running).status_code == 200
            except httpx.ConnectError:
                return False
        until(is_replaced)
    finally:
        running.stop()


@OURS
def test_files_that_cannot_be_used_are_refused(pair, tmp_path):
    certificate, key = pair()

    def refused(*flags):
        done = run(None, "serve", "--listen", "127.0.0.1:0", *flags)
        assert (done.code, done.out) == (1, "")
        return done.err
    assert "holds no certificate" in refused("--tls-cert", key, "--tls-key", key)
    assert "/nowhere" in refused("--tls-cert", "/nowhere", "--tls-key", key)
    key.chmod(0o644)
    assert "chmod 600" in refused("--tls-cert", certificate, "--tls-key", key)


@OURS
def test_other_machines_take_tls_and_a_key(tmp_path):
    data = ["--data", str(tmp_path / "data")]
    open_to_all = ["--listen", "0.0.0.0:0", "--tls", "self-signed", *data]
    refused = run(None, "serve", *open_to_all)
    assert (refused.code, refused.out) == (1, "")
    assert "there is no access key yet" in refused.err
    key = json.loads(run(None, "keys", "add", *data, "--json").out)
    running = Server("--tls", "self-signed", *data, listen="0.0.0.0:0", dev=False)
    try:
        with httpx.Client(verify=ssl.create_default_context(cafile=running.ca)) as client:
            url = f"https://127.0.0.1:{running.port}/"
            unknown = client.post(url, content="{}", headers={
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams", **SIGNED})
            assert unknown.json()["__type"] == "InvalidSignatureException", "it is not ours"
        listed = run(running, "stream", "list", AWS_ENDPOINT_URL=f"http://127.0.0.1:{running.port}",
                     AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])
        assert listed.code == 0, "who is on this machine needs no TLS"
    finally:
        running.stop()


@OURS
def test_whoever_speaks_tls_to_a_server_without_is_told_at_once(server):
    """By an answer that is no TLS; the server does not wait for more of the head."""
    with pytest.raises(ssl.SSLError, match="(?i)wrong.version|record layer"):
        ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", server.port)),
                                                 server_hostname="localhost")
