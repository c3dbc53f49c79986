"""What was measured, printed as it comes, and written into RESULTS.md with what it was measured on."""

import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import servers


@dataclasses.dataclass
class Line:
    """One line of the table."""
    work: str
    goal: str
    reached: str
    is_met: object = None        # True, False, or None: there is nothing to compare with.
    ferrokinesis: object = None  # Records a CPU-second in multiples of theirs.
    kinesalite: object = None
    floor: object = None         # In multiples of the floor.
    floor_meaning: str = ""
    basis: str = ""              # Durability, signatures, length of the run.

    def cells(self):
        return (self.work, self.goal, self.reached,
                {True: "yes", False: "**no**", None: "–"}[self.is_met],
                times(self.ferrokinesis), times(self.kinesalite), times(self.floor),
                self.floor_meaning or "–", self.basis)


@dataclasses.dataclass
class Row:
    """What one row of rows.ROWS has come to."""
    name: str
    lines: list = dataclasses.field(default_factory=list)
    details: list = dataclasses.field(default_factory=list)  # (cells, figures) of each server.
    memory: list = dataclasses.field(default_factory=list)   # (work, bytes) of durable servers.
    reason: str = ""                                         # Why it could not be measured.


LINE = ("work", "goal", "reached", "met", "x ferrokinesis", "x kinesalite", "x floor",
        "the floor", "how")
DETAIL = ("work", "server", "durability", "signatures", "records/s", "MB/s", "records a CPU-second",
          "CPU a request, us", "p50 / p99, us", "server's core busy", "load's core busy",
          "anonymous, MiB", "seconds")


