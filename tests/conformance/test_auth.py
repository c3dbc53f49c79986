"""Signatures: a server with access keys, what it accepts and how it refuses.

botocore signs; what an SDK would never send is sent raw, with a signature by botocore's own signer.
"""

import datetime
import hashlib
import json
import os
import urllib.parse

import boto3
import botocore.config
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials
from command import run
from conftest import REGION, Server, evidence
from kit import create_function, package, refused, until

OTHER_ACCOUNT = "123456789012"
UNKNOWN = "UnrecognizedClientException", "The security token included in the request is invalid."
MISMATCH = ("InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.")
DENIED = "AccessDeniedException"
JSON_11, CBOR_11 = "application/x-amz-json-1.1", "application/x-amz-cbor-1.1"


class Keys:
    """A file of keys and the command that changes it."""

    def __init__(self, path):
        self.path = path

    def add(self, *arguments):
        done = run(None, "keys", "add", "--keys", self.path, "--json", *arguments)
        assert done.code == 0, done
        made = json.loads(done.out)
        return Credentials(made["AccessKeyId"], made.get("SecretAccessKey"))

    def remove(self, key):
        done = run(None, "keys", "remove", "--keys", self.path, key.access_key)
        assert done.code == 0, done


class Signer:
    """Requests signed by botocore and sent as they are."""

    def __init__(self, server, key, service="kinesis", region=REGION):
        self.server, self.key, self.service, self.region = server, key, service, region

    def sign(self, method="POST", path="/", body=b"{}", headers=None, signer=SigV4Auth, **more):
        request = AWSRequest(method=method, url=f"http://127.0.0.1:{self.server.port}{path}", data=body,
                             headers=headers or {})
        request.headers["Host"] = f"127.0.0.1:{self.server.port}"
        signer(self.key, self.service, self.region, **more).add_auth(request)
        parts = urllib.parse.urlsplit(request.url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        return {"method": method, "path": target, "body": body, "headers": dict(request.headers)}

    def call(self, change=None, **arguments):
        request = self.sign(**arguments)
        if change is not None:
            change(request)
        return self.server.raw.request(request["method"], request["path"], request["body"], request["headers"])

    def list_streams(self, change=None, content_type=JSON_11, **arguments):
        return self.call(change, headers={"Content-Type": content_type, "X-Amz-Target": "Kinesis_20131202.ListStreams"},
                         **arguments)


def error_of(reply):
    body = reply.json()
    return body["__type"], body.get("message")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("auth") / "keys")


@pytest.fixture(scope="module")
def admin(keys):
    return keys.add("--admin")


@pytest.fixture(scope="module")
def user(keys):
    return keys.add("--account", OTHER_ACCOUNT)


@pytest.fixture(scope="module")
def guarded(keys, admin, user):
    running = Server("--keys", str(keys.path), "--auth", "on", "--limits", "off")
    yield running
    running.stop()


def client(server, service, key, region=REGION):
    return boto3.client(
        service, endpoint_url=server.url, region_name=region, aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key, aws_session_token=key.token,
        config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60))


# --- What is accepted ------------------------------------------------------------------------------------------------


@evidence("D", "AWS General Reference, signing: any SDK's request is accepted, and the account is its key's")
def test_the_three_services_take_what_boto3_signs(guarded, admin, user, name):
    for key, account in ((admin, "000000000000"), (user, OTHER_ACCOUNT)):
        kinesis = client(guarded, "kinesis", key)
        kinesis.create_stream(StreamName=name, ShardCount=1)
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        assert summary["StreamARN"] == f"arn:aws:kinesis:{REGION}:{account}:stream/{name}"
        url = client(guarded, "sqs", key).create_queue(QueueName=name)["QueueUrl"]
        assert url.endswith(f"/{account}/{name}")
        assert client(guarded, "lambda", key).list_functions()["Functions"] == []


