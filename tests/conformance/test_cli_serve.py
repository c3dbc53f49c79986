"""`penstock serve` with options good and bad, its stop, `settings`, `clock`, and the help."""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest
from command import run
from conftest import BINARY, Server, evidence
from kit import HOUR, until
from raw import RawClient, signed
from remote import create_remote


@pytest.fixture
def background():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield pool


# --- Options ----------------------------------------------------------------------------------------


@evidence("own", "2, and one sentence that says what would be right")
@pytest.mark.parametrize("flags, sentence", [
    *[(["--listen", address, *more], f"--listen {address} is reachable from other machines, and requests and answers "
       "would not be encrypted; say --tls-cert and --tls-key, or --tls=self-signed, or listen on 127.0.0.1 or [::1] "
       "(--listen-unprotected listens nevertheless)")
      for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:4566") for more in ([], ["--auth", "on"])],
    (["--listen", "0.0.0.0:0", "--tls", "self-signed", "--auth", "off"], "--listen 0.0.0.0:0 is reachable from other "
     "machines, and with --auth=off anybody's requests would count; leave that out, or listen on 127.0.0.1 or [::1] "
     "(--listen-unprotected listens nevertheless)"),
    (["--tls-cert", "c.pem"], "--tls-cert and --tls-key belong together: a certificate and its key"),
    (["--tls", "maybe"], '--tls is "maybe"; it must be one of off|self-signed'),
    (["--listen", "127.0.0.1"], '--listen takes ADDRESS:PORT such as 127.0.0.1:4566, not "127.0.0.1"'),
    (["--listen", "127.0.0.1:"], '--listen takes ADDRESS:PORT such as 127.0.0.1:4566, not "127.0.0.1:"'),
    (["--listen", "127.0.0.1:65536"], '--listen takes ADDRESS:PORT such as 127.0.0.1:4566, not "127.0.0.1:65536"'),
    (["--listen", "127.0.0.1:http"], '--listen takes ADDRESS:PORT such as 127.0.0.1:4566, not "127.0.0.1:http"'),
    (["--memory", "much"], '--memory: "much" is not a size; write 512MiB or 1GiB'),
    (["--memory", "512MB"], '--memory: "512MB" is not a size; write 512MiB or 1GiB'),
    (["--memory", "99999999999TiB"], '--memory: "99999999999TiB" is not a size; write 512MiB or 1GiB'),
    (["--memory", "63MiB"], "--memory must be at least 64MiB"),
    (["--region", "eu west"], '--region is "eu west"; a region is written like eu-west-1: small letters, digits and hyphens'),
    (["--stream.create-delay-ms", "1h"], "--stream.create-delay-ms = 1h is not a number, or not true or false; "
                                         "`penstock settings` prints each with what it may be"),
    (["--durability", "hope"], '--durability is "hope"; it must be one of sync|os|memory'),
    (["--limits", "azure"], '--limits is "azure"; it must be one of aws|aws-all|off'),
    (["--auth", "maybe"], '--auth is "maybe"; it must be one of auto|on|off'),
    (["--log", "loud"], '--log is "loud"; it must be one of debug|info|warn|error|off'),
    (["--loops", "257"], "--loops is 257; it must be in 0..256"),
    (["--function.concurrency", "0"], "--function.concurrency is 0; it must be in 1..10000"),
    (["--function.sandbox", "perhaps"], '--function.sandbox is "perhaps"; it must be one of required|auto|off'),
])
def test_an_option_that_cannot_be(flags, sentence):
    done = run(None, "serve", *flags)
    assert (done.code, done.out, done.err) == (2, "", f"penstock: {sentence}\n")


@evidence("own", "2 and a hint at the help")
@pytest.mark.parametrize("flags", [["--port", "1"], ["--memory"], ["--loops", "two"], ["stray"], ["--config", "/no/such"]])
def test_an_option_that_is_not_there_or_cannot_be_read(flags):
    done = run(None, "serve", *flags)
    assert (done.code, done.out) == (2, "")
    assert flags[-1].lstrip("-") in done.err or flags[0] in done.err, done.err


@evidence("own", "1 and the folder's name: nothing was started")
def test_a_data_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("no folder")
    folder = tmp_path / "file" / "data"
    done = run(None, "serve", "--listen", "127.0.0.1:0", "--data", folder)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("penstock: ") and str(folder) in done.err, done.err


@evidence("own", "1 and the folder's name: one server a folder")
def test_a_data_folder_that_another_server_has(tmp_path):
    first = Server("--data", str(tmp_path))
    try:
        done = run(None, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path)
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines()[-1].startswith("penstock: ") and str(tmp_path) in done.err, done.err
    finally:
        first.stop()
    Server("--data", str(tmp_path)).stop()


@evidence("own", "1 and the address: somebody else listens there")
def test_a_port_that_is_taken(server):
    done = run(None, "serve", "--listen", f"127.0.0.1:{server.port}")
    assert (done.code, done.out) == (1, "")
    assert f"127.0.0.1:{server.port}" in done.err.splitlines()[-1], done.err


@evidence("own", "port 0 picks a free one, and the ready line says which")
def test_port_0_is_a_free_port():
    first, second = Server(), Server(listen="[::1]:0")
    try:
        assert first.port != second.port and first.port > 0
        assert first.url == f"http://127.0.0.1:{first.port}" and second.url == f"http://[::1]:{second.port}"
        assert first.raw.request("GET", "/_penstock/health").status == 200
        with socket.create_connection(("::1", second.port)) as connection:
            connection.sendall(b"GET /_penstock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 200")
    finally:
        first.stop()
        second.stop()


@evidence("own", "what holds is in the ready line")
def test_the_ready_line(tmp_path):
    plain = Server("--limits", "off", dev=False)
    stored = Server("--data", str(tmp_path / "made" / "for it"), "--durability", "os")
    try:
        assert re.fullmatch(
            r'penstock \S+ is ready at http://127\.0\.0\.1:\d+ limits=off durability=memory data=\(memory\) auth=off '
            r'sandbox="[^"]+"\n', plain.ready_line)
        assert f" limits=aws durability=os data={tmp_path}/made/for it auth=off " in stored.ready_line
        assert stored.ready_line.endswith(" dev (the clock can be advanced)\n")
    finally:
        plain.stop()
        stored.stop()


@evidence("own", "a setting by environment or by file; a flag goes before both")
def test_settings_by_environment_and_by_file(tmp_path):
    file = tmp_path / "penstock.conf"
    for name in ("function.idle_s", "function.idle-s"):
        file.write_text(f'limits = "off"\n{name} = 0\n')
        refusal = run(None, "serve", "--config", file)
        assert (refusal.code, refusal.err) == (2, "penstock: --function.idle-s is 0; it must be in 1..86400\n"), name
    overruled = run(None, "serve", "--config", file, "--function.idle-s", "90000", PENSTOCK_FUNCTION_IDLE_S="0")
    assert overruled.err == "penstock: --function.idle-s is 90000; it must be in 1..86400\n"
    file.write_text("function.idle_seconds = 5\n")
    unknown = run(None, "serve", "--config", file)
    assert unknown.code == 2 and "function.idle-seconds" in unknown.err
    assert run(None, "serve", "--limits", "none", PENSTOCK_LIMITS="off").err == (
        'penstock: --limits is "none"; it must be one of aws|aws-all|off\n')
    assert run(None, "serve", PENSTOCK_LIMITS="none").err == 'penstock: --limits is "none"; it must be one of aws|aws-all|off\n'
    assert run(None, "serve", PENSTOCK_MEMORY="1GB").err == 'penstock: --memory: "1GB" is not a size; write 512MiB or 1GiB\n'


# --- Stopping -----------------------------------------------------------------------------------------


@evidence("own", "a server that answers but has not said that it is ready ends in order, too")
def test_a_stop_during_the_start(tmp_path):
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen([BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(tmp_path / "data")],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "TMPDIR": str(tmp_path)})
        while not answers(port):  # At once: the ready line is milliseconds behind.
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert not list(tmp_path.glob("penstock-functions-*")), "what it made for functions is gone with it"
        assert not [line for line in errors.splitlines() if " error " in line or " warn " in line], errors


