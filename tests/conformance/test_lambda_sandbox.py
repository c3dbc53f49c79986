"""Execution environments as processes: what a function can reach, and what ends it."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import threading
import time
import zipfile
import io

import pytest
from conftest import BINARY, Server, evidence
from kit import ROLE, create_function, package, put, stream_arn, until, wait_function

GUIDE = "Lambda's guide: execution environment"
RECORDED = "recorded snapshots of a public emulator's suite"
OURS = "decision 0010"

IS_ROOT = os.geteuid() == 0
NOBODY = 65534


def call(server, name, event=None, **more):
    """The reply as (payload, the kind of its error or None)."""
    reply = server.functions.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    return json.loads(reply["Payload"].read()), reply.get("FunctionError")


def result(server, name, event=None):
    payload, error = call(server, name, event)
    assert error is None, payload
    return payload


def reports(server, name):
    return [line for line in server.log(name) if line.startswith("REPORT")]


def processes_with(marker):
    """Pids on this host with an argument that holds the marker."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in arguments and entry.name != str(os.getpid()):
            found.append(int(entry.name))
    return found


@pytest.fixture
def own_server(request):
    """A server with arguments of the test's own, stopped after it."""
    started = []

    def start(*arguments):
        started.append(Server(*arguments))
        return started[-1]
    yield start
    for each in started:
        if each.process.poll() is None:
            each.stop()


# --- What is in reach ----------------------------------------------------------------------------

PROBE = '''
import os, json
def status(field):
    with open("/proc/self/status") as file:
        return next(line.split(":")[1].strip() for line in file if line.startswith(field))
def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return error.errno
def write(path):
    def act():
        with open(path, "w") as file:
            file.write("x")
    return act
def handler(event, context):
    tmp = os.statvfs("/tmp")
    return {
        "writes": {path: attempt(write(path)) for path in
                   ["/x", "/etc/x", "/usr/x", "/var/task/x", "/var/x", "/tmp/x"]},
        "root": sorted(os.listdir("/")),
        "etc": sorted(os.listdir("/etc")),
        "processes": [p for p in os.listdir("/proc") if p.isdigit()],
        "capabilities": [status(f) for f in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]],
        "no_new_privileges": status("NoNewPrivs"),
        "seccomp": status("Seccomp"),
        "user": [os.getuid(), os.getgid()],
        "host": os.uname().nodename,
        "tmp_bytes": tmp.f_blocks * tmp.f_frsize,
        "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd")),
        "folder": os.getcwd(),
        "variables": dict(os.environ),
    }
'''


@pytest.fixture(scope="module")
def seen(server):
    create_function(server, "sandbox-probe", PROBE, Environment={"Variables": {"OWN": "mine"}})
    return result(server, "sandbox-probe")


@evidence("D", GUIDE)
def test_only_tmp_can_be_written(seen):
    writes = seen["writes"]
    assert writes.pop("/tmp/x") == "done"
    assert set(writes.values()) == {30}, f"30 is EROFS: {writes}"


@evidence("own", OURS)
def test_the_root_holds_nothing_of_the_host(seen):
    assert set(seen["root"]) <= {"bin", "dev", "etc", "lib", "lib64", "opt", "proc", "sbin", "tmp", "usr", "var"}
    assert "passwd" not in seen["etc"] and "shadow" not in seen["etc"]


@evidence("own", OURS)
def test_only_its_own_processes_are_visible(seen):
    assert len(seen["processes"]) <= 3


@evidence("own", OURS)
def test_it_has_no_privileges_and_cannot_gain_any(seen):
    assert set(seen["capabilities"]) == {"0000000000000000"}
    assert seen["no_new_privileges"] == "1"
    assert seen["seccomp"] == "2", "a filter of system calls is in force"
    assert seen["user"] == [993, 990]


@evidence("own", OURS)
def test_no_descriptor_of_the_server_is_inherited(seen):
    # 0 to 2, the client's connection and what listing takes; all opened by itself.
    assert len(seen["descriptors"]) <= 8 and max(seen["descriptors"]) < 16