@evidence("D", "AWS General Reference: paths are encoded twice, so an ARN in one may come encoded or not")
def test_a_function_by_its_arn(guarded, admin, name):
    functions = client(guarded, "lambda", admin)
    guarded.functions = functions
    arn = create_function(guarded, name, "def handler(event, context): return 1")["FunctionArn"]
    assert functions.get_function(FunctionName=arn)["Configuration"]["FunctionName"] == name
    listed = functions.list_event_source_mappings(FunctionName=arn, EventSourceArn=f"arn:aws:kinesis:{REGION}:"
                                                  f"000000000000:stream/{name}")
    assert listed["EventSourceMappings"] == []
    location = urllib.parse.urlsplit(functions.get_function(FunctionName=name)["Code"]["Location"])
    package_reply = guarded.raw.request("GET", f"{location.path}?{location.query}")
    assert package_reply.status == 200 and package_reply.body.startswith(b"PK"), "presigned, as on AWS"
    another = guarded.raw.request("GET", f"{location.path.replace('/code', '/logs')}?{location.query}")
    assert another.status == 403, "for the package alone"
    signer = Signer(guarded, admin, "lambda")
    for path in (f"/2015-03-31/functions/{arn}", f"/2015-03-31/functions/{urllib.parse.quote(arn, safe='')}",
                 f"/2015-03-31/functions/{name}?Qualifier=%24LATEST", "/2015-03-31/functions/?MaxItems=3"):
        assert signer.call(method="GET", path=path, body=b"").status == 200, path


@evidence("D", "AWS General Reference: the signature may be in the query")
def test_a_presigned_request(guarded, admin):
    presigned = {"signer": SigV4QueryAuth, "expires": 60}
    assert Signer(guarded, admin, "lambda").call(method="GET", path="/2015-03-31/functions?MaxItems=2", body=b"",
                                                 **presigned).status == 200
    assert Signer(guarded, admin).list_streams(signer=PresignsBody, expires=60).status == 200
    reply = Signer(guarded, admin).list_streams(lambda request: request.update(body=b"[]"), signer=PresignsBody, expires=60)
    assert reply.status == 400, "the body is signed too"


@evidence("D", "Kinesis: CBOR as Java's SDK sends it")
def test_cbor(guarded, admin):
    assert Signer(guarded, admin).list_streams(content_type=CBOR_11, body=b"\xa0").status == 200


@evidence("own", "a stated body hash that is right is accepted")
def test_the_hash_of_the_body_may_be_stated(guarded, admin):
    right = hashlib.sha256(b"{}").hexdigest()
    for stated, status in ((right, 200), (hashlib.sha256(b"[]").hexdigest(), 400), ("UNSIGNED-PAYLOAD", 400)):
        reply = Signer(guarded, admin).call(headers={
            "Content-Type": JSON_11, "X-Amz-Target": "Kinesis_20131202.ListStreams",
            "X-Amz-Content-SHA256": stated}, signer=StatesHash)
        assert reply.status == status, stated


class PresignsBody(SigV4QueryAuth):
    """botocore puts a body's members into the query; here the body is sent, and signed."""

    def payload(self, request):
        return hashlib.sha256(b"{}").hexdigest()


class StatesHash(SigV4Auth):
    """Signs what the header states, as S3's signer does."""

    def payload(self, request):
        return request.headers["X-Amz-Content-SHA256"]


# --- What is refused -------------------------------------------------------------------------------------------------


@evidence("D", "common errors: an unknown key, and a wrong secret, at the three services")
def test_keys_that_are_unknown_or_wrong(guarded, admin):
    for service, call in (("kinesis", "list_streams"), ("lambda", "list_functions"), ("sqs", "list_queues")):
        unknown = client(guarded, service, Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))
        assert refused(getattr(unknown, call)) == UNKNOWN, service
        wrong = client(guarded, service, Credentials(admin.access_key, "secret"))
        assert refused(getattr(wrong, call)) == MISMATCH, service
        token = client(guarded, service, Credentials(admin.access_key, admin.secret_key, "token"))
        assert refused(getattr(token, call)) == UNKNOWN, service


