"""Functions as the API shows and changes them."""

import base64
import hashlib
import io
import json
import re
import stat
import struct
import urllib.request
import uuid
import zipfile

import pytest
from conftest import REGION, Server, evidence
from kit import ACCOUNT, ROLE, create_function, package, refused, until, wait_function

MODEL = "service model of botocore 1.44.8"
RECORDED = "recorded snapshots of a public emulator's suite"
REFERENCE = "API reference"
CODE = package("def handler(event, context): return event\n")
FUNCTIONS = "/2015-03-31/functions"


def function_arn(name, account=ACCOUNT):
    return f"arn:aws:lambda:{REGION}:{account}:function:{name}"


def function_not_found(name):
    return "ResourceNotFoundException", f"Function not found: {function_arn(name)}"


def make(server, name, **changes):
    request = {"FunctionName": name, "Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE,
               "Code": {"ZipFile": CODE}, **changes}
    return server.functions.create_function(**{k: v for k, v in request.items() if v is not None})


def refusal(server, name, **changes):
    return refused(lambda: make(server, name, **changes))


def raw_create(server, **body):
    return server.raw.rest("POST", FUNCTIONS, body)


@pytest.fixture
def function(server, name):
    make(server, name)
    wait_function(server, name)
    return name


@pytest.fixture
def own_account(server):
    """A Lambda client of an account that nobody else uses, and the account."""
    number = f"{uuid.uuid4().int % 10**12:012d}"
    return server.client("lambda", access_key=number), number


# --- CreateFunction ---------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_create_answers_the_whole_configuration(server, name):
    created = make(server, name)
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created.pop("LastModified"))
    assert uuid.UUID(created.pop("RevisionId"))
    assert created == {
        "FunctionName": name, "FunctionArn": function_arn(name), "Runtime": "python3.11", "Role": ROLE,
        "Handler": "app.handler", "CodeSize": len(CODE), "Description": "", "Timeout": 3, "MemorySize": 128,
        "CodeSha256": base64.b64encode(hashlib.sha256(CODE).digest()).decode(), "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"}, "State": "Pending",
        "StateReason": "The function is being created.", "StateReasonCode": "Creating", "PackageType": "Zip",
        "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}}


