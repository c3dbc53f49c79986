"""penstock keys, and how the command line finds the credentials it signs with."""

import json

import boto3
import pytest
from command import run
from conftest import REGION, Server, evidence

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@evidence("own", "a key is made, shown once, listed without its secret, and removed")
def test_the_life_of_a_key(tmp_path):
    data = tmp_path / "not there yet"
    made = run(None, "keys", "add", "--data", data, "--account", "123456789012", "--note", "build server")
    assert made.code == 0
    lines = dict(line.removeprefix("export ").split("=", 1) for line in made.lines())
    assert lines["AWS_ACCESS_KEY_ID"].startswith("AKIA") and len(lines["AWS_ACCESS_KEY_ID"]) == 20
    assert len(lines["AWS_SECRET_ACCESS_KEY"]) == 40
    assert (data / "keys").stat().st_mode & 0o777 == 0o600
    assert not (data / "keys.new").exists()
    listed = run(None, "keys", "list", "--data", data)
    assert lines["AWS_ACCESS_KEY_ID"] in listed.out and "build server" in listed.out
    as_json = json.loads(run(None, "keys", "list", "--keys", data / "keys", "--json").out)
    assert [(key["AccessKeyId"], key["Account"], key["Admin"], key["Note"]) for key in as_json["Keys"]] == [
        (lines["AWS_ACCESS_KEY_ID"], "123456789012", False, "build server")]
    for shown in (listed.out, json.dumps(as_json)):
        assert lines["AWS_SECRET_ACCESS_KEY"] not in shown
    assert run(None, "keys", "remove", "--data", data, lines["AWS_ACCESS_KEY_ID"]).code == 0
    assert json.loads(run(None, "keys", "list", "--data", data, "--json").out) == {"Keys": []}


@evidence("own", "a secret comes by file or standard input, and is shown nowhere")
def test_a_key_that_is_given(tmp_path):
    file = tmp_path / "keys"
    (tmp_path / "secret").write_text(SECRET + "\n")
    by_file = run(None, "keys", "add", "--keys", file, "--id", "AKIAIOSFODNN7EXAMPLE", "--secret-file", tmp_path / "secret")
    by_input = run(None, "keys", "add", "--keys", file, "--id", "AKIAIOSFODNN7SECOND1", "--secret-file", "-",
                   "--json", stdin=SECRET + "\n")
    for done in (by_file, by_input):
        assert done.code == 0 and SECRET not in done.out + done.err, done
    assert file.read_text().count(SECRET) == 2


@evidence("own", "what somebody wrote into the file beside the keys stays")
def test_comments_stay(tmp_path):
    file = tmp_path / "keys"
    run(None, "keys", "add", "--keys", file, "--id", "AKIAIOSFODNN7EXAMPLE")
    ours = "# rotated on Mondays\n\n" + file.read_text() + "# below: the build server\n"
    file.write_text(ours)
    assert run(None, "keys", "add", "--keys", file, "--id", "AKIAIOSFODNN7SECOND1").code == 0
    both = file.read_text()
    assert both.startswith(ours) and both.count("\n") == ours.count("\n") + 1
    assert run(None, "keys", "remove", "--keys", file, "AKIAIOSFODNN7SECOND1").code == 0
    assert file.read_text() == ours


@evidence("own", "2 and a sentence")
@pytest.mark.parametrize("flags, sentence", [
    (["--account", "12"], "an account is 12 digits"),
    (["--id", "short"], "an access key id is 16 to 128 letters, digits or underscores"),
    (["--id", "ASIAIOSFODNN7EXAMPLE"], "ids that begin with ASIA belong to temporary keys, which are in no file"),
    (["--id", "AKIAIOSFODNN7EXAMPLE"], "there is a key AKIAIOSFODNN7EXAMPLE already"),
    (["--secret-file", "/no/such"], "the secret cannot be read from /no/such"),
    (["--secret-file", "-"], "a secret is 16 to 128 printable characters without spaces"),
    (["--note", "a\nb"], "a note is one line without control characters"),
])
def test_a_key_that_cannot_be(tmp_path, flags, sentence):
    file = tmp_path / "keys"
    assert run(None, "keys", "add", "--keys", file, "--id", "AKIAIOSFODNN7EXAMPLE").code == 0
    before = file.read_bytes()
    done = run(None, "keys", "add", "--keys", file, *flags)
    assert (done.code, done.out, done.err) == (2, "", f"penstock: {sentence}\n")
    assert file.read_bytes() == before