@evidence("own", "status and form: Kinesis 400 with __type, Lambda 403 with a header, SQS 403 with a namespace")
def test_the_form_of_refusals(guarded):
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    for content_type in (JSON_11, CBOR_11):
        kinesis = Signer(guarded, nobody).list_streams(content_type=content_type,
                                                       body=b"{}" if content_type == JSON_11 else b"\xa0")
        assert (kinesis.status, kinesis.header("content-type")) == (400, content_type)
        assert kinesis.header("x-amzn-errortype") == UNKNOWN[0]
        assert UNKNOWN[1].encode() in kinesis.body
    rest = Signer(guarded, nobody, "lambda").call(method="GET", path="/2015-03-31/functions", body=b"")
    assert (rest.status, rest.header("x-amzn-errortype"), rest.json()) == (403, UNKNOWN[0], {"message": UNKNOWN[1]})
    sqs = Signer(guarded, nobody, "sqs").call(headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"})
    assert (sqs.status, error_of(sqs)) == (403, (f"com.amazon.coral.service#{UNKNOWN[0]}", UNKNOWN[1]))
    other = Signer(guarded, nobody).list_streams(content_type="text/plain")
    assert (other.status, other.body.decode()) == (
        403, f"<{UNKNOWN[0]}>\n  <Message>{UNKNOWN[1]}</Message>\n</{UNKNOWN[0]}>\n")


@evidence("R", "kinesalite's comparison: the body and the operation come before the signature")
def test_what_is_complained_of_before_the_signature(guarded):
    nobody = Signer(guarded, Credentials("AKIAIOSFODNN7EXAMPLE", "secret"))
    assert error_of(nobody.list_streams(body=b"{")) == ("SerializationException", None)
    unknown = nobody.call(headers={"Content-Type": JSON_11, "X-Amz-Target": "Kinesis_20131202.Nothing"})
    assert error_of(unknown) == ("UnknownOperationException", None)
    assert error_of(nobody.list_streams(body=b'{"Limit": "x"}')) == UNKNOWN, "and types after it"


def drop(header):
    return lambda request: request["headers"].pop(header)


def replace(header, old, new):
    def change(request):
        assert old in request["headers"][header]
        request["headers"][header] = request["headers"][header].replace(old, new)
    return change


def with_query(text):
    def change(request):
        request["path"] += text
    return change


INVALID, INCOMPLETE = "InvalidSignatureException", "IncompleteSignatureException"
MISSING_TOKEN = "MissingAuthenticationTokenException", "Missing Authentication Token"
BOTH = INVALID, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
NO_HOST = INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
NO_TARGET = INVALID, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."
ALGORITHM = INCOMPLETE, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). "
FIVE_PARTS = (INCOMPLETE, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
              "got '")
SCOPE = (INVALID, "Credential should be scoped to correct service: 'kinesis'. Credential should be scoped with a valid "
         "terminator: 'aws4_request', not 'aws5_request'. ")
DATE = INCOMPLETE, "Date must be in ISO-8601 'basic format'. Got '"


def missing_in_header(*parameters):
    return INCOMPLETE, "".join(f"Authorization header requires '{name}' parameter. " for name in parameters)


def missing_in_query(*parameters):
    return INCOMPLETE, "".join(f"AWS query-string parameters must include '{name}'. " for name in parameters) \
        + "Re-examine the query-string parameters."


@evidence("R", "kinesalite test/connection.js: what is missing; dynalite's notes of DynamoDB: the rest")
@pytest.mark.parametrize("content_type, body", [(JSON_11, b"{}"), (CBOR_11, b"\xa0")])
@pytest.mark.parametrize("change, expected", [
    (drop("Authorization"), MISSING_TOKEN),
    (with_query("?X-Amz-Algorithm=x"), BOTH),
    (replace("Authorization", "Credential=", "C="), missing_in_header("Credential")),
    (replace("Authorization", "Signature=", "S="), missing_in_header("Signature")),
    (replace("Authorization", "SignedHeaders=", "S="), missing_in_header("SignedHeaders")),
    (drop("X-Amz-Date"), (INCOMPLETE, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                          "Authorization=AWS4-HMAC-SHA256 Credential=")),
    (replace("X-Amz-Date", "T", "X"), DATE),
    (replace("Authorization", "host;", ""), NO_HOST),
    (replace("Authorization", ";x-amz-target", ""), NO_TARGET),
    (replace("Authorization", "SHA256", "SHA1"), ALGORITHM),
    (replace("Authorization", "/aws4_request", ""), FIVE_PARTS),
    (replace("Authorization", "/kinesis/aws4_request", "/sqs/aws5_request"), SCOPE),
    (replace("Authorization", "Credential=AKIA", "Credential=AKIB"), UNKNOWN),
    (replace("X-Amz-Target", "ListStreams", "DescribeLimits"), MISMATCH),
])
def test_what_is_wrong_with_a_signature_in_the_header(guarded, admin, change, expected, content_type, body):
    reply = Signer(guarded, admin).list_streams(change, content_type=content_type, body=body)
    assert (reply.status, reply.header("x-amzn-errortype")) == (400, expected[0])
    if content_type == JSON_11:
        assert error_of(reply)[1].startswith(expected[1]), reply
    else:
        assert expected[1].encode() in reply.body, reply


