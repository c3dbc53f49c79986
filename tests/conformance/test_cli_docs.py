"""docs/cli.md shows what the commands print: they are run in order on a fresh server, and must still print it.

Numbers, times and how busy a shard is differ from run to run; everything else must be there, word for word.
"""

import re
import shlex
import subprocess

from command import BINARY, TIMEOUT_S, environment
from conftest import ROOT, Server, evidence

PAGE = ROOT / "docs" / "cli.md"


def examples():
    """(command, what it prints) in the order of the page."""
    found, inside = [], False
    for line in PAGE.read_text().splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside and line.startswith("$ "):
            found.append((line[2:], []))
        elif inside:
            found[-1][1].append(line)
    return found


def comparable(lines):
    """Without what may differ: numbers, bars, the rows of busy shards and how wide columns are."""
    kept = [line for line in lines if not set("│█░") & set(line) and not line.startswith(("shard  keys", "──"))]
    return [re.sub(r"\s+", " ", re.sub(r"[0-9][0-9,.]*", "9", re.sub("─+", "─", line))).strip() for line in kept]


def words(command):
    program, *arguments = shlex.split(command)
    assert program == "penstock", command
    return [BINARY, *arguments]


@evidence("own", "every example of the page")
def test_the_page_of_the_command_line(tmp_path):
    (tmp_path / "lines.ndjson").write_text("".join(f'{{"customer":"c{n}","n":{n}}}\n' for n in range(200)))
    server = Server()
    try:
        for command, shown in examples():
            done = subprocess.run(words(command), cwd=tmp_path, env=environment(server), text=True, timeout=TIMEOUT_S,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            assert comparable(done.stdout.splitlines()) == comparable(shown), f"{command}\n{done.stdout}"
    finally:
        server.stop()