@evidence("own", "2 and a sentence")
def test_keys_that_are_nowhere(tmp_path):
    done = run(None, "keys", "list")
    assert (done.code, done.err) == (
        2, "penstock: which keys? Say --data FOLDER, the server's data folder, or --keys FILE\n")
    absent = run(None, "keys", "remove", "AKIAIOSFODNN7EXAMPLE", "--keys", tmp_path / "keys")
    assert (absent.code, absent.err) == (2, f"penstock: there is no key AKIAIOSFODNN7EXAMPLE in {tmp_path}/keys\n")


# --- Credentials of the command line -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with one key, and the key as variables."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    made = json.loads(run(None, "keys", "add", "--admin", "--keys", file, "--json").out)
    running = Server("--keys", str(file), "--limits", "off")
    running.credentials = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    yield running
    running.stop()


@evidence("own", "every command signs")
def test_commands_against_a_server_with_keys(guarded, name, tmp_path):
    (tmp_path / "app.py").write_text("def handler(event, context): return event")
    variables = guarded.credentials
    boto3.client("kinesis", endpoint_url=guarded.url, region_name=REGION,
                 aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                 aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"]).create_stream(StreamName=name, ShardCount=1)
    for arguments in (
            ["put", name, "--file", "-"], ["tail", name, "--from", "horizon", "--no-follow"],
            ["function", "deploy", name, "--code", tmp_path], ["function", "invoke", name, "--payload", "1"],
            ["function", "logs", name], ["mapping", "create", "--stream", name, "--function", name],
            ["mapping", "list"], ["audit"], ["clock"], ["clock", "advance", "1s"]):
        done = run(guarded, *arguments, stdin="one\n", **variables)
        assert done.code == 0, (arguments, done)


@evidence("own", "without credentials the command line says what to do")
def test_a_command_without_credentials(guarded):
    done = run(guarded, "audit")
    assert done.code == 1
    assert done.err == (
        "penstock: UnrecognizedClientException: The security token included in the request is invalid.\n"
        "The server takes signed requests only, and there are no credentials here: set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials in AWS_PROFILE (`penstock keys add` makes a key)\n")
    wrong = run(guarded, "audit", AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x")
    assert wrong.err.endswith("\nThe request was signed with the access key AKIAIOSFODNN7EXAMPLE.\n")


@evidence("D", "AWS CLI User Guide: variables go before the shared credentials file, whose profile AWS_PROFILE names")
def test_credentials_from_a_profile(guarded, tmp_path):
    file = tmp_path / "credentials"
    key, secret = guarded.credentials.values()
    file.write_text(f"[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n\n# ours\n[ penstock ]\n"
                    f"aws_access_key_id={key}\naws_secret_access_key = {secret}\nregion = eu-west-1\n")
    assert run(guarded, "audit", AWS_SHARED_CREDENTIALS_FILE=str(file), AWS_PROFILE="penstock").code == 0
    assert run(guarded, "audit", AWS_SHARED_CREDENTIALS_FILE=str(file)).code == 1
    assert run(guarded, "audit", AWS_SHARED_CREDENTIALS_FILE=str(file), **guarded.credentials).code == 0
    (tmp_path / ".aws").mkdir()
    file.rename(tmp_path / ".aws" / "credentials")
    home = run(guarded, "audit", HOME=str(tmp_path), AWS_PROFILE="penstock", AWS_SHARED_CREDENTIALS_FILE="")
    assert home.code == 0, home