def in_query(old, new):
    def change(request):
        assert old in request["path"], request["path"]
        request["path"] = request["path"].replace(old, new)
    return change


@evidence("R", "kinesalite test/connection.js: what is missing; dynalite's notes of DynamoDB: the rest")
@pytest.mark.parametrize("change, expected", [
    (in_query("X-Amz-Algorithm", "A"), MISSING_TOKEN),
    (in_query("X-Amz-Credential=", "C="), missing_in_query("X-Amz-Credential")),
    (in_query("X-Amz-Signature=", "S="), missing_in_query("X-Amz-Signature")),
    (in_query("X-Amz-SignedHeaders=", "S="), missing_in_query("X-Amz-SignedHeaders")),
    (in_query("X-Amz-Date=2", "D="), missing_in_query("X-Amz-Date")),
    (in_query("X-Amz-Date=2", "X-Amz-Date=x"), DATE),
    (in_query("host%3B", ""), NO_HOST),
    (in_query("%3Bx-amz-target", ""), NO_TARGET),
    (in_query("SHA256", "SHA1"), ALGORITHM),
    (in_query("%2Faws4_request", ""), FIVE_PARTS),
    (in_query("%2Fkinesis%2Faws4_request", "%2Fsqs%2Faws5_request"), SCOPE),
    (in_query("Credential=AKIA", "Credential=AKIB"), UNKNOWN),
    (in_query("X-Amz-Expires=60", "X-Amz-Expires=61"), MISMATCH),
    (in_query("X-Amz-Expires=60", "X-Amz-Expires=0"), (
        INCOMPLETE, "X-Amz-Expires must be a number between 1 and 604800 seconds. Got '0'.")),
])
def test_what_is_wrong_with_a_signature_in_the_query(guarded, admin, change, expected):
    reply = Signer(guarded, admin).list_streams(change, signer=PresignsBody, expires=60)
    kind, text = error_of(reply)
    assert (reply.status, kind) == (400, expected[0])
    assert text.startswith(expected[1]), text


@evidence("D", "AWS General Reference: five minutes")
@pytest.mark.parametrize("minutes, begins", [(-6, "Signature expired: "), (6, "Signature not yet current: ")])
def test_the_clock_of_whoever_signs(guarded, admin, minutes, begins, monkeypatch):
    def shifted(**arguments):
        return get_current_datetime(**arguments) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", shifted)
    kind, text = error_of(Signer(guarded, admin).list_streams())
    assert kind == "InvalidSignatureException" and text.startswith(begins), text


@evidence("own", "the service clock of --dev moves no signature's time")
def test_the_wall_clock_counts(keys, admin):
    ahead = Server("--keys", str(keys.path))
    try:
        advanced = Signer(ahead, admin, "penstock").call(path="/_penstock/clock", body=b'{"advance_ms": 86400000}')
        assert advanced.status == 200
        assert client(ahead, "kinesis", admin).list_streams()["StreamNames"] == []
    finally:
        ahead.stop()


# --- The administrator's paths ---------------------------------------------------------------------------------------