@evidence("D", GUIDE)
def test_tmp_has_the_size_of_the_ephemeral_storage(seen):
    assert seen["tmp_bytes"] == 512 << 20


@evidence("D", GUIDE)
def test_variables_are_lambdas_and_its_own_only(seen, server):
    variables = seen["variables"]
    expected = {
        "OWN": "mine", "_HANDLER": "app.handler", "LAMBDA_TASK_ROOT": "/var/task", "TZ": ":UTC",
        "LAMBDA_RUNTIME_DIR": "/var/runtime", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "sandbox-probe", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/sandbox-probe",
        "AWS_ENDPOINT_URL": server.url,
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert not [name for name in variables if name.startswith("PENSTOCK")]
    assert "PYTEST_CURRENT_TEST" not in variables and "VIRTUAL_ENV" not in variables
    assert seen["folder"] == "/var/task" and seen["host"] == "lambda"


@evidence("own", OURS)
@pytest.mark.parametrize("what", ["unshare", "ptrace", "mount", "keyctl", "bpf"])
def test_calls_that_open_sandboxes_are_refused(server, name, what):
    create_function(server, name, '''
import ctypes, os
NUMBERS = {"unshare": 272, "ptrace": 101, "mount": 165, "keyctl": 250, "bpf": 321}
def handler(event, context):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBERS[event["what"]], 0x10000000, 0, 0, 0, 0)
    return [result, ctypes.get_errno()]
''')
    assert result(server, name, {"what": what}) == [-1, 1], "1 is EPERM"


@evidence("own", OURS)
def test_variables_are_on_no_command_line(server, name):
    secret = f"secret-of-{name}"
    create_function(server, name, "def handler(event, context): return 1\n",
                    Environment={"Variables": {"PASSWORD": secret}})
    result(server, name)
    assert processes_with(secret) == []


@evidence("own", OURS)
@pytest.mark.skipif(not IS_ROOT, reason="only root can give environments users of their own")
def test_every_environment_runs_as_another_user(server, name):
    source = '''
import subprocess
def handler(event, context):
    subprocess.Popen(["/usr/bin/sleep", "100", "--", event["marker"]], stderr=subprocess.DEVNULL)
    subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(100)", event["marker"]])
'''
    users = set()
    for number in range(2):
        create_function(server, f"{name}-{number}", source)
        marker = f"marker-{name}-{number}"
        result(server, f"{name}-{number}", {"marker": marker})
        pid = until(lambda: processes_with(marker))[0]
        users.add(os.stat(f"/proc/{pid}").st_uid)
    assert len(users) == 2 and 0 not in users


@evidence("own", OURS)
@pytest.mark.skipif(not IS_ROOT, reason="the limit is per user; only root gives environments users of their own")
def test_the_number_of_processes_is_limited(server, name):
    create_function(server, name, '''
import os, signal
def handler(event, context):
    children = []
    try:
        while len(children) < 3000:
            pid = os.fork()
            if pid == 0:
                signal.pause()
            children.append(pid)
        return len(children)
    except BlockingIOError:
        return "refused"
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
''', MemorySize=10240, Timeout=60)
    assert result(server, name) == "refused"


@evidence("own", OURS)
def test_it_reaches_the_server_at_its_endpoint_url(server, name):
    create_function(server, name, '''
import json, os, urllib.request
def handler(event, context):
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_penstock/health") as reply:
        return json.load(reply)["services"]["kinesis"]
''')
    assert result(server, name) == "available"


# --- Warm environments ------------------------------------------------------------------------------

COUNTER = '''
import os, pathlib
count = 0
def handler(event, context):
    global count
    count += 1
    left = os.path.exists("/tmp/left")
    pathlib.Path("/tmp/left").touch()
    return [count, left]
'''


@evidence("D", GUIDE)
def test_a_warm_environment_is_used_again(server, name):
    create_function(server, name, COUNTER)
    assert [result(server, name) for _ in range(3)] == [[1, False], [2, True], [3, True]]


@evidence("D", GUIDE)
def test_init_duration_is_reported_once(server, name):
    create_function(server, name, COUNTER)
    result(server, name)
    result(server, name)
    first, second = reports(server, name)
    assert "Init Duration: " in first and "Init Duration" not in second


@evidence("D", "Lambda's guide: updates discard warm environments")
@pytest.mark.parametrize("change", ["code", "configuration"])
def test_an_update_ends_warm_environments(server, name, change):
    create_function(server, name, COUNTER)
    assert result(server, name) == [1, False]
    if change == "code":
        server.functions.update_function_code(FunctionName=name, ZipFile=package(COUNTER + "\n"))
    else:
        server.functions.update_function_configuration(FunctionName=name, Description="other")
    wait_function(server, name)
    assert result(server, name) == [1, False]


@evidence("own", OURS)
def test_an_idle_environment_is_shut_down(own_server):
    server = own_server("--function.idle-s", "1")
    create_function(server, "idle", '''
import subprocess
def handler(event, context):
    subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(1000)", event["marker"]])
''')
    marker = f"idle-{os.getpid()}-{time.monotonic_ns()}"
    result(server, "idle", {"marker": marker})
    until(lambda: processes_with(marker) == [])


WAITING = '''
import os, time, urllib.request
def handler(event, context):
    urllib.request.urlopen(event["gate"]).read()
    return "through"
'''


class GateServer:
    """An HTTP server that answers when it is opened; a function that waits has called it."""

    def __init__(self):
        self.opened = threading.Event()
        self.arrivals = threading.Semaphore(0)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.arrivals.release()
                outer.opened.wait(60)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.opened.set()
        self.server.shutdown()


@pytest.fixture
def gate():
    made = GateServer()
    yield made
    made.close()


def in_background(work):
    """A thread and the list its result comes into."""
    results = []

    def run():
        try:
            results.append(work())
        except Exception as error:  # the test looks at it
            results.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


@evidence("R", RECORDED)
def test_invocations_beyond_the_concurrency_are_throttled(own_server, gate):
    server = own_server("--function.concurrency", "2")
    create_function(server, "waiting", WAITING, Timeout=60)
    running = [in_background(lambda: result(server, "waiting", {"gate": gate.url})) for _ in range(2)]
    for _ in running:
        assert gate.arrivals.acquire(timeout=30)
    with pytest.raises(server.functions.exceptions.TooManyRequestsException) as refusal:
        server.functions.invoke(FunctionName="waiting", Payload=json.dumps({"gate": gate.url}))
    reply = refusal.value.response
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert reply["Error"]["Message"] == "Rate Exceeded."
    assert reply["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert int(reply["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1
    gate.opened.set()
    for thread, results in running:
        thread.join()
        assert results == ["through"]
    assert result(server, "waiting", {"gate": gate.url}) == "through"


@evidence("own", OURS)
def test_an_idle_environment_makes_room_for_another_function(own_server):
    server = own_server("--function.concurrency", "1")
    create_function(server, "one", COUNTER)
    create_function(server, "two", COUNTER)
    assert result(server, "one") == [1, False]
    assert result(server, "two") == [1, False]
    assert result(server, "one") == [1, False], "its first environment gave way"


@evidence("D", GUIDE)
def test_two_invocations_at_once_have_two_environments(server, name, gate):
    create_function(server, name, WAITING.replace('"through"', "OWN") + "import uuid\nOWN = uuid.uuid4().hex\n", Timeout=60)
    running = [in_background(lambda: result(server, name, {"gate": gate.url})) for _ in range(2)]
    for _ in running:
        assert gate.arrivals.acquire(timeout=30)
    gate.opened.set()
    for thread, _ in running:
        thread.join()
    assert len({results[0] for _, results in running}) == 2


# --- What ends it -----------------------------------------------------------------------------------


@evidence("R", RECORDED)
def test_a_time_out_ends_the_whole_process_group(server, name):
    create_function(server, name, '''
import os, subprocess, time
def handler(event, context):
    if not event.get("marker"):
        return "fine"
    subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(1000)", event["marker"]],
                     start_new_session=True)
    time.sleep(1000)
''', Timeout=1)
    marker = f"marker-{name}"
    reply = server.functions.invoke(FunctionName=name, Payload=json.dumps({"marker": marker}))
    assert reply["StatusCode"] == 200 and reply["FunctionError"] == "Unhandled"
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert json.loads(reply["Payload"].read()) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds"}
    until(lambda: processes_with(marker) == [])
    assert "Status: timeout" in reports(server, name)[-1]
    assert result(server, name) == "fine"


@evidence("own", OURS)
def test_an_answer_that_comes_as_the_time_passes_is_taken_or_too_late(own_server):
    server = own_server("--limits", "off")
    create_function(server, "late", '''
import time
def handler(event, context):
    answer = "x" * 6_000_000
    time.sleep(max(0, context.get_remaining_time_in_millis() - event["before_ms"]) / 1000)
    return answer
''', Timeout=1)
    for _ in range(3):
        running = [in_background(lambda ms=ms: call(server, "late", {"before_ms": ms})) for ms in (20, 30, 40, 50)]
        for thread, results in running:
            thread.join()
            [(payload, error)] = results
            assert payload == "x" * 6_000_000 or payload["errorType"] == "Sandbox.Timedout", error


@evidence("own", OURS)
def test_a_runtime_that_does_not_come_back_for_the_next_event_times_out(own_server):
    server = own_server("--function.concurrency", "1")
    create_function(server, "stuck", '''
import os, signal, urllib.request
def handler(event, context):
    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/{context.aws_request_id}"
    urllib.request.urlopen(urllib.request.Request(api + "/response", b"1", method="POST")).read()
    while True:
        signal.pause()
''', Timeout=1)
    assert result(server, "stuck") == 1
    payload, error = call(server, "stuck")
    assert error == "Unhandled" and payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    report = reports(server, "stuck")[-1]
    assert "Status: timeout" in report and "Init Duration" not in report
    assert not [line for line in server.log("stuck") if line.startswith("INIT_REPORT")]
    assert result(server, "stuck") == 1, "in another environment"


@evidence("D", GUIDE)
def test_a_function_that_exceeds_its_memory_is_killed(server, name):
    create_function(server, name, '''
def handler(event, context):
    if event.get("bytes"):
        held = bytearray(event["bytes"])
        for at in range(0, len(held), 4096):
            held[at] = 1
        import time
        time.sleep(60)
    return "fine"
''', Timeout=60)
    payload, error = call(server, name, {"bytes": 200 << 20})
    assert error == "Unhandled" and payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert "Max Memory Used: 128 MB" in reports(server, name)[-1]
    assert result(server, name) == "fine"


@evidence("own", OURS)
def test_memory_of_its_children_counts(server, name):
    create_function(server, name, '''
import subprocess
def handler(event, context):
    return subprocess.run(["/usr/bin/python3", "-c", "x = b'1' * (300 << 20); import time; time.sleep(60)"]).returncode
''', Timeout=60)
    payload, error = call(server, name)
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")


@evidence("R", RECORDED)
@pytest.mark.parametrize("end, message", [
    ("os._exit(7)", "Runtime exited with error: exit status 7"),
    ("os._exit(0)", "Runtime exited without providing a reason"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
    ("os.kill(os.getpid(), signal.SIGSEGV)", "Runtime exited with error: signal: segmentation fault"),
])
def test_a_process_that_ends_fails_its_invocation(server, name, end, message):
    create_function(server, name, f"import os, signal\ndef handler(event, context):\n"
                                  f"    if event.get('end'):\n        {end}\n    return 'fine'\n")
    assert result(server, name) == "fine"
    reply = server.functions.invoke(FunctionName=name, Payload=b'{"end": true}')
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert reply["FunctionError"] == "Unhandled"
    payload = json.loads(reply["Payload"].read())
    assert payload == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {message}"}
    assert "Status: error\tError Type: Runtime.ExitError" in reports(server, name)[-1]
    assert result(server, name) == "fine"


@evidence("own", OURS)
def test_a_process_that_ends_between_invocations_is_replaced(server, name):
    create_function(server, name, '''
import os, threading
count = 0
def handler(event, context):
    global count
    count += 1
    if event.get("marker"):
        os.close(os.open("/tmp/x", os.O_CREAT | os.O_WRONLY))
        if os.fork() == 0:
            os.execv("/usr/bin/python3", ["python3", "-c", "import time; time.sleep(1000)", event["marker"]])
        threading.Timer(0.05, lambda: os._exit(1)).start()
    return count
''')
    marker = f"marker-{name}"
    assert result(server, name, {"marker": marker}) == 1
    until(lambda: processes_with(marker) == [])
    assert result(server, name) == 1


# --- Starting ---------------------------------------------------------------------------------------


@evidence("R", "types of the public Python runtime client")
@pytest.mark.parametrize("source, handler, kind", [
    ("import nothing_of_this_name\n", "app.handler", "Runtime.ImportModuleError"),
    ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError"),
    ("x = 1\n", "app.handler", "Runtime.HandlerNotFound"),
    ("x = 1\n", "nodots", "Runtime.MalformedHandlerName"),
])
def test_a_function_that_cannot_be_loaded(server, name, source, handler, kind):
    create_function(server, name, source, handler=handler)
    payload, error = call(server, name)
    assert (error, payload["errorType"]) == ("Unhandled", kind)


@evidence("R", RECORDED)
def test_a_process_that_ends_while_it_starts(server, name):
    create_function(server, name, "import os\nos._exit(3)\n")
    payload, error = call(server, name)
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert any(line.startswith("INIT_REPORT Init Duration: ") for line in server.log(name))


@evidence("R", RECORDED)
def test_an_exception_while_loading(server, name):
    create_function(server, name, "raise ValueError('no luck')\n")
    payload, error = call(server, name)
    assert (error, payload["errorType"], payload["errorMessage"]) == ("Unhandled", "ValueError", "no luck")


@evidence("D", GUIDE)
def test_init_may_take_longer_than_the_timeout(server, name):
    create_function(server, name, "import time\ntime.sleep(1.5)\ndef handler(event, context): return 'fine'\n", Timeout=1)
    assert result(server, name) == "fine"


# --- provided: a program of its own ------------------------------------------------------------------

BOOTSTRAP = r'''
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <string>

static std::string exchange(const std::string& request) {
  const std::string api = std::getenv("AWS_LAMBDA_RUNTIME_API");
  const auto colon = api.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(std::atoi(api.c_str() + colon + 1));
  inet_pton(AF_INET, api.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) _exit(9);
  if (write(fd, request.data(), request.size()) < 0) _exit(9);
  std::string reply;
  char buffer[4096];
  ssize_t bytes;
  while ((bytes = read(fd, buffer, sizeof buffer)) > 0) reply.append(buffer, bytes);
  close(fd);
  return reply;
}

static std::string header(const std::string& reply, const char* name) {
  const char* found = strcasestr(reply.c_str(), name);
  if (found == nullptr) return {};
  found += std::strlen(name) + 2;
  return std::string(found, std::strcspn(found, "\r\n"));
}

int main() {
  const std::string base = "/2018-06-01/runtime/invocation/", host = " HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\n";
  while (true) {
    const std::string next = exchange("GET " + base + "next" + host + "\r\n");
    const std::string id = header(next, "lambda-runtime-aws-request-id");
    if (id.empty()) return 1;
    const std::string event = next.substr(next.find("\r\n\r\n") + 4);
    const std::string answer = "{\"event\":" + event + ",\"handler\":\"" + std::getenv("_HANDLER") + "\"}";
    exchange("POST " + base + id + "/response" + host + "Content-Length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer);
  }
}
'''


def compiler():
    return next((path for path in ["clang++-19", "clang++", "g++", "c++"] if shutil.which(path)), None)


def archive(name, data, mode):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = (stat.S_IFREG | mode) << 16
        file.writestr(entry, data)
    return buffer.getvalue()


def create_provided(server, name, code, **more):
    server.functions.create_function(FunctionName=name, Runtime="provided.al2023", Handler="any.thing", Role=ROLE,
                                     Code={"ZipFile": code}, **more)
    wait_function(server, name)


@evidence("D", "Lambda's guide: custom runtimes")
@pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the bootstrap")
def test_a_compiled_bootstrap_runs(server, name, tmp_path):
    source = tmp_path / "bootstrap.cc"
    source.write_text(BOOTSTRAP)
    program = tmp_path / "bootstrap"
    subprocess.run([compiler(), "-std=c++17", "-O1", "-w", "-o", program, source], check=True)
    create_provided(server, name, archive("bootstrap", program.read_bytes(), 0o755))
    assert result(server, name, {"a": [1, 2]}) == {"event": {"a": [1, 2]}, "handler": "any.thing"}
    assert result(server, name, {"b": 1}) == {"event": {"b": 1}, "handler": "any.thing"}
    assert "Init Duration" not in reports(server, name)[-1]


@evidence("D", "Lambda's guide: custom runtimes")
def test_a_script_as_bootstrap_runs(server, name):
    script = '''#!/usr/bin/python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    body = event.read()
    print("took", body.decode(), flush=True)
    api.request("POST", f"/2018-06-01/runtime/invocation/{event.headers['Lambda-Runtime-Aws-Request-Id']}/response", body)
    assert api.getresponse().read() == b'{"status":"OK"}\\n'
'''
    create_provided(server, name, archive("bootstrap", script, 0o755))
    assert result(server, name, {"x": 1}) == {"x": 1}
    assert 'took {"x": 1}' in server.log(name)


@evidence("F", "error text as users quote it")
@pytest.mark.parametrize("file, mode", [("other", 0o755), ("bootstrap", 0o644)])
def test_a_package_without_bootstrap(server, name, file, mode):
    create_provided(server, name, archive(file, "#!/bin/sh\n", mode))
    reply = server.functions.invoke(FunctionName=name)
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert json.loads(reply["Payload"].read()) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: {request_id} Error: Couldn't find valid bootstrap(s): "
                        "[/var/task/bootstrap /opt/bootstrap]"}


# --- The server -------------------------------------------------------------------------------------


@evidence("own", OURS)
def test_stopping_waits_for_an_invocation_within_the_grace(own_server, gate):
    server = own_server("--function.stop-grace-s", "30")
    create_function(server, "waiting", WAITING, Timeout=60)
    thread, results = in_background(lambda: result(server, "waiting", {"gate": gate.url}))
    assert gate.arrivals.acquire(timeout=30)
    server.process.terminate()
    gate.opened.set()
    thread.join()
    assert results == ["through"]
    assert server.process.wait(timeout=30) == 0


@evidence("own", OURS)
def test_stopping_ends_an_invocation_after_the_grace(own_server, gate):
    server = own_server("--function.stop-grace-s", "0")
    create_function(server, "waiting", WAITING, Timeout=900)
    thread, _ = in_background(lambda: call(server, "waiting", {"gate": gate.url}))
    assert gate.arrivals.acquire(timeout=30)
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 10
    thread.join()


@evidence("own", OURS)
def test_an_invocation_that_a_stop_ends_is_no_failed_attempt(own_server, gate, tmp_path):
    arguments = "--limits", "off", "--data", str(tmp_path / "data"), "--function.stop-grace-s", "0"
    server = own_server(*arguments)
    create_function(server, "waiting", WAITING.replace('event["gate"]', 'os.environ["GATE"]'), Timeout=900,
                    Environment={"Variables": {"GATE": gate.url}})
    server.kinesis.create_stream(StreamName="stopped", ShardCount=1)
    server.functions.create_event_source_mapping(
        EventSourceArn=stream_arn("stopped"), FunctionName="waiting", StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0)
    put(server.kinesis, "stopped", b"1")
    assert gate.arrivals.acquire(timeout=30)
    server.stop()

    server = own_server(*arguments)

    def counts():
        [stream] = server.audit()["streams"]
        return [row for consumer in stream["consumers"] for row in consumer["shards"]]
    assert gate.arrivals.acquire(timeout=30), "it is invoked again"
    assert [row["pending"] for row in counts()] == [1]
    gate.opened.set()
    [row] = until(lambda: [row for row in counts() if row["pending"] == 0])
    assert row["succeeded"] == 1


@evidence("own", OURS)
def test_a_killed_server_takes_its_functions_with_it(own_server, gate):
    server = own_server()
    create_function(server, "child", '''
import subprocess
def handler(event, context):
    subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(1000)", event["marker"]])
''')
    marker = f"killed-{os.getpid()}-{time.monotonic_ns()}"
    result(server, "child", {"marker": marker})
    # A new program has no arguments yet for an instant, in which whoever started it may go on already.
    until(lambda: processes_with(marker))
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    until(lambda: processes_with(marker) == [])


@evidence("own", OURS)
def test_a_sandbox_that_is_off_is_said(own_server):
    server = own_server("--function.sandbox", "off")
    assert 'sandbox="none: it is switched off"' in server.ready_line
    health = server.raw.request("GET", "/_penstock/health").json()
    assert health["function_sandbox"] == "none: it is switched off"
    create_function(server, "plain", "import os\ndef handler(event, context): return os.path.exists('/etc/passwd')\n")
    assert result(server, "plain") is True
    assert any("Runs without a sandbox: it is switched off" in line for line in server.log("plain"))


@evidence("own", OURS)
def test_limits_hold_without_a_sandbox_too(own_server):
    server = own_server("--function.sandbox", "off")
    create_function(server, "slow", '''
import subprocess, time
def handler(event, context):
    subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(1000)", event["marker"]])
    time.sleep(1000)
''', Timeout=1)
    marker = f"off-{os.getpid()}-{time.monotonic_ns()}"
    payload, _ = call(server, "slow", {"marker": marker})
    assert payload["errorType"] == "Sandbox.Timedout"
    until(lambda: processes_with(marker) == [])


def inside_no_namespaces(*arguments):
    """The server where no user namespace can be made."""
    return subprocess.run(
        ["/usr/bin/bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--", BINARY, "serve",
         "--listen", "127.0.0.1:0", *arguments], capture_output=True, text=True, timeout=30)


@evidence("own", OURS)
@pytest.mark.skipif(not pathlib.Path("/usr/bin/bwrap").exists(), reason="no bubblewrap")
def test_a_required_sandbox_that_does_not_work_stops_the_start():
    # One start in ten aborted once: whoever looked around was the last to own its own thread.
    for _ in range(20):
        ended = inside_no_namespaces("--function.sandbox", "required")
        assert ended.returncode == 1
        assert "functions cannot be isolated here: " in ended.stderr


def may_run(path):
    """Whether an ordinary user can get at the file."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in pathlib.Path(path).resolve().parents)


@evidence("own", OURS)
@pytest.mark.skipif(not IS_ROOT or not may_run(BINARY), reason="not root, or the program is not open to others")
def test_an_ordinary_user_isolates_functions_as_well():
    process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                               user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
    try:
        line = process.stdout.readline()
        assert 'sandbox="bubblewrap"' in line
        server = Server.__new__(Server)
        server.url, server.ca = "http://" + line.split("http://")[1].split()[0], None
        server.functions = server.client("lambda")
        create_function(server, "probe", PROBE)
        seen_there = result(server, "probe")
        assert seen_there["writes"]["/etc/x"] == 30
        assert set(seen_there["capabilities"]) == {"0000000000000000"}
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