@evidence("R", RECORDED)
def test_it_is_active_afterwards(server, name):
    created = make(server, name)
    server.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    now = server.functions.get_function_configuration(FunctionName=name)
    assert (now["State"], now["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in now and "StateReasonCode" not in now
    assert now["RevisionId"] != created["RevisionId"], "a change of state is another revision"


@evidence("M", MODEL)
def test_everything_given_is_kept(server, name):
    given = {
        "Description": "about it", "Timeout": 900, "MemorySize": 10240, "EphemeralStorage": {"Size": 10240},
        "Architectures": ["arm64"], "TracingConfig": {"Mode": "Active"},
        "Environment": {"Variables": {"NAME": "value", "EMPTY": ""}},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN",
                          "LogGroup": "/other/group"},
        "DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}}
    make(server, name, **given)
    kept = server.functions.get_function_configuration(FunctionName=name)
    assert {member: kept[member] for member in given} == given


@evidence("R", RECORDED)
def test_variables_are_absent_unless_given(server, function):
    assert "Environment" not in server.functions.get_function_configuration(FunctionName=function)


@evidence("R", RECORDED)
def test_a_name_is_taken_once(server, function):
    assert refusal(server, function) == ("ResourceConflictException", f"Function already exist: {function}")


@evidence("M", MODEL)
@pytest.mark.parametrize("form", ["{name}", "{account}:function:{name}", "arn:aws:lambda:{region}:{account}:function:{name}"])
def test_a_name_may_be_an_arn(server, name, form):
    created = make(server, form.format(name=name, account=ACCOUNT, region=REGION))
    assert (created["FunctionName"], created["FunctionArn"]) == (name, function_arn(name))


@evidence("R", RECORDED)
def test_a_name_of_more_than_64_characters(server):
    long = "f" * 65
    assert refusal(server, long) == (
        "InvalidParameterValueException",
        f"1 validation error detected: Value '{long}' at 'functionName' failed to satisfy constraint: Member must "
        "have length less than or equal to 64")


@evidence("R", RECORDED)
def test_an_arn_of_another_region(server, name):
    assert refused(server.functions.get_function, FunctionName=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}") == (
        "ResourceNotFoundException",
        f"Functions from 'eu-west-1' are not reachable in this region ('{REGION}')")


@evidence("R", RECORDED)
def test_an_arn_of_another_account(server, function):
    code, _ = refused(server.functions.get_function, FunctionName=f"arn:aws:lambda:{REGION}:111111111111:function:{function}")
    assert code == "AccessDeniedException"


@evidence("R", RECORDED)
@pytest.mark.parametrize("missing", ["Runtime", "Handler"])
def test_a_package_needs_runtime_and_handler(server, name, missing):
    assert refusal(server, name, **{missing: None}) == (
        "InvalidParameterValueException",
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.")


@evidence("R", RECORDED)
def test_an_unknown_runtime(server, name):
    code, message = refusal(server, name, Runtime="cobol85")
    assert code == "InvalidParameterValueException"
    assert message.startswith("Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [")
    assert message.endswith("] or be a valid ARN") and "python3.11" in message and "provided.al2023" in message


@evidence("own", "decision 0011: what is not run is refused with a reason")
@pytest.mark.parametrize("runtime", ["nodejs22.x", "java21", "dotnet8", "ruby3.3"])
def test_a_runtime_that_is_not_here(server, name, runtime):
    code, message = refusal(server, name, Runtime=runtime)
    assert code == "InvalidParameterValueException"
    assert message.startswith(f"The runtime {runtime} is not available on this server.")


CONSTRAINTS = [
    ({"Timeout": 0}, "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"),
    ({"MemorySize": 127},
     "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"),
    ({"PackageType": "Tar"},
     "Value 'Tar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, Image]"),
    ({"Handler": "with space"},
     "Value 'with space' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+"),
    ({"EphemeralStorage": {"Size": 511}},
     "Value '511' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than or equal to 512"),
    ({"TracingConfig": {"Mode": "On"}},
     "Value 'On' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]"),
    ({"Role": "admin"},
     "Value 'admin' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: "
     r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"),
    ({"Description": "d" * 257},
     f"Value '{'d' * 257}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 256"),
]


@evidence("R", RECORDED)
@pytest.mark.parametrize("changes, text", CONSTRAINTS, ids=[next(iter(c)) for c, _ in CONSTRAINTS])
def test_constraints_of_the_model(server, name, changes, text):
    body = {"FunctionName": name, "Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE,
            "Code": {"ZipFile": base64.b64encode(CODE).decode()}, **changes}
    reply = raw_create(server, **body)
    assert reply.status == 400 and reply.header("x-amzn-errortype") == "ValidationException"
    assert reply.json() == {"message": f"1 validation error detected: {text}"}


@evidence("R", RECORDED)
def test_several_violations_are_counted(server):
    reply = raw_create(server)
    null = "failed to satisfy constraint: Member must not be null"
    assert reply.json() == {"message": f"3 validation errors detected: Value null at 'functionName' {null}; "
                                       f"Value null at 'role' {null}; Value null at 'code' {null}"}


@evidence("D", "limits as documented, the model allows more for managed instances")
def test_a_timeout_above_15_minutes(server, name):
    assert refusal(server, name, Timeout=901) == (
        "InvalidParameterValueException",
        "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value "
        "less than or equal to 900")


@evidence("F", "error text as users quote it")
def test_memory_above_10_gib(server, name):
    assert refusal(server, name, MemorySize=10241) == (
        "InvalidParameterValueException",
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240")


@evidence("F", "error text as users quote it")
def test_reserved_variables(server, name):
    assert refusal(server, name, Environment={"Variables": {"AWS_REGION": "x", "FINE": "y"}}) == (
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
        "AWS_REGION")


@evidence("R", RECORDED)
def test_variables_above_4_kib(server, name):
    value = "v" * 4090
    assert refusal(server, name, Environment={"Variables": {"KEY": value}}) == (
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        'exceeded the 4KB limit. String measured: {"KEY":"' + value + '"}')


@evidence("R", RECORDED)
def test_log_levels_need_json(server, name):
    code, _ = refusal(server, name, LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "DEBUG"})
    assert code == "InvalidParameterValueException"


@evidence("own", "decision 0012: what is not there is refused, not ignored")
@pytest.mark.parametrize("changes", [{"Publish": True}, {"Code": {"S3Bucket": "bucket", "S3Key": "key"}}], ids=["Publish", "S3"])
def test_what_is_not_served_is_refused(server, name, changes):
    code, message = refusal(server, name, **changes)
    assert code == "InvalidParameterValueException" and "this server" in message.lower()
    assert refused(server.functions.get_function, FunctionName=name) == function_not_found(name)


@evidence("R", "framework text as recorded")
@pytest.mark.parametrize("body", [b"{nope", b"[1]", b'"text"'])
def test_a_body_that_is_no_object(server, body):
    reply = server.raw.rest("POST", FUNCTIONS, body)
    assert (reply.status, reply.header("x-amzn-errortype")) == (400, "SerializationException")


@evidence("M", MODEL)
def test_a_trailing_slash_is_taken(server, function):
    assert server.raw.rest("GET", FUNCTIONS + "/").status == 200
    assert server.raw.rest("GET", f"{FUNCTIONS}/{function}/").json()["Configuration"]["FunctionName"] == function


# --- Packages ---------------------------------------------------------------------------------------

UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


def zip_with(*entries):
    """A zip of (name, data, mode) entries, with any name and any mode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry_name, data, mode in entries:
            entry = zipfile.ZipInfo(entry_name)
            entry.create_system = 3
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


FILE = stat.S_IFREG | 0o644
LINK = stat.S_IFLNK | 0o777


@evidence("R", RECORDED)
@pytest.mark.parametrize("code", [b"no zip", b"PK\x03\x04 but then not", CODE[:-30]], ids=["text", "broken", "cut"])
def test_what_is_no_zip(server, name, code):
    assert refusal(server, name, Code={"ZipFile": code}) == ("InvalidParameterValueException", UNZIP)


@evidence("own", "decision 0012")
@pytest.mark.parametrize("entries", [
    [("../outside.py", "x", FILE)],
    [("a/../../outside.py", "x", FILE)],
    [("/etc/outside.py", "x", FILE)],
    [("link", "/etc/passwd", LINK)],
    [("a/link", "../../outside", LINK)],
    [("link", "sub", LINK), ("link/file", "x", FILE)],
    [("twice", "x", FILE), ("twice", "y", FILE)],
    [("back\\slash", "x", FILE)],
], ids=["parent", "hidden parent", "absolute", "absolute link", "link outside", "through a link", "twice", "backslash"])
def test_paths_that_leave_the_folder_are_refused(server, name, entries):
    code, message = refusal(server, name, Code={"ZipFile": zip_with(*entries)})
    assert code == "InvalidParameterValueException" and message.startswith(UNZIP + " (")


@evidence("R", RECORDED)
def test_a_zip_bomb_is_refused(server, name):
    code = zip_with(("bomb", b"\0" * 262_144_000, FILE))
    assert len(code) < 300_000
    assert refusal(server, name, Code={"ZipFile": code}) == (
        "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes")


@evidence("own", "decision 0012: sizes in headers are not believed")
def test_a_zip_bomb_that_understates_its_size_is_refused(server, name):
    code = bytearray(zip_with(("bomb", b"\0" * 262_144_000, FILE)))
    central = code.rindex(b"PK\x01\x02")
    code[central + 24:central + 28] = struct.pack("<I", 10)
    code[22:26] = struct.pack("<I", 10)
    assert refusal(server, name, Code={"ZipFile": bytes(code)})[0] == "InvalidParameterValueException"


@evidence("R", RECORDED)
def test_a_package_above_50_mb(server, name):
    with_noise = io.BytesIO()
    with zipfile.ZipFile(with_noise, "w") as archive:
        archive.writestr("noise", b"x" * 52_428_800)
    reply = raw_create(server, FunctionName=name, Runtime="python3.11", Handler="a.b", Role=ROLE,
                       Code={"ZipFile": base64.b64encode(with_noise.getvalue()).decode()})
    assert (reply.status, reply.header("x-amzn-errortype")) == (413, "RequestEntityTooLargeException")
    assert reply.json()["message"] == "Zipped size must be smaller than 52428800 bytes"


@evidence("D", "Lambda's guide: packages keep modes and links")
def test_a_package_is_unpacked_with_modes_and_links(server, name):
    code = zip_with(("app.py", "import os\ndef handler(e, c):\n"
                               "    return [oct(os.stat('tool').st_mode & 0o777), open('lib/link').read(), "
                               "sorted(os.listdir('empty'))]\n", FILE),
                    ("tool", "x", stat.S_IFREG | 0o755), ("lib/real", "content", FILE), ("lib/link", "real", LINK),
                    ("empty/", "", stat.S_IFDIR | 0o755))
    make(server, name, Code={"ZipFile": code})
    reply = server.functions.invoke(FunctionName=name)
    assert json.loads(reply["Payload"].read()) == ["0o755", "content", []]


# --- GetFunction ------------------------------------------------------------------------------------


@evidence("M", MODEL)
def test_get_function_leads_to_the_package(server, function):
    found = server.functions.get_function(FunctionName=function)
    assert found["Configuration"]["FunctionName"] == function
    assert found["Code"]["RepositoryType"] == "S3"
    assert "Tags" not in found and "Concurrency" not in found
    with urllib.request.urlopen(found["Code"]["Location"]) as reply:
        assert reply.read() == CODE


@evidence("M", MODEL)
def test_get_function_shows_tags(server, name):
    make(server, name, Tags={"team": "a", "empty": ""})
    assert server.functions.get_function(FunctionName=name)["Tags"] == {"team": "a", "empty": ""}


@evidence("R", RECORDED)
@pytest.mark.parametrize("given, qualifier, suffix", [("", None, ""), (":$LATEST", None, ":$LATEST"), ("", "$LATEST", ":$LATEST")])
def test_the_arn_is_qualified_as_asked(server, function, given, qualifier, suffix):
    arguments = {"FunctionName": function + given, **({"Qualifier": qualifier} if qualifier else {})}
    assert server.functions.get_function(**arguments)["Configuration"]["FunctionArn"] == function_arn(function) + suffix
    assert server.functions.get_function_configuration(**arguments)["FunctionArn"] == function_arn(function) + suffix


@evidence("R", RECORDED)
def test_qualifiers_that_contradict(server, function):
    assert refused(server.functions.get_function, FunctionName=f"{function}:one", Qualifier="two") == (
        "InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier.")


@evidence("R", RECORDED)
@pytest.mark.parametrize("operation", ["get_function", "get_function_configuration", "delete_function"])
def test_a_missing_function(server, name, operation):
    assert refused(getattr(server.functions, operation), FunctionName=name) == function_not_found(name)


@evidence("R", RECORDED)
@pytest.mark.parametrize("qualifier", ["7", "ALIAS"])
def test_a_missing_version_or_alias(server, function, qualifier):
    assert refused(server.functions.get_function, FunctionName=function, Qualifier=qualifier) == (
        function_not_found(f"{function}:{qualifier}"))


@evidence("R", RECORDED)
def test_the_form_of_an_error(server, name):
    reply = server.raw.rest("GET", f"{FUNCTIONS}/{name}")
    assert reply.status == 404
    assert reply.header("x-amzn-errortype") == "ResourceNotFoundException"
    assert uuid.UUID(reply.header("x-amzn-requestid"))
    assert reply.json() == {"Type": "User", "Message": f"Function not found: {function_arn(name)}"}


@evidence("M", MODEL)
def test_dots_are_in_the_pattern_of_readers_only(server):
    for reader in ("a.b", "a.b/configuration", "a:$LATEST.PUBLISHED"):
        assert server.raw.rest("GET", f"{FUNCTIONS}/{reader}").status == 404, reader
    reply = server.raw.rest("PUT", f"{FUNCTIONS}/a.b/configuration", {})
    assert (reply.status, reply.header("x-amzn-errortype")) == (400, "ValidationException")


# --- Updates ----------------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_an_update_of_code_is_in_progress_first(server, function):
    other = package("def handler(event, context): return 'other'\n")
    updated = server.functions.update_function_code(FunctionName=function, ZipFile=other)
    assert updated["CodeSha256"] == base64.b64encode(hashlib.sha256(other).digest()).decode()
    assert updated["CodeSize"] == len(other)
    assert (updated["State"], updated["LastUpdateStatus"]) == ("Active", "InProgress")
    assert updated["LastUpdateStatusReason"] == "The function is being created."
    assert updated["LastUpdateStatusReasonCode"] == "Creating"
    server.functions.get_waiter("function_updated_v2").wait(FunctionName=function)
    now = server.functions.get_function_configuration(FunctionName=function)
    assert now["LastUpdateStatus"] == "Successful" and "LastUpdateStatusReason" not in now
    assert json.loads(server.functions.invoke(FunctionName=function)["Payload"].read()) == "other"


@evidence("M", MODEL)
def test_a_dry_run_changes_nothing(server, function):
    before = server.functions.get_function_configuration(FunctionName=function)
    other = package("other = 1\n")
    answered = server.functions.update_function_code(FunctionName=function, ZipFile=other, DryRun=True)
    assert answered["CodeSize"] == len(other)
    after = server.functions.get_function_configuration(FunctionName=function)
    assert (after["CodeSha256"], after["RevisionId"]) == (before["CodeSha256"], before["RevisionId"])


@evidence("M", MODEL)
def test_an_update_of_the_configuration_changes_what_is_named(server, name):
    make(server, name, Environment={"Variables": {"OLD": "1"}}, Description="before")
    wait_function(server, name)
    updated = server.functions.update_function_configuration(
        FunctionName=name, Timeout=30, Environment={"Variables": {"NEW": "2"}})
    assert updated["LastUpdateStatus"] == "InProgress"
    wait_function(server, name)
    now = server.functions.get_function_configuration(FunctionName=name)
    assert (now["Timeout"], now["Description"], now["Environment"]) == (30, "before", {"Variables": {"NEW": "2"}})


@evidence("R", RECORDED)
@pytest.mark.parametrize("operation", ["code", "configuration"])
def test_a_revision_guards_an_update(server, function, operation):
    revision = server.functions.get_function_configuration(FunctionName=function)["RevisionId"]
    update = {"code": lambda r: server.functions.update_function_code(FunctionName=function, ZipFile=CODE, RevisionId=r),
              "configuration": lambda r: server.functions.update_function_configuration(FunctionName=function, RevisionId=r)}[operation]
    reply = refused(lambda: update(str(uuid.uuid4())))
    assert reply[0] == "PreconditionFailedException"
    assert reply[1].startswith("The RevisionId provided does not match the latest RevisionId.")
    update(revision)
    wait_function(server, function)
    assert refused(lambda: update(revision))[0] == "PreconditionFailedException", "it has another revision now"


@evidence("R", RECORDED)
@pytest.mark.parametrize("operation, more", [("update_function_code", {"ZipFile": CODE}), ("update_function_configuration", {})])
def test_an_update_of_a_missing_function(server, name, operation, more):
    assert refused(getattr(server.functions, operation), FunctionName=name, **more) == function_not_found(name)


@evidence("R", RECORDED)
def test_a_refused_update_leaves_the_code(server, function):
    assert refused(server.functions.update_function_code, FunctionName=function, ZipFile=b"no zip") == (
        "InvalidParameterValueException", UNZIP)
    assert json.loads(server.functions.invoke(FunctionName=function, Payload=b"3")["Payload"].read()) == 3


@evidence("R", RECORDED)
def test_an_update_to_an_unknown_runtime(server, function):
    code, message = refused(server.functions.update_function_configuration, FunctionName=function, Runtime="cobol85")
    assert code == "InvalidParameterValueException" and message.startswith("Value cobol85 at 'runtime'")


# --- DeleteFunction ---------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_delete_answers_204_without_body(server, function):
    reply = server.raw.rest("DELETE", f"{FUNCTIONS}/{function}")
    assert (reply.status, reply.body) == (204, b"")
    assert refused(server.functions.get_function, FunctionName=function) == function_not_found(function)


@evidence("F", "error text as users quote it")
def test_latest_alone_cannot_be_deleted(server, function):
    assert refused(server.functions.delete_function, FunctionName=function, Qualifier="$LATEST") == (
        "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
    assert server.functions.get_function(FunctionName=function)


@evidence("own", "a name is free again at once")
def test_a_deleted_name_can_be_taken_again(server, function):
    server.functions.delete_function(FunctionName=function)
    make(server, function, Description="again")
    assert server.functions.get_function_configuration(FunctionName=function)["Description"] == "again"


# --- ListFunctions ----------------------------------------------------------------------------------


@evidence("M", MODEL)
def test_list_pages_through_in_order(own_account):
    client, account = own_account
    names = [f"f{number:02d}" for number in range(7)]
    for each in reversed(names):
        client.create_function(FunctionName=each, Runtime="python3.11", Handler="app.handler", Role=ROLE, Code={"ZipFile": CODE})
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    assert [[each["FunctionName"] for each in page["Functions"]] for page in pages] == [names[:3], names[3:6], names[6:]]
    assert "NextMarker" not in pages[-1]
    assert pages[0]["Functions"][0]["FunctionArn"] == function_arn("f00", account)


@evidence("D", REFERENCE)
def test_list_gives_at_most_50(own_account):
    client, _ = own_account
    for number in range(51):
        client.create_function(FunctionName=f"f{number:02d}", Runtime="python3.11", Handler="app.handler", Role=ROLE,
                               Code={"ZipFile": CODE})
    page = client.list_functions(MaxItems=10_000)
    assert len(page["Functions"]) == 50 and page["NextMarker"]
    assert [each["FunctionName"] for each in client.list_functions(Marker=page["NextMarker"])["Functions"]] == ["f50"]


@evidence("M", MODEL)
def test_all_versions_are_listed_with_qualified_arns(own_account):
    client, account = own_account
    client.create_function(FunctionName="f", Runtime="python3.11", Handler="app.handler", Role=ROLE, Code={"ZipFile": CODE})
    assert [each["FunctionArn"] for each in client.list_functions(FunctionVersion="ALL")["Functions"]] == [
        function_arn("f", account) + ":$LATEST"]


@evidence("M", MODEL)
@pytest.mark.parametrize("items, text", [("0", "greater than or equal to 1"), ("10001", "less than or equal to 10000")])
def test_the_range_of_max_items(server, items, text):
    reply = server.raw.rest("GET", f"{FUNCTIONS}?MaxItems={items}")
    assert reply.json() == {"message": f"1 validation error detected: Value '{items}' at 'maxItems' failed to satisfy "
                                       f"constraint: Member must have value {text}"}


@evidence("own", "names of another account and region are others")
def test_accounts_and_regions_have_functions_of_their_own(server, function, own_account):
    client, account = own_account
    assert client.list_functions()["Functions"] == []
    assert refused(client.get_function, FunctionName=function) == (
        "ResourceNotFoundException", f"Function not found: {function_arn(function, account)}")
    elsewhere = server.client("lambda", region="eu-central-1")
    assert function not in [each["FunctionName"] for each in elsewhere.list_functions()["Functions"]]


# --- What lasts -------------------------------------------------------------------------------------


@evidence("own", "durability")
def test_functions_survive_a_restart(tmp_path):
    def start():
        return Server("--data", str(tmp_path), "--durability", "os")
    first = start()
    create_function(first, "lasting", "def handler(event, context): return ['kept', event]\n", Description="kept",
                    Environment={"Variables": {"KEPT": "b"}})
    create_function(first, "gone", "x = 1\n")
    before = first.functions.get_function_configuration(FunctionName="lasting")
    first.functions.delete_function(FunctionName="gone")
    first.stop()
    second = start()
    try:
        after = second.functions.get_function_configuration(FunctionName="lasting")
        before.pop("ResponseMetadata")
        after.pop("ResponseMetadata")
        assert after == before
        assert [each["FunctionName"] for each in second.functions.list_functions()["Functions"]] == ["lasting"]
        reply = second.functions.invoke(FunctionName="lasting", Payload=b"1")
        assert json.loads(reply["Payload"].read()) == ["kept", 1]
        packages = list((tmp_path / "functions" / "packages").glob("*.zip"))
        assert len(packages) == 1, "the package of the deleted function went with it"
    finally:
        second.stop()


@evidence("own", "one package, kept while somebody uses it")
def test_two_functions_share_a_package(server, name):
    make(server, f"{name}-a")
    make(server, f"{name}-b")
    server.functions.delete_function(FunctionName=f"{name}-a")
    assert json.loads(server.functions.invoke(FunctionName=f"{name}-b", Payload=b"2")["Payload"].read()) == 2
    until(lambda: server.functions.get_function(FunctionName=f"{name}-b"))