@evidence("own", "admin paths take a key with admin rights; health takes none")
def test_admin_paths(guarded, admin, user):
    def get(key, path, service="penstock"):
        return Signer(guarded, key, service).call(method="GET", path=path, body=b"")
    assert guarded.raw.request("GET", "/_penstock/health").status == 200
    assert guarded.raw.request("GET", "/_localstack/health").status == 200
    for path in ("/_penstock/audit", "/_penstock/clock", "/_penstock/nothing"):
        unsigned = guarded.raw.request("GET", path)
        assert (unsigned.status, unsigned.header("x-amzn-errortype")) == (403, "MissingAuthenticationTokenException")
        denied = get(user, path)
        assert (denied.status, denied.header("x-amzn-errortype")) == (403, DENIED)
        assert get(admin, path, "kinesis").status == 403, "the scope names the service"
    assert get(admin, "/_penstock/audit").status == 200
    assert get(admin, "/_penstock/nothing").status == 404


# --- Functions -------------------------------------------------------------------------------------------------------

CALLS_BACK = '''
import os
def handler(event, context):
    return {name: os.environ[name] for name in
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")}
'''


@evidence("D", "Lambda: a function's environment has temporary credentials of its role")
def test_a_function_has_credentials_that_count(guarded, user, name):
    functions = client(guarded, "lambda", user)
    guarded.functions = functions
    create_function(guarded, name, CALLS_BACK)
    given = json.loads(functions.invoke(FunctionName=name)["Payload"].read())
    assert given["AWS_ACCESS_KEY_ID"].startswith("ASIA") and given["AWS_ENDPOINT_URL"] == guarded.url
    session = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given["AWS_SESSION_TOKEN"])
    kinesis = client(guarded, "kinesis", session)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert name in client(guarded, "kinesis", user).list_streams()["StreamNames"], "in the account of its function"
    assert refused(client(guarded, "kinesis", Credentials(session.access_key, "secret", session.token)).list_streams) \
        == MISMATCH
    assert refused(client(guarded, "kinesis", Credentials(session.access_key, session.secret_key)).list_streams) \
        == UNKNOWN
    denied = Signer(guarded, session, "penstock").call(method="GET", path="/_penstock/audit", body=b"")
    assert denied.header("x-amzn-errortype") == DENIED


@evidence("own", "where signatures do not count, a function's key still says its account")
def test_a_function_without_auth_stays_in_its_account(server, name):
    functions = server.client("lambda", access_key=OTHER_ACCOUNT)
    functions.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler",
                              Role="arn:aws:iam::000000000000:role/any",
                              Code={"ZipFile": package(CALLS_BACK)})
    until(lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active")
    given = json.loads(functions.invoke(FunctionName=name)["Payload"].read())
    session = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given["AWS_SESSION_TOKEN"])
    client(server, "kinesis", session).create_stream(StreamName=name, ShardCount=1)
    assert name in server.client("kinesis", access_key=OTHER_ACCOUNT).list_streams()["StreamNames"]


# --- The file of keys ------------------------------------------------------------------------------------------------


def is_accepted(server, key):
    return Signer(server, key).list_streams().status == 200


@evidence("own", "a running server takes changes up by itself")
def test_keys_come_and_go_while_the_server_runs(guarded, keys):
    passing = keys.add("--note", "for a while")
    until(lambda: is_accepted(guarded, passing), seconds=10)
    keys.remove(passing)
    until(lambda: not is_accepted(guarded, passing), seconds=10)
    assert error_of(Signer(guarded, passing).list_streams()) == UNKNOWN


@evidence("own", "auto: signatures count as soon as there is a key, and go on counting without one")
def test_auth_auto(tmp_path):
    keys = Keys(tmp_path / "data" / "keys")
    running = Server("--data", str(tmp_path / "data"))
    try:
        assert " auth=off " in running.ready_line
        assert running.kinesis.list_streams()["StreamNames"] == []
        key = keys.add()
        until(lambda: Signer(running, Credentials("test", "test")).list_streams().status == 400, seconds=10)
        assert is_accepted(running, key)
        keys.remove(key)
        until(lambda: not is_accepted(running, key), seconds=10)
        assert refused(running.kinesis.list_streams) == UNKNOWN, "nobody gets in by removing the last key"
    finally:
        running.stop()