def number(value):
    """Three figures, with separators."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def times(ratio):
    return "–" if ratio is None else f"{ratio:.2f}"


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def machine():
    cpu = next(line.split(":", 1)[1].strip()
               for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
               if line.startswith("model name"))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{cpu}, {os.cpu_count()} cores, {pages / 2**30:.0f} GiB, Linux {os.uname().release}"


def disk(folder):
    source = output("findmnt", "-no", "SOURCE,FSTYPE,OPTIONS", "--target", str(folder)).split()
    return " ".join(source[:2]) + (f" ({source[2]})" if len(source) > 2 else "")


MEANING = """\
**records a CPU-second**: records over the CPU time of the server's process, all its threads and the
kernel's work for them, measured from outside. It is what to compare: rates and latencies depend on what
else the machine does. **x ferrokinesis**, **x kinesalite**: Penstock's figure, durable and verifying,
in multiples of theirs, in memory and verifying nothing, in the same run under the same load.
**x floor**: in multiples of the bare thing named beside it; for throughput less than 1 is normal and
1 would be free of charge, for latencies 1 would be."""


class Results:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.resumed = ""
        self.program = hashlib.sha256(options.penstock.read_bytes()).hexdigest()
        self.commit = output("git", "-C", str(servers.ROOT), "describe", "--always", "--dirty")
        print(f"{machine()}; data on {disk(options.data)}; commit {self.commit}")

    # Rows.

    def begin(self, name):
        """What is said next is of this row."""
        self.rows.append(Row(name))

    def has(self, name):
        return any(row.name == name for row in self.rows)

    def sort(self, names):
        self.rows.sort(key=lambda row: names.index(row.name))

    def lines(self):
        return [line for row in self.rows for line in row.lines]

    def resume(self, path):
        """Takes over what a run before has measured, if it measured what this one would."""
        stored = json.loads(path.read_text())
        is_same = stored["program"] == self.program
        if not is_same or stored["machine"] != machine() or stored["seconds"] != self.options.seconds:
            raise SystemExit(f"bench: the last run was of {stored['commit']}, {stored['seconds']:g} s a "
                             "row; another program, machine or length begins anew, without --resume")
        self.resumed = f"{stored['date']}, commit {stored['commit']}"
        for row in stored["rows"]:
            row["lines"] = [Line(**line) for line in row["lines"]]
            if not row["reason"]:
                self.rows.append(Row(**row))

    # What rows say while they run.

    def measured(self, work, server, figures, data_bytes):
        request_us = figures["server_cpu_s"] * 1e6 / figures["requests"]
        rate = figures["records"] / figures["seconds"]
        self._detail({
            "work": work, "server": server.name, "durability": server.durability,
            "signatures": self.signature(server), "records/s": number(rate),
            "MB/s": number(rate * data_bytes / 1e6),
            "records a CPU-second": number(figures["records"] / figures["server_cpu_s"]),
            "CPU a request, us": number(request_us),
            "p50 / p99, us": f"{number(figures['p50_us'])} / {number(figures['p99_us'])}",
            "server's core busy": f"{figures['server_cpu_s'] / figures['seconds']:.0%}",
            "load's core busy": f"{figures['load_cpu_s'] / figures['seconds']:.0%}",
            "anonymous, MiB": number(figures["anonymous_max"] / 2**20),
            "seconds": number(figures["seconds"])}, figures)
        figures["durability"] = server.durability
        figures["signatures"] = self.signature(server)
        if isinstance(server, servers.Penstock) and server.durability == "sync":
            self.rows[-1].memory.append((work, figures["anonymous_max"]))

    def latency(self, work, server, figures):
        self._detail({
            "work": work, "server": server.name, "durability": server.durability,
            "signatures": self.signature(server),
            "p50 / p99, us": f"{number(figures['p50_us'])} / {number(figures['p99_us'])}",
            "anonymous, MiB": number(figures["anonymous_max"] / 2**20)}, figures)

    def missing(self, reason):
        self.rows[-1].reason = reason

    @staticmethod
    def signature(server):
        return "verified" if server.is_verified else "not verified"

    @staticmethod
    def basis(figures):
        return f"{figures['durability']}, {figures['signatures']}, {figures['seconds']:.0f} s"

    def anonymous_max(self):
        taken = [one for row in self.rows for one in row.memory]
        return max(taken, key=lambda one: one[1], default=None)

    def _detail(self, cells, figures):
        self.rows[-1].details.append((cells, figures))
        shown = ", ".join(f"{name} {cells[name]}" for name in DETAIL[1:] if name in cells)
        print(f"    {shown}", flush=True)

    def add(self, line):
        self.rows[-1].lines.append(line)
        print("| " + " | ".join(line.cells()) + " |", flush=True)

    # The files.

    def text(self):
        options = self.options
        met = [line.is_met for line in self.lines()]
        parts = [
            "# Figures", "",
            "Written by `bench/run`; do not edit. [README.md](README.md) says how the rows are measured.",
            "",
            table(("what", "value"), [
                ("date", datetime.date.today().isoformat()),
                ("machine", machine()),
                ("data folder", disk(options.data)),
                ("build", f"release (-O2, ThinLTO, checks on), commit {self.commit}"),
                ("set-up", "server and functions on one core, load on another, loopback, JSON; "
                           "`--loops 1 --limits off` and the default `--memory` unless the row says otherwise; "
                           "4 shards, keys of 20 bytes, random data; every request signed, "
                           f"signatures {'verified' if options.can_verify else '**not verified by this build**'}"),
                ("length", f"{options.seconds:g} s a durable row, behind 0.3 s of warm-up; peers "
                           "20 s or 2 GiB at most, because they slow down as they fill"),
                ("peers", "ferrokinesis 0.7.0, kinesalite 3.3.3, in memory, without limits, on the same core"),
                ("command", "`bench/run " + " ".join(sys.argv[1:]) + "`"),
                *([("resumed", "the run was begun " + self.resumed)] if self.resumed else []),
                *([("note", options.note)] if options.note else []),
            ]), "",
            f"{met.count(True)} goals met, {met.count(False)} not, "
            f"{met.count(None)} lines without one.", "",
            table(LINE, [line.cells() for line in self.lines()]), "", MEANING, "",
            "## Every measurement", "",
            table(DETAIL, [tuple(cells.get(name, "–") for name in DETAIL)
                           for row in self.rows for cells, _ in row.details])]
        for row in self.rows:
            if row.reason:
                parts += ["", f"Not measured, {row.name}: {row.reason}"]
        return "\n".join(parts) + "\n"

    def write(self):
        (servers.ROOT / "bench" / "RESULTS.md").write_text(self.text())

    def write_json(self, path):
        path.write_text(json.dumps({
            "date": datetime.datetime.now().isoformat(timespec="seconds"), "machine": machine(),
            "disk": disk(self.options.data), "commit": self.commit, "program": self.program,
            "seconds": self.options.seconds, "is_verified": self.options.can_verify,
            "rows": [dataclasses.asdict(row) for row in self.rows]}, indent=1) + "\n")