def answers(port):
    try:
        return RawClient(port).request("GET", "/_penstock/health").status == 200
    except OSError:
        return False


@evidence("own", "SIGTERM and SIGINT: 0")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops(number):
    running = Server("--limits", "off")
    idle = socket.create_connection(("127.0.0.1", running.port))
    assert running.raw.request("GET", "/_penstock/health").status == 200
    running.process.send_signal(number)
    assert running.process.wait(timeout=30) == 0
    with contextlib.suppress(ConnectionResetError):  # Of a loop that had not come to accept it.
        assert idle.recv(1000) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        running.raw.request("GET", "/_penstock/health")


@evidence("own", "nothing new is taken on any loop while what is half sent is waited for on all of them")
def test_all_loops_stop_at_once():
    running = Server("--limits", "off", "--loops", "2")
    head = (b"POST /_penstock/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
            b"Expect: 100-continue\r\n\r\n")
    # The system spreads connections over the loops: of 24 each loop gets some.
    idle, half_sent = ([socket.create_connection(("127.0.0.1", running.port), timeout=60) for _ in range(24)]
                       for _ in range(2))
    try:
        for connection in half_sent:
            connection.sendall(head)
        for connection in half_sent:
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n", "its head is read"
        running.process.terminate()
        for connection in idle:
            assert connection.recv(1000) == b"", "closed by the stop of its loop"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port))
        for number, connection in enumerate(half_sent):
            connection.sendall(b"body")
            assert connection.recv(1000).startswith(b"HTTP/1.1 404"), f"half sent {number} is answered"
        assert running.process.wait(timeout=60) == 0
    finally:
        for connection in idle + half_sent:
            connection.close()
        running.process.kill()