@evidence("own", "off: keys are there and do not count")
def test_auth_off(keys, admin):
    running = Server("--keys", str(keys.path), "--auth", "off")
    try:
        assert " auth=off " in running.ready_line
        assert running.kinesis.list_streams()["StreamNames"] == []
    finally:
        running.stop()


@evidence("own", "a broken file keeps a server from starting, and a running one keeps its last good keys")
def test_a_broken_file(tmp_path):
    keys = Keys(tmp_path / "keys")
    key = keys.add()
    running = Server("--keys", str(keys.path))
    try:
        assert " auth=on " in running.ready_line
        good = keys.path.read_text()
        keys.path.write_text(good + "nonsense\n")
        broken = run(None, "serve", "--listen", "127.0.0.1:0", "--keys", keys.path)
        assert broken.code == 1
        assert broken.err.endswith(f'penstock: {keys.path}, line 4: a line is "ID SECRET ACCOUNT admin|user CREATED NOTE", '
                                   "one space apart\n"), broken.err
        refusal = run(None, "keys", "add", "--keys", keys.path)
        assert refusal.code == 2 and f"{keys.path}, line 4: " in refusal.err
        assert is_accepted(running, key)
        # The next good file counts, and with it what stood in the broken one does not.
        keys.path.write_text(good)
        second = keys.add()
        until(lambda: is_accepted(running, second), seconds=10)
        assert is_accepted(running, key)
    finally:
        running.stop()


@evidence("own", "a file of secrets is its owner's alone")
def test_a_file_that_others_can_read(tmp_path):
    keys = Keys(tmp_path / "keys")
    keys.add()
    assert os.stat(keys.path).st_mode & 0o777 == 0o600
    os.chmod(keys.path, 0o644)
    refusal = run(None, "serve", "--listen", "127.0.0.1:0", "--keys", keys.path)
    assert refusal.code == 1
    assert refusal.err.endswith(f"penstock: {keys.path} can be read by others than its owner; chmod 600 {keys.path}\n")


@evidence("own", "--auth=on without a key says how to make one")
def test_auth_on_without_keys(tmp_path):
    empty = tmp_path / "keys"
    without = run(None, "serve", "--listen", "127.0.0.1:0", "--auth", "on", "--keys", empty)
    assert without.code == 1
    assert without.err.endswith(f"penstock: --auth=on takes access keys, and {empty} holds none; `penstock keys add --admin "
                                f"--keys {empty}` makes one\n"), without.err
    nowhere = run(None, "serve", "--listen", "127.0.0.1:0", "--auth", "on")
    assert nowhere.code == 1
    assert nowhere.err.endswith("penstock: --auth=on takes access keys, and there is no file for them: say --data FOLDER or "
                                "--keys FILE, and `penstock keys add` with the same makes the first key\n"), nowhere.err


@evidence("own", "an empty variable of a script is not what anybody means by no keys")
def test_a_file_without_a_name(tmp_path):
    done = run(None, "serve", "--listen", "127.0.0.1:0", "--keys", "")
    assert (done.code, done.err) == (2, "penstock: --keys is empty; name a file, or leave it out for the file keys in the "
                                     "data folder\n")


@evidence("own", "what only keys with admin rights see is left out with a word, and the rest is drawn")
def test_the_command_line_draws_shards_without_admin_rights(guarded, admin, user, name):
    def penstock(key, *arguments):
        return run(guarded, "stream", *arguments, AWS_ACCESS_KEY_ID=key.access_key, AWS_SECRET_ACCESS_KEY=key.secret_key)

    for key in (admin, user):
        assert penstock(key, "create", name, "--on-demand").code == 0
    seen = penstock(admin, "describe", name, "--sample", "10ms")
    assert seen.code == 0 and "records/s" in seen.out and "How the service scales it" in seen.out, seen
    seen = penstock(user, "describe", name, "--sample", "10ms")
    assert seen.code == 0 and "Load is not shown: AccessDenied" in seen.out, seen
    assert "keys from" in seen.out and "How the service scales it" not in seen.out
