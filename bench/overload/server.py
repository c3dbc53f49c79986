"""A server to be overloaded, and what the kernel says of it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from calls import Calls  # noqa: E402 (the folder above is not a package)

PAGE = 4096


class Server:
    def __init__(self, options, memory, *more, disk=True):
        self.folder = None
        arguments = ["--listen", "127.0.0.1:0", "--limits", "off", "--log", "off", "--memory", memory, *more]
        if disk:
            options.data.mkdir(parents=True, exist_ok=True)
            self.folder = tempfile.mkdtemp(prefix="overload-", dir=options.data)
            arguments += ["--data", self.folder]
        self.process = subprocess.Popen([options.binary, "serve", *arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "http://127.0.0.1:" not in line:
            raise SystemExit(f"bench: the server did not start: {line!r}")
        self.port = int(line.split("http://127.0.0.1:")[1].split()[0])
        self.calls = Calls(self.port)
        self._peak, self._watching = 0, True
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watching = False
        self._watch.join()
        self.process.terminate()
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "no end within 60 s"
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if code != 0:
            raise SystemExit(f"bench: the server ended with {code}")

    def _status(self):
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return {name: int(fields[name].split()[0]) for name in ("VmHWM", "RssAnon", "RssFile", "RssShmem")}

    def anonymous_kib(self):
        return self._status()["RssAnon"]

    def _look(self):
        """Samples; peaks between samples are in VmHWM."""
        while self._watching:
            try:
                self._peak = max(self._peak, self.anonymous_kib())
            except (OSError, KeyError):
                return
            time.sleep(0.02)

    def peak_kib(self):
        """The most anonymous memory so far: the high-water mark of everything, less the file's pages now."""
        now = self._status()
        return max(self._peak, now["VmHWM"] - now["RssFile"] - now["RssShmem"])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_alive(self):
        return self.process.poll() is None


def socket_memory_kib():
    """What the kernel counts as buffers of TCP sockets on this machine, both ends."""
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split("mem ")[1].split()[0]) * PAGE // 1024
    return 0
