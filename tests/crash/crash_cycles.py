"""Kills the server with kill -9 at random moments under load, many times, on one data folder.

What goes on meanwhile: puts of one record and of many, in JSON and CBOR, of empty and of large
records; readers; splits and merges; a mapping with a function that now and then fails; streams that
are made and deleted under the same few names; a clock that is advanced, so that records expire, are
trimmed, and shared segments are rewritten. Some starts are killed as well.

After every kill the server is started again and held against the test's own books:
  * every acknowledged record is read back once, under its number, with its bytes, in order; so is
    whatever a reader saw before the kill; what was not acknowledged is there at most once, and
    does not appear later;
  * acknowledged reshards stand, and the open shards share all hash keys;
  * deleted streams stay deleted, also when their name is used again; others are there.
Every so often, and at the end, everything is read again from the first record on: nothing has
changed, records are gone only when they were old enough, and the function had seen them by then.
At the end the function has seen every record, so no checkpoint was ever ahead of settlement, and
the server's audit balances.

  crash_cycles.py --server build/release/penstock --cycles 40 [--seed N] [--data DIR]
  crash_cycles.py --server build/release/penstock --hours 6
  crash_cycles.py --server build/release/penstock --self-test     can the books find anything?

A failure says what was wrong and keeps the data folder, with the server's log beside it. A seed gives the
same plan of loads, kills and changes; threads and disks add moments of their own.
"""

import argparse
import collections
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import lies
from books import RETENTION_MS, SideStreams, StreamBook, Wrong
from function_double import FunctionDouble
from load import Changer, Life, Producer, Reader
from server import Server
from wire import Client

STREAM = "main"
SIDE_STREAMS = [f"side{i}" for i in range(6)]
SHARDS = 4
PRODUCERS = 3
AGAIN_EVERY = 20  # Cycles between two readings of everything.
PATIENCE_S = 900  # For what must happen at last; the machine may be busy.
SMALL, LARGE = [0, 50, 300, 2_000], [300, 2_000, 100_000, 400_000]


