"""README.md's "five minutes", run as a reader would: every command and the program, in order, on one fresh server.

What is changed for the test: the address, since tests take any free port, and the folder under /tmp. The server is the
one of the README's own line, with --dev for the clock.
"""

import os
import shlex
import subprocess
import sys

import pytest

import stand

README = (stand.ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:4566"
FOLDER = "/tmp/hello"
PROGRAM = "build/release/penstock"


def blocks(heading):
    """The code blocks below a heading, up to the next heading of any level."""
    found, inside, below = [], False, False
    for line in README.splitlines():
        if line.startswith("```"):
            inside = not inside
            if inside and below:
                found.append("")
        elif inside and below:
            found[-1] += line + "\n"
        elif not inside and line.startswith("#"):
            below = line == heading
    return found


class Reader:
    """Somebody at a shell with the README beside it."""

    def __init__(self, folder, server, aws):
        self.folder = folder
        self.server = server
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = kept | {
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": server.url,
            "PATH": ":".join([os.path.dirname(stand.BINARY), os.path.dirname(aws), os.environ["PATH"]])}

    def adapted(self, text):
        return text.replace(ADDRESS, self.server.url).replace(FOLDER, str(self.folder)).replace(PROGRAM, stand.BINARY)

    def run(self, *command):
        done = subprocess.run(command, cwd=self.folder.parent, env=self.environment, capture_output=True, text=True,
                              timeout=100)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, commands):
        """What the commands print; the first that fails ends the test. Aliases work, as they do at a prompt."""
        return self.run("bash", "-euo", "pipefail", "-O", "expand_aliases", "-c", self.adapted(commands))

    def program(self, source):
        return self.run(sys.executable, "-c", self.adapted(source))

    def log_shows(self, line, function, times=1):
        def shown():
            return self.shell(f"{PROGRAM} function logs {function}").count(line) >= times
        stand.until(shown)


def serve_line():
    """The README's command for the server, and that it is started where the README's clients look."""
    build = blocks("## Five minutes to a working stream and function")[0]
    [line] = [line for line in build.splitlines() if " serve" in line]
    assert line.startswith(PROGRAM + " serve ")
    return shlex.split(line)[2:]


@pytest.fixture(params=stand.AWS_CLIS or [None])
def reader(request, tmp_path):
    if request.param is None:
        pytest.skip("the AWS CLI is missing (aws is neither in /usr/bin nor on the PATH)")
    (tmp_path / "start").mkdir()
    arguments = [str(tmp_path / "start" / "data") if word == "./data" else word for word in serve_line()]
    server = stand.Server("--dev", *arguments, has_keys=False)
    yield Reader(tmp_path / "hello", server, stand.AWS_CLIS[request.param])
    server.stop()


def test_five_minutes(reader):
    _, write_function = blocks("## Five minutes to a working stream and function")
    reader.shell(write_function)
    assert (reader.folder / "app.py").exists()

    [commands] = blocks("### With the AWS CLI")
    reader.shell(commands)
    reader.log_shows("got first order", "hello")

    [program] = blocks("### With boto3")
    reader.program(program)
    reader.log_shows("got hi", "greet", times=10)

    exports = "\n".join(line for line in commands.splitlines() if line.startswith(("export ", "alias ")))
    (reader.folder.parent / "lines.ndjson").write_text(
        "".join(f'{{"customer":"c{n}","order":{n}}}\n' for n in range(20)))
    [own] = blocks("### With penstock itself")
    for command in own.splitlines():
        if command.startswith("penstock tail "):
            # It goes on for ever; here it ends with what is stored.
            said = reader.shell(command.split("#")[0] + " --no-follow")
            assert sorted(said.splitlines()) == sorted(
                ["first order", *(reader.folder.parent / "lines.ndjson").read_text().splitlines()])
            continue
        if command.startswith("penstock clock "):
            # A day later the records have expired: first let the function have them.
            reader.log_shows('got {"customer":"c19","order":19}', "hello")
            reader.log_shows("got hi", "hello", times=10)
        reader.shell(f"{exports}\n{command}")
    assert "31 stored, 0 pending, 0 lost" in reader.shell("penstock audit --fail-on-loss")
