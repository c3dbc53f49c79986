"""The rows of the table: what is measured, beside what, and which figure is wanted.

A row's run() gives report.Line objects, one for each line of the table, and hands every single
measurement to `note`, so that nothing behind a ratio is hidden.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

import servers
from report import Line, number
from servers import BUILD, ROOT, Penstock, Setup, Unavailable, disk_floor, serving

GIB = 1 << 30
ROOM = 8 * GIB          # Of the disk, left to others.
PEER_PAYLOAD = 2 * GIB  # Peers keep all of it, and several times over.
PEER_SECONDS = 20


def payload_max(options):
    """What a durable run may put: it is stored once, beside the journal."""
    free = shutil.disk_usage(options.data).free
    if free < ROOM + GIB:
        raise Unavailable(f"there are only {free / GIB:.0f} GiB free on the disk")
    return free - ROOM


def per_cpu(figures):
    return figures["records"] / figures["server_cpu_s"]


# --- Operations ---------------------------------------------------------------------------------

@dataclasses.dataclass
class Throughput:
    """A closed loop over one operation: Penstock, the peers, the bare HTTP loop."""
    name: str
    work: str
    records: int  # of a request
    data_bytes: int
    connections: int
    goal: float   # times ferrokinesis, in records a server-CPU-second
    shards: int = 4
    fill: int = 0

    def run(self, options, note):
        floor = self._measure(options, note, servers.HttpFloor(options, *self._floor_shape()), 2)
        durable = self._measure(options, note, Penstock(options), options.seconds, options.profile)
        with contextlib.suppress(Unavailable):
            self._measure(options, note, Penstock(
                options, Setup(durability="memory", verify=False, memory="12GiB")),
                min(options.seconds, 10))
        peers = {}
        for peer in (servers.Ferrokinesis, servers.Kinesalite):
            if not options.peers:
                continue
            try:
                peers[peer.name] = self._measure(options, note, peer(options),
                                                 min(options.seconds, PEER_SECONDS))
            except Unavailable as error:
                note.missing(peer.name, str(error))
        ratios = {name: per_cpu(durable) / per_cpu(figures) for name, figures in peers.items()}
        best = ratios.get("ferrokinesis")
        megabytes = per_cpu(durable) * self.data_bytes / 1e6
        return [Line(
            work=self.name, goal=f"≥ {self.goal:g} x ferrokinesis",
            reached=f"{number(per_cpu(durable))} records ({number(megabytes)} MB) a CPU-second",
            is_met=None if best is None else best >= self.goal,
            ferrokinesis=best, kinesalite=ratios.get("kinesalite"),
            floor=per_cpu(durable) / per_cpu(floor),
            floor_meaning=f"bare HTTP loop, same bytes: {number(per_cpu(floor))} a CPU-second",
            basis=note.basis(durable))]

    def _floor_shape(self):
        if self.work == "put-record":
            return ()
        return (self.records,) if self.work == "put-records" else (self.records, self.data_bytes)

    def _measure(self, options, note, server, seconds, profile=None):
        with serving(server):
            is_floor = isinstance(server, servers.HttpFloor)
            if not is_floor:
                server.calls.create_stream("load", self.shards)
                if self.fill:
                    server.load("fill", "--records", self.fill, "--bytes", self.data_bytes)
            if self.fill or is_floor:
                cap = 1 << 62
            elif server.durability == "sync":
                cap = payload_max(options)
            else:
                cap = 6 * GIB if isinstance(server, Penstock) else PEER_PAYLOAD
            with profiling(server, profile, self.name, seconds):
                figures = server.load(self.work, "--pid", server.pid, "--connections",
                                      self.connections, "--records", self.records, "--bytes",
                                      self.data_bytes, "--seconds", seconds,
                                      "--payload-bytes-max", cap)
            note.measured(self.name, server, figures, self.data_bytes)
        return figures


@contextlib.contextmanager
def profiling(server, folder, name, seconds):
    """With --profile: where the server's CPU time goes, in FOLDER/<row>.txt."""
    if folder is None:
        yield
        return
    if shutil.which("perf") is None:
        raise SystemExit("bench: --profile needs perf")
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    recording = subprocess.Popen(
        ["perf", "record", "-q", "-F", "999", "-g", "-p", str(server.pid), "-o", f"{base}.data",
         "--", "sleep", str(min(seconds, 10))],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    recording.wait()
    pathlib.Path(f"{base}.txt").write_text(symbols_of(f"{base}.data"))


def symbols_of(recorded):
    """Shares of threads, then of functions, a line each."""
    lines = []
    for fields in ("overhead,comm", "overhead,comm,dso,symbol"):
        lines += subprocess.run(
            ["perf", "report", "--no-children", "-g", "none", "--percent-limit", "0.3", "--stdio",
             "-F", fields, "-i", str(recorded)], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, check=False).stdout.splitlines()
    return "\n".join(line.rstrip() for line in lines if line and line[0] != "#") + "\n"


# --- Reading from disk ----------------------------------------------------------------------------

@dataclasses.dataclass
class CatchUp:
    """Shards read from their horizon to their end after a restart, nothing of the files cached."""
    name: str = "GetRecords from segments, cold cache, catch-up, 1,000 B"
    data_bytes: int = 1000

    def run(self, options, note):
        records = (4_000_000 if options.seconds >= 20 else 1_000_000)
        lines = []
        for connections in (4, 1):
            with serving(Penstock(options)) as server:
                server.calls.create_stream("load", connections)
                server.load("fill", "--records", records, "--bytes", self.data_bytes,
                            "--connections", 8)
                server.start_again(is_killed=False)
                files = sorted(server.folder.glob("segments/*"))
                before = self._floor(options, server, files)
                read_before = read_bytes(server.pid)
                figures = server.load("catch-up", "--pid", server.pid, "--connections",
                                      connections, "--records", 10_000, "--bytes",
                                      self.data_bytes, "--seconds", 600)
                from_disk = read_bytes(server.pid) - read_before
                after = self._floor(options, server, files)
                if figures["records"] != records:
                    raise SystemExit(f"bench: {figures['records']} of {records} records came back")
                note.measured(f"{self.name}, {connections} shards", server, figures,
                              self.data_bytes)
            rate = records * self.data_bytes / figures["seconds"]
            floor = statistics.mean((before, after))
            lines.append(Line(
                work=f"{self.name}, {connections} shard{'s' if connections > 1 else ''}",
                goal="≥ 50 % of the disk's pread rate", is_met=rate >= floor / 2,
                reached=f"{number(rate / 1e6)} MB/s, {number(per_cpu(figures))} records a CPU-second",
                floor=rate / floor,
                floor_meaning=f"pread of 1 MiB, same files, cold: {number(floor / 1e6)} MB/s",
                basis=note.basis(figures) + f"; {from_disk / GIB:.2f} GiB came from the disk"))
        return lines

    @staticmethod
    def _floor(options, server, files):
        """Bytes a second."""
        servers.drop_cached(server.folder)
        figures = disk_floor(options, "read", *files)
        servers.drop_cached(server.folder)
        return figures["bytes"] / figures["seconds"]


def read_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("read_bytes:"):
            return int(line.split()[1])
    return 0


# --- Latencies ------------------------------------------------------------------------------------

@dataclasses.dataclass
class OnePut:
    name: str = "PutRecord 100 B, one connection, p50"

    def run(self, options, note):
        floors = [disk_floor(options, "write", options.data)["p50_us"]]
        with serving(Penstock(options)) as server:
            server.calls.create_stream("load", 4)
            figures = server.load("put-record", "--pid", server.pid, "--connections", 1, "--bytes",
                                  100, "--seconds", options.seconds)
            note.measured(self.name, server, figures, 100)
        floors.append(disk_floor(options, "write", options.data)["p50_us"])
        floor = statistics.mean(floors)
        return [Line(work=self.name, goal="≤ 2.5 x the disk's own 4 KB durable write",
                     reached=f"{number(figures['p50_us'])} us, p99 {number(figures['p99_us'])} us",
                     is_met=figures["p50_us"] <= 2.5 * floor, floor=figures["p50_us"] / floor,
                     floor_meaning=f"4 KB, O_DIRECT + RWF_DSYNC, recycled file: {number(floor)} us",
                     basis=note.basis(figures))]


@dataclasses.dataclass
class Delivery:
    """From a put's first byte until the function of a mapping has seen the record."""
    runtime: str
    goal_ms: tuple
    durabilities = ("sync", "memory")

    @property
    def name(self):
        return f"put → mapping → function done, {language(self.runtime)}, p50 / p99"

    def run(self, options, note):
        samples = int(min(3000, max(300, options.seconds * 50)))
        lines = []
        for durability in self.durabilities:
            with serving(Penstock(options, Setup(durability=durability))) as server:
                server.calls.create_function("bench", self.runtime, package(self.runtime))
                server.calls.create_stream("load", 1)
                server.calls.create_mapping("load", "bench")
                figures = server.load("deliver", "--samples", samples)
                note.latency(self.name, server, figures)
            p50, p99 = figures["p50_us"] / 1e3, figures["p99_us"] / 1e3
            lines.append(Line(
                work=self.name + ("" if durability == "sync" else ", memory"),
                goal="≤ {:g} / {:g} ms".format(*self.goal_ms) if durability == "sync" else "",
                reached=f"{p50:.2f} / {p99:.2f} ms (put answered: "
                        f"{figures['put_p50_us'] / 1e3:.2f} / {figures['put_p99_us'] / 1e3:.2f})",
                is_met=p50 <= self.goal_ms[0] and p99 <= self.goal_ms[1]
                if durability == "sync" else None,
                basis=f"{durability}, {note.signature(server)}, {samples} puts of 100 B, window 0"))
        return lines


@dataclasses.dataclass
class FanOut:
    """From a put's acknowledgement until the frame has reached each of ten subscriptions to its shard."""
    idle: int = 0  # More subscriptions, to shards where nothing happens.
    goal_ms: float = 2
    readers = 10

    @property
    def name(self):
        return f"acknowledged → frame, {self.readers} subscriptions" + (f" and {self.idle} idle ones" if self.idle else "") + ", p50"

    def run(self, options, note):
        samples = int(min(3000, max(300, options.seconds * 50)))
        with serving(Penstock(options)) as server:
            server.calls.create_stream("load", 1)
            server.calls.create_stream("idle", max(1, self.idle // self.readers))
            figures = server.load("fan-out", "--samples", samples, "--readers", self.readers, "--idle-stream", "idle",
                                  "--idle-shards", self.idle // self.readers)
            note.latency(self.name, server, figures)
            basis = f"sync, {note.signature(server)}, {samples} puts of 100 B, one shard, HTTP/1.1"
        p50, p99 = figures["p50_us"] / 1e3, figures["p99_us"] / 1e3
        return [Line(
            work=self.name, goal=f"≤ {self.goal_ms:g} ms",
            reached=f"{p50:.2f} ms, p99 {p99:.2f} (from the put's first byte {figures['whole_p50_us'] / 1e3:.2f}, put "
                    f"answered {figures['put_p50_us'] / 1e3:.2f})",
            is_met=p50 <= self.goal_ms, basis=basis)]


@dataclasses.dataclass
class Invocation:
    """Invoke, and the same function on the bare Runtime API."""
    runtime: str
    goal: float = 1.3

    @property
    def name(self):
        return f"Invoke, {language(self.runtime)}, p50"

    def run(self, options, note):
        seconds = min(options.seconds, 10)
        with serving(servers.HttpFloor(options)) as bare:
            http = bare.load("put-record", "--pid", bare.pid, "--connections", 1, "--bytes", 100,
                             "--seconds", 2)["p50_us"]
        loop = self._bare_loop(options, options.server_core)
        apart = self._bare_loop(options, options.load_core)
        with serving(Penstock(options)) as server:
            server.calls.create_function("bench", self.runtime, package(self.runtime))
            figures = server.load("invoke", "--function", "bench", "--pid", server.pid, "--bytes",
                                  256, "--connections", 1, "--seconds", seconds)
            note.measured(self.name, server, figures, 256)
        floor = loop + http
        return [Line(
            work=self.name, goal=f"≤ {self.goal:g} x the bare Runtime API loop behind the bare HTTP loop",
            reached=f"{number(figures['p50_us'])} us, p99 {number(figures['p99_us'])} us",
            is_met=figures["p50_us"] <= self.goal * floor, floor=figures["p50_us"] / floor,
            floor_meaning=f"Runtime API loop and function on the server's core, {number(loop)} us (on "
                          f"two cores {number(apart)}), and a round trip of the bare HTTP loop, "
                          f"{number(http)} us",
            basis=note.basis(figures))]

    def _bare_loop(self, options, core):
        """p50 of event to answer, us. The function runs on the server's core, the loop on `core`."""
        with tempfile.TemporaryDirectory(dir=options.data) as folder:
            for name, content in package(self.runtime).items():
                path = pathlib.Path(folder) / name
                path.write_bytes(content)
                path.chmod(0o755)
            command = ["/usr/bin/python3", "-s", "-m", "awslambdaric", "app.handler"]
            if not self.runtime.startswith("python"):
                command = [f"{folder}/bootstrap"]
            done = subprocess.run(
                ["taskset", "-c", str(core), str(BUILD / "bench" / "invocation_floor"), "5000",
                 "256", "taskset", "-c", str(options.server_core), *command], cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "runtimes" / "python")},
                stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)["p50_us"]


def language(runtime):
    return "Python" if runtime.startswith("python") else "native"


def package(runtime):
    """The function's files by name; bootstrap may be executed."""
    if runtime.startswith("python"):
        return {"app.py": (ROOT / "bench" / "function" / "app.py").read_bytes()}
    return {"bootstrap": (BUILD / "bench" / "bootstrap").read_bytes()}


# --- Two ways of the same work --------------------------------------------------------------------

@dataclasses.dataclass
class Side:
    """One of two that are compared. Its CPU time includes what the server does behind the puts."""
    server: Penstock
    stream: str
    spoken: dict = dataclasses.field(default_factory=dict)  # Options of the load that it has otherwise.
    records: float = 0
    cpu_s: float = 0
    ratios: list = dataclasses.field(default_factory=list)

    def span(self, load, seconds, cap):
        before = servers.cpu_seconds(self.server.pid)
        work, *rest = load
        flags = dict(zip(rest[::2], rest[1::2])) | self.spoken
        figures = self.server.load(work, *itertools.chain(*flags.items()), "--stream", self.stream,
                                   "--seconds", seconds, "--warm-up", 0, "--payload-bytes-max", cap)
        time.sleep(0.5)
        cpu_s = servers.cpu_seconds(self.server.pid) - before
        self.records += figures["records"]
        self.cpu_s += cpu_s
        return figures["records"] / cpu_s


@dataclasses.dataclass
class Comparison:
    """Spans of the two sides in turn, so that what else the machine does meets both. A full disk ends them early."""
    name: str
    goal: float
    load: tuple
    open: object  # (options, stack) -> the side in question, the one it is measured by
    lock_share: bool = False

    def run(self, options, note):
        rounds = 3 if options.seconds < 20 else 6
        seconds = max(1.0, options.seconds / 6)
        with contextlib.ExitStack() as stack:
            side, other = self.open(options, stack)
            ratios = []
            locks = ""
            for at in range(rounds):
                try:
                    cap = payload_max(options) // 2
                except Unavailable:
                    if at == 0:
                        raise
                    break
                if at == 0 and self.lock_share:
                    locks = "; " + lock_share(side, self.load, seconds, cap)
                base = other.span(self.load, seconds, cap)
                ratios.append(side.span(self.load, seconds, cap) / base)
            reached = (side.records / side.cpu_s) / (other.records / other.cpu_s)
            basis = f"{side.server.durability}, {note.signature(side.server)}, {len(ratios)} x {seconds:g} s each, in turn"
        return [Line(work=self.name, goal=f"≥ {self.goal:.0%}", is_met=reached >= self.goal,
                     reached=f"{reached:.0%} (rounds: {min(ratios):.0%} to {max(ratios):.0%}){locks}",
                     floor_meaning=f"{number(other.records / other.cpu_s)} records a CPU-second",
                     basis=basis)]


PUTS = ("put-records", "--connections", 8, "--records", 500, "--bytes", 200)
SINGLE_PUTS = ("put-record", "--connections", 64, "--bytes", 100)


def shards(many, few):
    def open_sides(options, stack):
        server = stack.enter_context(serving(Penstock(options)))
        server.calls.create_stream("many", many)
        server.calls.create_stream("few", few)
        return Side(server, "many"), Side(server, "few")
    return open_sides


def servers_with(side, other, shard_count):
    """Two servers that stand beside each other; the one that is not asked sleeps."""
    def open_sides(options, stack):
        def one(setup):
            if setup.loops > 1:
                setup = dataclasses.replace(
                    setup, cores=f"{options.server_core},{options.load_core}")
            server = stack.enter_context(serving(Penstock(options, setup)))
            server.calls.create_stream("load", shard_count)
            return Side(server, "load")
        return one(side), one(other)
    return open_sides


def spoken_as(**flags):
    """One server, asked by HTTP/1.1 without TLS and otherwise."""
    def open_sides(options, stack):
        server = stack.enter_context(serving(Penstock(options, Setup(tls=True))))
        server.calls.create_stream("one", 4)
        server.calls.create_stream("other", 4)
        return Side(server, "one", {f"--{name}": value for name, value in flags.items()}), Side(server, "other")
    return open_sides


LOCKS = re.compile(r"spin_lock|mutex|futex|lll_lock|rwsem|rwlock")


def lock_share(side, load, seconds, cap):
    """Which locks a profile of the side shows, in words."""
    if shutil.which("perf") is None:
        return "no perf here, so no profile of locks"
    seconds = max(seconds, 3)  # Else there are too few samples.
    with tempfile.TemporaryDirectory() as folder:
        recording = subprocess.Popen(
            ["perf", "record", "-q", "-F", "999", "-g", "-p", str(side.server.pid), "-o",
             f"{folder}/data", "--", "sleep", str(seconds)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        side.span(load, seconds, cap)
        recording.wait()
        shares = [(float(line.split("%")[0]), re.split(r"\[[.k]\]", line)[-1].split()[0])
                  for line in symbols_of(f"{folder}/data").splitlines()
                  if re.match(r"\s*\d+\.\d+%", line) and LOCKS.search(line)]
    shares.sort(reverse=True)
    named = ", ".join(f"{name} {share:.1f} %" for share, name in shares[:3])
    return f"locks in the profile: {named or 'none over 0.3 %'}"


# --- Starting and standing ------------------------------------------------------------------------

@dataclasses.dataclass
class Start:
    """A new server on an empty folder, with everything else at its default."""
    name: str = "start; idle"

    def run(self, options, note):
        times, memory = [], 0
        for _ in range(7):
            elapsed, memory, resident = self._once(options)
            times.append(elapsed)
        times.sort()
        median = times[len(times) // 2]
        return [
            Line(work="start, exec to first answer", goal="≤ 15 ms", is_met=median <= 15,
                 reached=f"{median:.1f} ms (worst of {len(times)}: {times[-1]:.1f})",
                 basis="sync, empty data folder"),
            Line(work="idle, anonymous memory", goal="≤ 6 MiB", is_met=memory <= 6 << 20,
                 reached=f"{memory / 2**20:.2f} MiB (resident with the program's own pages: "
                         f"{resident / 2**20:.1f})", basis="sync, one second after the start")]

    @staticmethod
    def _once(options):
        port = servers.free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=options.data))
        calls = servers.Calls(port)
        command = [str(options.penstock), "serve", "--listen", f"127.0.0.1:{port}", "--log", "warn",
                   "--data", str(folder)]
        os.sched_setaffinity(0, {options.server_core})  # Inherited; afterwards ours moves away.
        begun = time.perf_counter()
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, close_fds=False)
        os.sched_setaffinity(0, {options.load_core})
        try:
            while not calls.try_health():
                if server.poll() is not None:
                    raise Unavailable("the server ended")
            elapsed = (time.perf_counter() - begun) * 1e3
            time.sleep(1)  # What starts behind the first answer has started.
            return (elapsed, servers.status_bytes(server.pid, "RssAnon"),
                    servers.status_bytes(server.pid, "VmRSS"))
        finally:
            os.sched_setaffinity(0, options.cores)
            server.terminate()
            server.wait(timeout=60)
            shutil.rmtree(folder, ignore_errors=True)


@dataclasses.dataclass
class Restart:
    """kill -9 in the middle of puts, nothing of the files cached; exec to the ready line."""
    gigabytes: int
    goal_s: float
    is_large: bool = False

    @property
    def name(self):
        return f"restart after kill -9, {self.gigabytes} GB stored"

    def run(self, options, note):
        records = self.gigabytes * 1_000_000
        if payload_max(options) < records * 1100:
            raise Unavailable("there is no room on the disk")
        with serving(Penstock(options)) as server:
            server.calls.create_stream("load", 4)
            server.load("fill", "--records", records, "--bytes", 1000, "--connections", 8)
            elapsed = server.start_again(is_killed=True)
            first = elapsed
            again = server.start_again(is_killed=True)
            verified = note.signature(server)
        return [Line(work=self.name, goal=f"≤ {self.goal_s:g} s", is_met=first <= self.goal_s,
                     reached=f"{first:.2f} s (a second time: {again:.2f})",
                     basis=f"sync, {verified}, records of 1,000 B, 4 shards, cold cache")]


@dataclasses.dataclass
class IdleConnections:
    name: str = "10,000 idle keep-alive connections"
    count: int = 10_000

    def run(self, options, note):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < self.count + 100:
            raise Unavailable(f"a process may have only {hard} files open here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, self.count + 100), hard))
        with serving(Penstock(options)) as server:
            server.calls.create_stream("load", 4)
            server.load("put-record", "--pid", server.pid, "--connections", 64, "--bytes", 100,
                        "--seconds", 1)
            time.sleep(1)
            before, kernel_before = servers.status_bytes(server.pid, "RssAnon"), kernel_bytes()
            holder = subprocess.Popen(
                [str(BUILD / "penstock_load"), "idle", "--port", str(server.port),
                 "--connections", str(self.count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env={**os.environ, "AWS_ACCESS_KEY_ID": server.key[0],
                                "AWS_SECRET_ACCESS_KEY": server.key[1]})
            try:
                if holder.stdout.readline().strip() != "idle":
                    raise Unavailable("the connections did not all come about")
                time.sleep(2)
                anonymous = servers.status_bytes(server.pid, "RssAnon") - before
                kernel = kernel_bytes() - kernel_before
            finally:
                holder.stdin.close()
                holder.wait(timeout=60)
            verified = note.signature(server)
        each = anonymous / self.count / 1024
        return [Line(work=self.name, goal="≤ 20 KiB each", is_met=each <= 20,
                     reached=f"{each:.1f} KiB each, anonymous memory of the server",
                     floor_meaning=f"the kernel's, both ends: {kernel / self.count / 1024:.1f} KiB each",
                     basis=f"sync, {verified}, each has put one record of 100 B")]


def kernel_bytes():
    """Slabs and socket buffers of the whole machine."""
    total = 0
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Slab:"):
            total += int(line.split()[1]) << 10
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            total += int(line.split()[-1]) * resource.getpagesize()
    return total


@dataclasses.dataclass
class Memory:
    """What the durable runs before it have taken. Comes last."""
    name: str = "memory under the loads above"

    def run(self, options, note):
        most = note.anonymous_max()
        if most is None:
            raise Unavailable("no durable row was run before it")
        work, taken = most
        return [Line(work=self.name, goal="within --memory (512 MiB)",
                     is_met=taken <= servers.MEMORY_DEFAULT,
                     reached=f"{taken / 2**20:.0f} MiB anonymous at most, in: {work}",
                     basis="sync, default --memory, looked at five times a second")]


ROWS = [
    Throughput("PutRecord 100 B, c=64", "put-record", 1, 100, 64, 3),
    Throughput("PutRecords 500 x 200 B, c=8", "put-records", 500, 200, 8, 12),
    Throughput("PutRecords 100 x 1 KiB, c=8", "put-records", 100, 1024, 8, 4),
    Throughput("PutRecords 10 x 100 KiB, c=4", "put-records", 10, 102_400, 4, 3),
    Throughput("GetRecords 10,000 x 1,000 B from memory, c=2", "get-records", 10_000, 1000, 2, 3,
               shards=1, fill=10_000),
    CatchUp(),
    OnePut(),
    Delivery("provided.al2023", (1, 5)),
    Delivery("python3.11", (1.3, 6)),
    FanOut(),
    FanOut(idle=1000),
    Invocation("provided.al2023"),
    Invocation("python3.11"),
    Comparison("64 shards against 4, PutRecords 500 x 200 B", 0.9, PUTS, shards(64, 4)),
    Comparison("1,000 shards against 64, PutRecords 500 x 200 B", 0.9, PUTS, shards(1000, 64)),
    Comparison("64 shards against 4, PutRecord 100 B, c=64", 0.9, SINGLE_PUTS, shards(64, 4)),
    Comparison("1,000 shards against 64, PutRecord 100 B, c=64", 0.9, SINGLE_PUTS,
               shards(1000, 64)),
    Comparison("two loops against one, PutRecords 500 x 200 B", 0.85, PUTS,
               servers_with(Setup(loops=2), Setup(), 4), lock_share=True),
    Comparison("two loops against one, PutRecord 100 B, c=64", 0.85, SINGLE_PUTS,
               servers_with(Setup(loops=2), Setup(), 4), lock_share=True),
    Comparison("limits on against off, PutRecords 500 x 200 B, 5,000 shards", 0.95, PUTS,
               servers_with(Setup(limits="aws"), Setup(), 5000)),
    Comparison("limits on against off, PutRecord 100 B, c=64, 1,000 shards", 0.95, SINGLE_PUTS,
               servers_with(Setup(limits="aws"), Setup(), 1000)),
    Comparison("HTTP/2, 4 connections x 16, against HTTP/1.1, PutRecord 100 B, c=64", 1, SINGLE_PUTS,
               spoken_as(connections=4, http2=16)),
    Comparison("TLS against none, HTTP/1.1, PutRecord 100 B, c=64", 0.7, SINGLE_PUTS, spoken_as(tls="true")),
    Comparison("HTTP/2, 4 connections x 16, with TLS, against HTTP/1.1, PutRecord 100 B, c=64", 1, SINGLE_PUTS,
               spoken_as(connections=4, http2=16, tls="true")),
    Comparison("HTTP/2, 2 connections x 4, against HTTP/1.1, PutRecords 500 x 200 B", 0.9, PUTS,
               spoken_as(connections=2, http2=4)),
    Comparison("TLS against none, HTTP/1.1, PutRecords 500 x 200 B", 0.75, PUTS, spoken_as(tls="true")),
    Start(),
    Restart(1, 0.5),
    Restart(20, 2, is_large=True),
    IdleConnections(),
    Memory(),
]