class Run:
    def __init__(self, options, seed, folder, lie):
        self.options, self.seed, self.folder, self.lie = options, seed, folder, lie
        self.pick = random.Random(seed)
        self.double = FunctionDouble(seed, lie)
        self.main = StreamBook(STREAM, lie)
        self.sides = SideStreams(SIDE_STREAMS, lie)
        self.numbers = [0] * PRODUCERS
        self.refused, self.done = collections.Counter(), collections.Counter()
        self.started = time.monotonic()
        self.cycle = 0
        self.server = None

    # --- The server ---------------------------------------------------------------------------

    def start(self):
        self.server = Server(self.options.server, self.folder, self.folder + ".log", [
            "--durability", self.options.durability, "--limits", "off", "--dev",
            "--memory", "64MiB", "--mapping.retry-pause-ms", "20", "--log", "debug"])
        self.client = Client(self.server.port)

    def kill_a_start(self):
        """The server dies while it recovers, or as soon as it has."""
        process = subprocess.Popen(
            [self.options.server, "serve", "--data", self.folder, "--listen", "127.0.0.1:0",
             "--durability", self.options.durability, "--log", "off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.pick.uniform(0.002, 0.06))  # The moment of the kill is the test's input.
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.done["starts killed"] += 1

    def create(self):
        self.client.kinesis("CreateStream", StreamName=STREAM, ShardCount=SHARDS)
        self.client.rest("lambda", "POST", "/2015-03-31/functions", {
            "FunctionName": "double", "Role": "arn:aws:iam::000000000000:role/any",
            "PackageType": "Image", "Code": {"ImageUri": self.double.url}})
        arn = self.client.kinesis("DescribeStreamSummary", StreamName=STREAM)[
            "StreamDescriptionSummary"]["StreamARN"]
        self.client.rest("lambda", "POST", "/2015-03-31/event-source-mappings", {
            "EventSourceArn": arn, "FunctionName": "double", "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 500, "FunctionResponseTypes": ["ReportBatchItemFailures"]})

    # --- One cycle ----------------------------------------------------------------------------

    def live_and_die(self):
        heavy = self.pick.random() < 1 / 12
        seconds = self.pick.uniform(0.5, 2.5) if heavy else self.pick.uniform(0.02, 0.6)
        life = Life(self.server.port)
        workers = self.begin_load(life, LARGE if heavy else SMALL)
        for worker in workers:
            worker.start()
        time.sleep(seconds)  # The moment of the kill is the test's random input.
        code = self.server.ended_by_itself()
        if code is not None:
            raise Wrong(f"DIED: the server ended by itself with {code}")
        life.is_over.set()
        self.server.kill()
        for worker in workers:
            worker.join()
        self.note(workers)
        self.lie.folder(self.folder)
        if self.pick.random() < 0.1:
            self.kill_a_start()

    def begin_load(self, life, sizes):
        draw = lambda: self.pick.randrange(1 << 60)
        producers = [Producer(life, draw(), STREAM, f"p{i}", self.numbers[i], sizes)
                     for i in range(PRODUCERS)]
        advance = self.allow_advance(self.pick.choice([0, 1, 1, 2, 4]) * 1_800_000)
        reader = Reader(self.lie.life(life), draw(), STREAM, self.main.last)
        return [*producers, reader, Changer(life, draw(), self.main, self.sides, advance)]

    def allow_advance(self, by_ms):
        """What expires by it must have been delivered, or the function could never see it."""
        limit = self.client.clock_ms() + by_ms + 60_000 - RETENTION_MS
        def delivered():
            return all(self.double.has_seen(*row.who) for shelf in self.main.shelf.values()
                       for row in rows_until(shelf, limit))
        wait_until("the function saw what is about to expire", delivered, PATIENCE_S)
        return by_ms

    def note(self, workers):
        *producers, reader, changer = workers
        self.numbers = [producer.counter for producer in producers]
        for worker in workers:
            self.refused += worker.refused
            if worker.trouble:
                raise Wrong(worker.trouble)
        for producer in producers:
            self.main.note(producer.attempted, producer.acknowledged)
        self.main.note_look(reader.seen)
        self.done["records seen by readers"] += len(reader.seen)
        for name, (attempted, acknowledged) in changer.side_puts.items():
            if self.sides.books[name] is not None:
                self.sides.books[name].note(attempted, acknowledged)
        self.done += changer.done

    def verify(self):
        now = self.client.clock_ms()
        self.main.read_back(self.client, now)
        self.sides.verify(self.client, STREAM, now)
        if self.double.troubles:
            raise Wrong(self.double.troubles[0])

    def read_again(self):
        for row in self.main.read_again(self.client):
            if not self.double.has_seen(*row.who):
                raise Wrong(f"NEVER DELIVERED: {row} expired, and the function never saw it")

    # --- All of them --------------------------------------------------------------------------

    def is_over(self):
        if self.options.hours:
            return time.monotonic() - self.started > self.options.hours * 3600
        return self.cycle >= self.options.cycles and not self.lie.is_waiting()

    def run(self):
        self.start()
        self.create()
        while not self.is_over():
            self.cycle += 1
            self.live_and_die()
            self.start()
            self.verify()
            if self.pick.random() < 0.02:
                self.stop_in_order()
                self.start()
                self.verify()
            if self.cycle % AGAIN_EVERY == 0:
                self.read_again()
                self.report()
        self.read_again()
        self.settle()
        self.stop_in_order()
        self.double.stop()

    def stop_in_order(self):
        code = self.server.stop()
        if code != 0:
            raise Wrong(f"DIED: a graceful stop ended with {code}")
        self.done["graceful stops"] += 1

    def settle(self):
        """Every record was delivered, and the audit says so."""
        unseen = []
        def delivered():
            unseen[:] = [row for shelf in self.main.shelf.values() for row in shelf
                         if not self.double.has_seen(*row.who)]
            return not unseen
        patience = 5 if self.lie.found_as else PATIENCE_S
        if not eventually(delivered, patience):
            raise Wrong(f"NEVER DELIVERED: the function did not see {unseen[0]} and "
                        f"{len(unseen) - 1} others in {patience} s")
        wait_until("nothing is pending", lambda: self.client.audit()["verdict"]["pending"] == 0, PATIENCE_S)
        verdict = self.lie.verdict(self.client.audit()["verdict"])
        wrong = {name: verdict[name] for name in
                 ("dropped", "expired_unread", "damaged", "unaccounted", "pending") if verdict[name]}
        # Nobody sends a refused entry again here; the audit calls such entries lost.
        if wrong or verdict["probably_lost"] > sum(self.refused.values()):
            raise Wrong(f"AUDIT: {wrong} of {verdict}; refused here: {dict(self.refused)}")
        if self.double.troubles:
            raise Wrong(self.double.troubles[0])
        self.verdict = verdict

    def report(self):
        with open(self.folder + ".log", encoding="utf-8", errors="replace") as log:
            rewritten = sum("segment rewritten" in line for line in log)
        segments = len(glob.glob(os.path.join(self.folder, "segments", "*.segment")))
        done = ", ".join(f"{name} {count:.0f}" for name, count in sorted(self.done.items()))
        print(f"cycle {self.cycle}, {time.monotonic() - self.started:.0f} s: "
              f"{self.main.acknowledged_count} acknowledged in {STREAM}, "
              f"{self.main.stored_count} stored, {self.main.expired_count} expired, "
              f"{self.sides.total_acknowledged()} acknowledged in side streams; "
              f"function saw {self.double.distinct}, again {self.double.repeated}, "
              f"failed {self.double.failed}, in part {self.double.cut_short}; {done}; "
              f"segments {segments}, rewritten {rewritten}; refused {dict(self.refused)}",
              flush=True)


def rows_until(shelf, limit):
    for row in shelf:
        if row.arrival > limit:
            return
        yield row


def eventually(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def wait_until(what, condition, seconds):
    if not eventually(condition, seconds):
        raise Wrong(f"STANDS STILL: within {seconds} s it did not happen that {what}")


def run_once(options, seed, lie):
    """What was wrong, or None. The folder is kept when something was."""
    home = options.data or tempfile.mkdtemp(prefix="penstock-crash-")
    run = Run(options, seed, os.path.join(home, "data"), lie)
    what = f"{options.hours} hours" if options.hours else f"{options.cycles} cycles"
    if lie.found_as is None:
        print(f"{what}, seed {seed}, data {home}, durability {options.durability}", flush=True)
    wrong = None
    try:
        run.run()
    except Wrong as error:
        wrong = str(error)
    except Exception:  # Of whatever kind: the run must say how to repeat it, and keep its folder.
        wrong = traceback.format_exc()
    finally:
        if run.server is not None and run.server.ended_by_itself() is None:
            run.server.kill()
    if wrong is not None and lie.found_as is None:
        run.report()
        print(f"FAILED in cycle {run.cycle}: {wrong}\n"
              f"the data folder is kept: {home} (data.log is what the server said)\n"
              f"the same plan again: crash_cycles.py --server {options.server} "
              f"--durability {options.durability} --seed {seed} --cycles {run.cycle}", flush=True)
    elif lie.found_as is None:
        run.report()
        print(f"passed: {run.cycle} kills, seed {seed}, lost 0, verdict {run.verdict}, "
              f"{time.monotonic() - run.started:.0f} s", flush=True)
    if options.data is None and (wrong is None or lie.found_as is not None):
        shutil.rmtree(home)
    return wrong


def self_test(options):
    """Tells each lie once; all must be found, by name."""
    options.cycles, options.hours, options.data = 16, None, None
    missed = 0
    for kind in lies.ALL:
        lie = kind()
        wrong = run_once(options, options.seed or 1, lie) or "nothing was found"
        found = wrong.startswith(lie.found_as)
        missed += not found
        print(f"{'found' if found else 'MISSED'}: {lie.name}: {wrong[:150]}", flush=True)
    print("self-test passed" if missed == 0 else f"{missed} lies were believed", flush=True)
    return missed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/release/penstock")
    parser.add_argument("--cycles", type=int, default=40, help="how many kills")
    parser.add_argument("--hours", type=float, help="go on for so long instead")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--data", help="a folder that does not exist yet; it is kept")
    parser.add_argument("--durability", choices=["sync", "os"], default="sync")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if not os.access(options.server, os.X_OK):
        sys.exit(f"there is no server at {options.server}; run `make build`")
    if options.data:
        os.makedirs(options.data)
    if options.self_test:
        sys.exit(0 if self_test(options) else 1)
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    sys.exit(1 if run_once(options, seed, lies.Truth()) else 0)


if __name__ == "__main__":
    main()