@evidence("own", "requests in progress end before the server does")
def test_an_invocation_in_progress_ends_before_the_server(name, remotes, background):
    begun, may_end = threading.Event(), threading.Event()

    def slow(event, call):
        if call == 1:
            begun.set()
            assert may_end.wait(60)
        return {"finished": event}
    running = Server("--limits", "off", "--function.stop-grace-s", "60")
    create_remote(running, name, remotes.add(name, slow))
    call = background.submit(running.functions.invoke, FunctionName=name, Payload=b'"work"')
    assert begun.wait(60)
    running.process.terminate()
    # While it stops it takes nothing new, and the one in progress is still awaited.
    until(lambda: refuses_to_invoke(running, name))
    assert running.process.poll() is None and not call.done()
    may_end.set()
    assert json.loads(call.result()["Payload"].read()) == {"finished": "work"}
    assert running.process.wait(timeout=30) == 0


def refuses_to_invoke(server, name):
    try:
        return server.raw.rest("POST", f"/2015-03-31/functions/{name}/invocations", {}).status >= 500
    except OSError:
        return True


@evidence("own", "function.stop_grace_s: then they are ended")
def test_an_invocation_that_does_not_end_is_ended(name, remotes, background):
    begun, may_end = threading.Event(), threading.Event()

    def endless(event, call):
        begun.set()
        may_end.wait(60)
    running = Server("--limits", "off", "--function.stop-grace-s", "0")
    create_remote(running, name, remotes.add(name, endless))
    call = background.submit(running.raw.rest, "POST", f"/2015-03-31/functions/{name}/invocations", {})
    assert begun.wait(60)
    running.stop()
    assert call.result().status >= 500
    may_end.set()


@evidence("own", "a long poll in progress ends empty")
def test_a_long_poll_in_progress_ends(name, background):
    running = Server("--limits", "off")
    url = running.sqs.create_queue(QueueName=name)["QueueUrl"]
    poll = background.submit(running.raw.request, "POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage", **signed("sqs")})
    for _ in range(20):
        running.now_ms()
    running.stop()
    try:
        reply = poll.result()
    except OSError:
        return  # It had not been read when the server stopped: then it was not answered, either.
    assert (reply.status, reply.json()) == (200, {})


