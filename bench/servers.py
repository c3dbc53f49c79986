"""The servers that are measured, each on its core: Penstock, its peers, the bare HTTP loop."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from calls import Calls

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
PEERS = ROOT / "build" / "peers"
MEMORY_DEFAULT = 512 << 20  # Of a server with --durability sync; penstock settings has it.


class Unavailable(Exception):
    """Why something is not measured, in a sentence."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """Of all threads that live, to the nanosecond."""
    return sum(int(task.read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def status_bytes(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    return 0


class MemoryWatch:
    """The most anonymous memory a process had, looked at five times a second."""

    def __init__(self, pid):
        self.pid = pid
        self.anonymous_max = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ended.wait(0.2):
            with contextlib.suppress(OSError):
                self.anonymous_max = max(self.anonymous_max, status_bytes(self.pid, "RssAnon"))

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.anonymous_max


class Server:
    """A process on a core that answers at `port`. Subclasses start it."""
    name = ""
    durability = "memory"
    is_verified = False

    def __init__(self, options):
        self.options = options
        self.key = ("test", "test")
        self.process = None
        self.port = 0

    def start(self, command, cores=None, **streams):
        cores = cores or str(self.options.server_core)
        self.process = subprocess.Popen(["taskset", "-c", cores, *map(str, command)], **streams)

    @property
    def pid(self):
        return self.process.pid

    @property
    def calls(self):
        return Calls(self.port, self.key)

    def load(self, work, *arguments):
        """Figures of bench/load against this server, with the memory it took meanwhile."""
        options = self.options
        command = ["taskset", "-c", str(options.load_core), str(BUILD / "penstock_load"), work,
                   "--port", str(self.port), *map(str, arguments)]
        keys = {"AWS_ACCESS_KEY_ID": self.key[0], "AWS_SECRET_ACCESS_KEY": self.key[1]}
        watch = MemoryWatch(self.pid)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, env={**os.environ, **keys})
        anonymous_max = watch.stop()
        if done.returncode != 0:
            raise Unavailable(f"{self.name}, {work}: {done.stderr.strip()[:400]}")
        figures = json.loads(done.stdout)
        figures["anonymous_max"] = anonymous_max
        return figures

    def wait_until_it_listens(self):
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise Unavailable(f"{self.name} does not listen")

    def stop(self):
        self.process.kill()
        self.process.wait()


@dataclasses.dataclass
class Setup:
    """How a Penstock is started. Durable and verifying unless said otherwise."""
    durability: str = "sync"
    verify: bool = True
    limits: str = "off"
    loops: int = 1
    memory: str = ""  # Empty: the default.
    cores: str = ""   # Empty: the server's.
    tls: bool = False


class Penstock(Server):
    name = "Penstock"

    def __init__(self, options, setup=Setup(), folder=None):
        super().__init__(options)
        self.setup = setup
        self.durability = setup.durability
        self.is_verified = setup.verify and options.can_verify
        self.folder = folder
        self.keys = None
        if self.folder is None and setup.durability != "memory":
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=options.data))
        if self.is_verified:
            self.keys = pathlib.Path(tempfile.mkdtemp(prefix="keys-", dir=options.data)) / "keys"
            self._make_key()
        try:
            self.ready_seconds = self._start()
        except BaseException:
            self.remove()
            raise

    def _make_key(self):
        done = subprocess.run([str(self.options.penstock), "keys", "add", "--keys", str(self.keys),
                               "--json"], stdout=subprocess.PIPE, text=True, check=True)
        key = json.loads(done.stdout)
        self.key = (key["AccessKeyId"], key["SecretAccessKey"])

    def _start(self):
        """Seconds from just before exec to the ready line."""
        setup = self.setup
        arguments = ["serve", "--listen", "127.0.0.1:0", "--limits", setup.limits, "--loops",
                     setup.loops, "--log", "warn", "--durability", setup.durability]
        if self.folder is not None:
            arguments += ["--data", self.folder]
        if setup.memory:
            arguments += ["--memory", setup.memory]
        if setup.tls:
            arguments += ["--tls", "self-signed"]
        if self.is_verified:
            arguments += ["--auth", "on", "--keys", self.keys]
        else:
            arguments += ["--auth", "off"]
        begun = time.perf_counter()
        self.start([self.options.penstock, *arguments], setup.cores or None,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready_line = self.process.stdout.readline()
        elapsed = time.perf_counter() - begun
        if f"durability={setup.durability}" not in ready_line:
            error = self.process.communicate()[1].strip()
            raise Unavailable(error.splitlines()[-1] if error else "Penstock ended without a word")
        auth = "on" if self.is_verified else "off"
        if f" auth={auth}" not in ready_line:
            raise Unavailable(f"Penstock was to start with auth={auth}: {ready_line.strip()}")
        self.port = int(ready_line.split("://127.0.0.1:")[1].split()[0])
        return elapsed

    def end(self):
        """As an operator would, and the folder stays."""
        self.process.send_signal(signal.SIGTERM)
        errors = self.process.communicate(timeout=120)[1]
        if self.process.returncode != 0 or errors:
            raise SystemExit(f"bench: the server ended with {self.process.returncode}: {errors}")

    def start_again(self, is_killed):
        """Seconds from exec to the ready line of the next server on the same folder, nothing of it cached."""
        if is_killed:
            super().stop()
        else:
            self.end()
        drop_cached(self.folder)
        return self._start()

    def stop(self):
        try:
            self.end()
            if self.folder is not None and not any(path.is_file() for path in self.folder.rglob("*")):
                raise Unavailable("the server wrote nothing into its data folder")
        finally:
            self.process.kill()
            self.remove()

    def remove(self):
        if self.keys is not None:
            shutil.rmtree(self.keys.parent, ignore_errors=True)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.sync()  # What the disk still does for the files belongs to nobody else's figures.


class Ferrokinesis(Server):
    name = "ferrokinesis"

    def __init__(self, options):
        super().__init__(options)
        program = PEERS / "bin" / "ferrokinesis"
        if not program.exists():
            raise Unavailable("ferrokinesis is not installed; bench/peers does")
        self.port = free_port()
        # Its limits are off unless --enforce-limits is given; it keeps everything in memory.
        self.start([program, "--port", self.port, "--create-stream-ms", 0, "--shard-limit", 5000,
                    "--log-level", "off"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_it_listens()


class Kinesalite(Server):
    name = "kinesalite"

    def __init__(self, options):
        super().__init__(options)
        program = PEERS / "node_modules" / ".bin" / "kinesalite"
        if not program.exists() or shutil.which("node") is None:
            raise Unavailable("kinesalite is not installed; bench/peers does")
        self.port = free_port()
        # It has no limits of throughput; without --path everything is in memory.
        self.start(["node", program, "--port", self.port, "--createStreamMs", 0, "--shardLimit",
                    5000], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_it_listens()


class HttpFloor(Server):
    """The bare HTTP loop, with replies as long as those of a row."""
    name = "bare HTTP loop"

    def __init__(self, options, *shape):
        super().__init__(options)
        self.start([BUILD / "bench" / "http_floor", *shape], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])


@contextlib.contextmanager
def serving(server):
    """Stops it in the end; kills it when what was measured failed."""
    try:
        yield server
    except BaseException:
        server.process.kill()
        if isinstance(server, Penstock):
            server.remove()
        raise
    server.stop()


# --- The disk by itself -----------------------------------------------------------------------

def drop_cached(folder):
    """Leaves nothing of a folder's files in the page cache."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def disk_floor(options, *arguments):
    done = subprocess.run(["taskset", "-c", str(options.server_core),
                           str(BUILD / "bench" / "disk_floor"), *map(str, arguments)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
