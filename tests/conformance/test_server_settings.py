"""Settings reach the server by flag, file and environment; what is wrong is refused before it starts."""

import os
import subprocess

import pytest
from conftest import BINARY, evidence

OURS = evidence("own", "docs/operating.md, Settings")


def ready_line(*arguments, environment=None):
    """Starts a server, reads what it says of itself, and stops it."""
    process = subprocess.Popen(
        [BINARY, "serve", "--listen", "127.0.0.1:0", *arguments],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    try:
        return process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


def refusal(*arguments, environment=None):
    """What a server that does not start says; usage errors end with 2."""
    result = subprocess.run(
        [BINARY, "serve", *([] if "--listen" in arguments else ["--listen", "127.0.0.1:0"]), *arguments],
        capture_output=True, text=True, timeout=30, env={**os.environ, **(environment or {})})
    assert (result.returncode, result.stdout) == (2, "")
    return result.stderr


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "penstock.conf"
        path.write_text(text)
        return "--config", str(path)

    return write


@OURS
def test_a_line_of_the_file_sets(file):
    assert " limits=off " in ready_line(*file("# as in CI\nlimits = off\n"))


@OURS
def test_a_flag_wins_over_both(file):
    said = ready_line(*file("limits = off\n"), "--limits", "aws", environment={"PENSTOCK_LIMITS": "off"})
    assert " limits=aws " in said


@OURS
@pytest.mark.parametrize("line", ["function.idle_s = 0", "function.idle-s = 0"])
def test_a_setting_of_a_part_is_read_from_the_file(file, line):
    assert refusal(*file(line + "\n")) == "penstock: --function.idle-s is 0; it must be in 1..86400\n"


@OURS
@pytest.mark.parametrize("line", ["limit = off", "function.idles = 1"])
def test_a_line_that_sets_nothing_is_refused(file, line):
    assert line.split(" ")[0] in refusal(*file(line + "\n"))


@OURS
@pytest.mark.parametrize("arguments,said", [
    (["--durability", "tape"], 'penstock: --durability is "tape"; it must be one of sync|os|memory\n'),
    (["--memory", "1MiB"], "penstock: --memory must be at least 64MiB\n"),
    (["--memory", "much"], 'penstock: --memory: "much" is not a size; write 512MiB or 1GiB\n'),
])
def test_a_value_out_of_bounds_is_named(arguments, said):
    assert refusal(*arguments) == said


@OURS
@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:4566", "[::]:0"])
def test_an_address_others_could_reach_is_refused(address):
    assert "is reachable from other machines" in refusal("--listen", address)


@OURS
def test_a_setting_by_environment_has_the_name_the_table_prints():
    printed = subprocess.run([BINARY, "settings"], check=True, capture_output=True, text=True).stdout
    assert "--function.idle-s, PENSTOCK_FUNCTION_IDLE_S\n" in printed
    assert refusal(environment={"PENSTOCK_FUNCTION_IDLE_S": "0"}).startswith("penstock: --function.idle-s is 0;")