@evidence("own", "what was acknowledged before the stop was put; what was not acknowledged may be told by the client")
def test_puts_in_progress_are_answered_or_cut_off(name, background):
    running = Server("--limits", "off")
    running.kinesis.create_stream(StreamName=name, ShardCount=2)
    body = json.dumps({"StreamName": name, "Records": [
        {"Data": "YQ==", "PartitionKey": str(number)} for number in range(100)]})
    ended = threading.Event()

    def put_until_it_ends():
        replies = []
        while not ended.is_set():
            try:
                replies.append(running.raw.kinesis("PutRecords", body))
            except OSError:
                return replies
            except Exception as broken:  # http.client: an answer that breaks off has no status line
                assert "Remote end closed connection" in str(broken) or "BadStatusLine" in repr(broken), repr(broken)
                return replies
            counts.append(1)
        return replies
    counts = []
    producers = [background.submit(put_until_it_ends) for _ in range(4)]
    until(lambda: len(counts) > 20)
    running.stop()
    ended.set()
    for producer in producers:
        for reply in producer.result():
            assert reply.status in (200, 500, 503), reply
            if reply.status == 200:
                assert len(reply.json()["Records"]) == 100


# --- settings, clock, help --------------------------------------------------------------------------------


@evidence("own", "every setting with its default, meaning, flag and environment")
def test_the_settings_are_printed():
    done = run(None, "settings")
    assert done.code == 0
    names = [line.split()[0] for line in done.lines() if line and not line.startswith(" ")]
    assert names[:4] == ["data", "listen", "durability", "limits"] and "mapping.retry_pause_ms" in names
    assert re.search(r"^function\.idle_s +300 s$", done.out, re.MULTILINE)
    assert re.search(r"^data +\(none\)$", done.out, re.MULTILINE)
    assert "--function.idle-s, PENSTOCK_FUNCTION_IDLE_S" in done.out
    shown = run(None, "serve", "--help")
    assert shown.code == 0
    for name in names:
        assert f"--{name.replace('_', '-')}" in shown.out, name


@evidence("own", "the clock is shown and advanced")
def test_the_clock_is_shown_and_advanced(server):
    offset = server.raw.request("GET", "/_penstock/clock").json()["offset_ms"]
    done = run(server, "clock")
    assert done.code == 0
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ, {offset // 1000} s ahead of the wall clock\n", done.out)
    for by, milliseconds in (("250ms", 250), ("90s", 90_000), ("15m", 900_000), ("2h", 2 * HOUR), ("1d", 24 * HOUR)):
        assert run(server, "clock", "advance", by).code == 0
        offset += milliseconds
        assert server.raw.request("GET", "/_penstock/clock").json()["offset_ms"] == offset, by


@evidence("own", "never back, only with --dev")
def test_an_advance_that_cannot_be(server):
    for bad in ("soon", "1", "h", "1.5h", "1w"):
        done = run(server, "clock", "advance", bad)
        assert (done.code, done.err) == (
            2, f'penstock: "{bad}" is not a duration; write 250ms, 90s, 15m, 24h or 7d\n'), bad
    assert run(server, "clock", "advance", "--", "-1h").code == 2
    done = run(server, "clock", "advance", "401d")
    assert done.code == 1 and done.err.startswith("penstock: ValidationException: ")
    plain = Server("--limits", "off", dev=False)
    try:
        done = run(plain, "clock", "advance", "1h")
        assert (done.code, done.err) == (
            1, "penstock: Forbidden: the clock of this server cannot be advanced; start it with --dev\n")
        assert run(plain, "clock").out.endswith(", 0 s ahead of the wall clock\n")
    finally:
        plain.stop()


@evidence("own", "help names every command; an unknown one is a usage error")
def test_the_help():
    done = run(None, "--help")
    assert done.code == 0
    for command in ("serve", "settings", "demo", "put", "tail", "function", "mapping", "audit", "clock", "keys"):
        assert re.search(rf"^ +{command} ", done.out, re.MULTILINE), command
    assert run(None).code == 2
    assert run(None, "dance").code == 2
    assert run(None, "audit", "--loud").code == 2
