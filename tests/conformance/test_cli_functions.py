"""`penstock function` and `penstock mapping`."""

import json
import re
import zipfile

import pytest
from command import run, started
from conftest import ACCOUNT, REGION, evidence
from kit import package, put, stream_arn, until
from remote import create_remote, text_of

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

SOURCE = '''
import os
def handler(event, context):
    print("event:", event)
    if event == "raise":
        raise ValueError("as asked")
    return {"echo": event, "colour": os.environ.get("COLOUR"), "timeout": context.get_remaining_time_in_millis() > 20_000}
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(SOURCE)
    return tmp_path / "code"


def function_arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def configuration(server, name):
    return server.functions.get_function_configuration(FunctionName=name)


# --- function ----------------------------------------------------------------------------------------


@evidence("own", "a folder becomes a function")
def test_a_folder_is_deployed_and_invoked(server, name, folder):
    done = run(server, "function", "deploy", name, "--code", folder, "--timeout", 30, "--memory", 256, "-e", "COLOUR=red=ish")
    assert done.code == 0, done
    assert done.out.startswith(function_arn(name) + "  "), done.out
    found = configuration(server, name)
    assert (found["Runtime"], found["Handler"], found["Timeout"], found["MemorySize"]) == (
        "python3.11", "app.handler", 30, 256)
    done = run(server, "function", "invoke", name, "--payload", '{"a": 1}')
    assert done.code == 0, done
    assert json.loads(done.out) == {"echo": {"a": 1}, "colour": "red=ish", "timeout": True}
    assert json.loads(run(server, "function", "invoke", name).out)["echo"] == {}


@evidence("own", "a file, a zip, a folder with folders, without caches")
def test_a_file_or_zip_is_deployed(server, name, folder, tmp_path):
    (tmp_path / "packed.zip").write_bytes(package("def handler(event, context): return 'packed'\n"))
    (tmp_path / "single.py").write_text("def go(event, context): return 'single'\n")
    (folder / "inner" / "__pycache__").mkdir(parents=True)
    (folder / "inner" / "app.py").write_text("def handler(event, context): return 'inner'\n")
    (folder / "inner" / "__pycache__" / "app.pyc").write_bytes(b"\0")
    for code, handler, reply in ((tmp_path / "packed.zip", "app.handler", "packed"),
                                 (tmp_path / "single.py", "single.go", "single"),
                                 (folder, "inner/app.handler", "inner")):
        done = run(server, "function", "deploy", name, "--code", code, "--handler", handler)
        assert done.code == 0, done
        until(lambda: configuration(server, name).get("LastUpdateStatus") != "InProgress")
        assert json.loads(run(server, "function", "invoke", name).out) == reply
    code = server.raw.request("GET", server.functions.get_function(FunctionName=name)["Code"]["Location"].split(
        str(server.port))[1]).body
    (tmp_path / "back.zip").write_bytes(code)
    assert zipfile.ZipFile(tmp_path / "back.zip").namelist() == ["app.py", "inner/app.py"]


@evidence("own", "a second deployment replaces code and settings")
def test_deploying_again_replaces(server, name, folder):
    assert run(server, "function", "deploy", name, "--code", folder, "--timeout", 5).code == 0
    (folder / "app.py").write_text("def handler(event, context): return 'new'\n")
    done = run(server, "function", "deploy", name, "--code", folder, "--timeout", 6)
    assert done.code == 0, done
    assert configuration(server, name)["Timeout"] == 6
    assert json.loads(run(server, "function", "invoke", name).out) == "new"


@evidence("own", "a function that runs elsewhere")
def test_a_remote_function_is_deployed(server, name, remotes):
    remote = remotes.add(name, lambda event, call: {"remote": event})
    done = run(server, "function", "deploy", name, "--remote", remote.url)
    assert done.code == 0, done
    assert json.loads(run(server, "function", "invoke", name, "-p", "[1]").out) == {"remote": [1]}


@evidence("own", "what cannot be deployed is said in one sentence")
@pytest.mark.parametrize("flags, code, problem", [
    ([], 2, "give either --code (a file, folder or zip) or --remote (a URL)"),
    (["--code", "CODE", "--remote", "http://127.0.0.1:1"], 2, "give either --code (a file, folder or zip) or --remote (a URL)"),
    (["--code", "CODE/none"], 2, "there is no CODE/none"),
    (["--code", "CODE/empty"], 2, "CODE/empty holds no files"),
    (["--code", "CODE", "-e", "COLOUR"], 2, '--env takes NAME=VALUE, not "COLOUR"'),
    (["--code", "CODE/empty.zip"], 1, "InvalidParameterValueException: Uploaded file must be a non-empty zip"),
])
def test_a_function_that_cannot_be_deployed(server, name, folder, flags, code, problem):
    (folder / "empty").mkdir()
    (folder / "empty.zip").write_bytes(b"")
    done = run(server, "function", "deploy", name, *[flag.replace("CODE", str(folder)) for flag in flags])
    assert (done.code, done.out, done.err) == (code, "", f"penstock: {problem.replace('CODE', str(folder))}\n")


@evidence("own", "the payload on standard input, the log on standard error, 1 when the function fails")
def test_an_invocation_that_fails(server, name, folder):
    run(server, "function", "deploy", name, "--code", folder)
    done = run(server, "function", "invoke", name, "--payload", "-", "--log", stdin='"raise"')
    assert done.code == 1
    assert json.loads(done.out)["errorMessage"] == "as asked"
    assert "event: raise" in done.err and "REPORT RequestId: " in done.err
    assert done.err.endswith("the function failed: Unhandled\n")
    quiet = run(server, "function", "invoke", name, "--payload", "1")
    assert (quiet.code, quiet.err) == (0, "")


@evidence("own", "a refusal is said as the service says it")
def test_a_function_that_is_not_there(server, name):
    missing = f"penstock: ResourceNotFoundException: Function not found: {function_arn(name)}\n"
    for command in (["invoke", name], ["logs", name]):
        done = run(server, "function", *command)
        assert (done.code, done.out, done.err) == (1, "", missing)


@evidence("own", "what a function wrote, and what it goes on to write")
def test_logs(server, name, folder):
    run(server, "function", "deploy", name, "--code", folder)
    assert run(server, "function", "logs", name).out == ""
    run(server, "function", "invoke", name, "-p", '"first"')
    lines = run(server, "function", "logs", name).lines()
    assert "event: first" in lines
    assert [line.split()[0] for line in lines if line.split()[0].isupper()] == ["INIT_START", "START", "END", "REPORT"]
    with started(server, "function", "logs", name, "--follow") as logs:
        assert logs.lines(len(lines)) == lines
        run(server, "function", "invoke", name, "-p", '"second"')
        assert [logs.line().split()[0] for _ in range(4)] == ["START", "event:", "END", "REPORT"]


# --- mapping ------------------------------------------------------------------------------------------


@evidence("own", "names become ARNs, flags members")
def test_a_mapping_is_created_and_delivers(server, name, stream, remotes):
    function = remotes.add(name, lambda event, call: None)
    create_remote(server, name, function)
    server.sqs.create_queue(QueueName=f"{name}-failed")
    pattern = json.dumps({"data": {"a": [1]}})
    done = run(server, "mapping", "create", "--stream", stream, "--function", name, "--batch-size", 7, "--parallel", 2,
               "--retries", 3, "--max-age", 60, "--bisect", "--partial", "--on-failure", f"{name}-failed", "--filter", pattern)
    assert done.code == 0, done
    [(uuid, state, arn)] = re.findall(rf"^({UUID})  (\w+)  (\S+)$", done.out, re.MULTILINE)
    assert state in ("Creating", "Enabled") and arn == function_arn(name)
    made = server.functions.get_event_source_mapping(UUID=uuid)
    assert made["EventSourceArn"] == stream_arn(stream) and made["StartingPosition"] == "TRIM_HORIZON"
    assert (made["BatchSize"], made["ParallelizationFactor"], made["MaximumRetryAttempts"],
            made["MaximumRecordAgeInSeconds"], made["BisectBatchOnFunctionError"]) == (7, 2, 3, 60, True)
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert made["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    assert made["DestinationConfig"]["OnFailure"]["Destination"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failed"
    put(server.kinesis, stream, b'{"a": 2}', b'{"a": 1}')
    until(lambda: function.events)
    assert [text_of(record) for event in function.events for record in event["Records"]] == ['{"a": 1}']
    assert run(server, "mapping", "delete", uuid).out.startswith(uuid)


@evidence("own", "every mapping with its state")
def test_mappings_are_listed(server, name, stream, remotes):
    create_remote(server, name, remotes.add(name))
    created = run(server, "mapping", "create", "--stream", stream_arn(stream), "--function", function_arn(name),
                  "--from", "LATEST")
    uuid = created.out.split()[0]

    def row():
        lines = run(server, "mapping", "list").lines()
        assert lines[0].split("  ")[0] == "uuid"
        [found] = [re.split(r"  +", line) for line in lines if line.startswith(uuid)]
        return found
    assert until(lambda: row()[1] == "Enabled" and row())[:4] == [uuid, "Enabled", name, stream]
    assert run(server, "mapping", "delete", uuid).code == 0
    until(lambda: uuid not in run(server, "mapping", "list").out)


@evidence("own", "a consumer is shown with its stream")
def test_a_mapping_of_a_consumer_is_listed(server, name, stream, remotes):
    create_remote(server, name, remotes.add(name))
    consumer = server.kinesis.register_stream_consumer(StreamARN=stream_arn(stream), ConsumerName="z")["Consumer"]
    created = run(server, "mapping", "create", "--stream", consumer["ConsumerARN"], "--function", name)
    uuid = created.out.split()[0]
    [line] = [line for line in run(server, "mapping", "list").lines() if line.startswith(uuid)]
    assert re.split(r"  +", line)[3] == f"{stream}/consumer/z"
    assert run(server, "mapping", "delete", uuid).code == 0


@evidence("own", "what cannot be mapped is said as the service says it")
def test_a_mapping_that_cannot_be(server, name, stream):
    done = run(server, "mapping", "create", "--stream", stream, "--function", name)
    assert (done.code, done.err) == (1, "penstock: InvalidParameterValueException: Function does not exist\n")
    done = run(server, "mapping", "create", "--stream", name + "-no", "--function", name)
    assert done.code == 1 and done.err.startswith("penstock: ResourceNotFoundException: ")
    done = run(server, "mapping", "create", "--stream", stream, "--function", name, "--on-failure", f"{name}-no")
    assert done.code == 1 and "The specified queue does not exist." in done.err
    assert run(server, "mapping", "create", "--stream", stream).code == 2
    assert run(server, "mapping", "create", "--stream", stream, "--function", name, "--from", "SOON").code == 2
    nowhere = "11111111-2222-4333-8444-555555555555"
    done = run(server, "mapping", "delete", nowhere)
    assert done.code == 1 and done.err.startswith("penstock: ResourceNotFoundException: ")
