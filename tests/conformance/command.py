"""The command line against a server of the tests, as a user would type it.

    run(server, "put", "orders", "--file", "-", stdin="one\\n")   # -> Done(code, out, err)
    with started(server, "tail", "orders") as tail:
        tail.line()                                               # the next line it prints
"""

import contextlib
import os
import queue
import subprocess
import threading
from dataclasses import dataclass

from conftest import BINARY, REGION

TIMEOUT_S = 60


def environment(server=None, **more):
    """No AWS_ variable and no credentials file of whoever runs the tests reach the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PENSTOCK_"))}
    clean["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
    if server is not None:
        clean |= {"AWS_ENDPOINT_URL": server.url, "AWS_REGION": REGION}
    return clean | more


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def lines(self):
        return self.out.splitlines()


def run(server, *arguments, stdin="", **variables):
    ended = subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                           timeout=TIMEOUT_S, env=environment(server, **variables))
    return Done(ended.returncode, ended.stdout, ended.stderr)


class Running:
    def __init__(self, process):
        self.process = process
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def line(self):
        return self._lines.get(timeout=TIMEOUT_S)

    def lines(self, count):
        return [self.line() for _ in range(count)]

    def write(self, text):
        """Into its standard input, which stays open until `close`."""
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()

    def wait(self):
        return self.process.wait(timeout=TIMEOUT_S)


@contextlib.contextmanager
def started(server, *arguments, stdin=subprocess.DEVNULL, stderr=None):
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                               stdin=stdin, stderr=stderr, env=environment(server))
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
