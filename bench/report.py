"""Rows of figures: printed as they come, and written into RESULTS.md with what they were measured on."""

import collections
import datetime
import os
import pathlib
import subprocess
import sys

Row = collections.namedtuple("Row", "table cells")

THROUGHPUT = ("work", "durability", "records/s", "requests/s", "p50 / p99, us", "CPU a request, us",
              "CPU a record, us", "records a CPU-second", "floor, us a request", "x floor")
INVOCATION = ("work", "durability", "p50 / p99, us", "put answered, p50 / p99, us", "floor, us")
IDLE = ("durability", "exec to first answer, ms (median, worst of 5)", "anonymous, KiB",
        "resident, KiB")


def number(value):
    """Three figures, with separators."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def pair(figures, prefix=""):
    return f"{number(figures[prefix + 'p50_us'])} / {number(figures[prefix + 'p99_us'])}"


def throughput(row, durability, figures):
    request_us = figures["server_cpu_s"] * 1e6 / figures["requests"]
    record_us = figures["server_cpu_s"] * 1e6 / figures["records"]
    floor = row.floor.get(durability)
    return Row(THROUGHPUT, (
        row.name, durability, number(figures["records"] / figures["seconds"]),
        number(figures["requests"] / figures["seconds"]), pair(figures), number(request_us),
        number(record_us), number(1e6 / record_us), number(floor) if floor else "",
        f"{request_us / floor:.1f}" if floor else ""))


def invocation(row, durability, figures):
    return Row(INVOCATION, (row.name, durability, pair(figures),
                            pair(figures, "put_") if row.through_stream else "", row.floor))


def idle(row, durability, times, memory):
    return Row(IDLE, (durability, f"{times[len(times) // 2]:.1f}, {times[-1]:.1f}",
                      f"{memory['anonymous']:,}", f"{memory['resident']:,}"))


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


FLOORS = """\
`floor` is CPU time of a prototype of one event loop on a machine of this kind: epoll, the same
parsers and codecs, routing, memory chunks, the full reply; without limits, metrics, signatures, books
of producers, request ids. Its durable variant has the log writer on the same core. For invocations
the floor is a worker on the bare Runtime API over TCP, without HTTP in front of it."""


class Results:
    def __init__(self, root, options):
        self.root = root
        self.options = options
        self.tables = {}
        self.reasons = {}
        self.bare_http = ""
        self.commit = output("git", "-C", str(root), "describe", "--always", "--dirty")
        print(f"{machine()}; data on {disk(options.data)}; commit {self.commit}")

    def add_bare_http(self, costs):
        self.bare_http = (
            "A bare HTTP server on this machine (`bench/floor`: epoll, the head's end, a fixed reply "
            "as long as PutRecord's) costs "
            + ", ".join(f"{number(cost)} us a request at {connections} connections"
                        for connections, cost in costs.items())
            + ". What is above it is ours, what is below it is the kernel's.")
        print("\n" + self.bare_http)

    def add(self, row):
        if row.table not in self.tables:
            self.tables[row.table] = []
            print("\n" + table(row.table, []))
        self.tables[row.table].append(row.cells)
        print("| " + " | ".join(row.cells) + " |", flush=True)

    def skipped(self, durability, reason):
        self.reasons[durability] = reason

    def write(self):
        text = [
            "# Figures", "",
            "Written by `bench/run`; do not edit. CPU time per request varies by about a tenth from "
            "run to run, rates and latencies by more.", "",
            table(("what", "value"), [
                ("date", datetime.date.today().isoformat()),
                ("machine", machine()),
                ("data folder", disk(self.options.data)),
                ("build", f"release (-O2, ThinLTO, checks on), commit {self.commit}"),
                ("set-up", "server and functions on one core (`--loops 1 --limits off`), load on another, "
                           f"loopback, {self.options.seconds:g} s a row behind 0.3 s of warm-up; a put's stream "
                           "has 4 shards, keys of 20 bytes, random data"),
                ("command", "`bench/run " + " ".join(sys.argv[1:]) + "`"),
                *([("note", self.options.note)] if self.options.note else []),
            ]), "", FLOORS, *(["", self.bare_http] if self.bare_http else [])]
        for columns, rows in self.tables.items():
            text += ["", table(columns, rows)]
        for durability, reason in self.reasons.items():
            text += ["", f"Not measured with `--durability {durability}`: {reason}"]
        (self.root / "bench" / "RESULTS.md").write_text("\n".join(text) + "\n")
