"""Kills the server with kill -9 at random moments under load, many times, on one data folder.

After every kill it starts the server again and checks, with its own books:
  * every acknowledged record is read back, once, with its bytes, in the order of sequence numbers;
  * what was not acknowledged is there at most once;
  * at the end the function behind the mapping has seen every record of the stream: no checkpoint
    ever ran ahead of settlement;
  * the server's own audit balances: nothing lost, nothing unaccounted.

  crash_cycles.py --server build/release/penstock --cycles 40 [--seed N] [--data DIR]
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from function_double import FunctionDouble
from wire import Client, ServiceError, decode, encode

STREAM = "crash"
SHARDS = 4
PRODUCERS = 3


class Server:
    def __init__(self, binary, folder):
        self.process = subprocess.Popen(
            [binary, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--limits", "off"],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise SystemExit(f"the server did not start; it said: {line!r}")
        self.port = int(line.split("http://")[1].split()[0].rstrip(",;/").rsplit(":", 1)[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Producer(threading.Thread):
    """Puts small batches as fast as it can and notes what was acknowledged."""

    def __init__(self, name, port, first):
        super().__init__(daemon=True)
        self.label, self.port, self.counter = name, port, first
        self.acknowledged = []  # (shard, sequence number, payload)
        self.attempted = set()
        self.stop_asked = False

    def run(self):
        client = Client(self.port)
        pick = random.Random(f"{self.label}{self.counter}")
        while not self.stop_asked:
            payloads = []
            for _ in range(pick.choice([1, 3, 20, 100])):
                payloads.append(f"{self.label}:{self.counter}:" + "x" * pick.choice([0, 50, 2000]))
                self.counter += 1
            self.attempted.update(payloads)
            try:
                reply = client.kinesis("PutRecords", StreamName=STREAM, Records=[
                    {"Data": encode(p), "PartitionKey": f"{self.label}{i % 7}"}
                    for i, p in enumerate(payloads)])
            except OSError:
                return  # Killed: what was in flight is unknown.
            except ServiceError:
                continue
            for payload, result in zip(payloads, reply["Records"]):
                if "SequenceNumber" in result:
                    self.acknowledged.append((result["ShardId"], result["SequenceNumber"], payload))


class Books:
    """What was acknowledged and what has been read back, shard by shard."""

    def __init__(self):
        self.acknowledged = {}  # shard -> {sequence number: payload}
        self.attempted = set()
        self.read = {}  # shard -> [(sequence number, payload)] in order

    def note(self, producers):
        for producer in producers:
            self.attempted |= producer.attempted
            for shard, number, payload in producer.acknowledged:
                known = self.acknowledged.setdefault(shard, {})
                if number in known:
                    raise SystemExit(f"{shard}: number {number} was given twice")
                known[number] = payload

    def read_back(self, client):
        """Reads on from the last record seen and checks everything that is new."""
        for listed in client.kinesis("ListShards", StreamName=STREAM)["Shards"]:
            shard = listed["ShardId"]
            rows = self.read.setdefault(shard, [])
            start = {"ShardIteratorType": "TRIM_HORIZON"}
            if rows:
                start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                         "StartingSequenceNumber": rows[-1][0]}
            iterator = client.kinesis("GetShardIterator", StreamName=STREAM, ShardId=shard,
                                      **start)["ShardIterator"]
            while True:
                page = client.kinesis("GetRecords", ShardIterator=iterator)
                for record in page["Records"]:
                    if rows and int(record["SequenceNumber"]) <= int(rows[-1][0]):
                        raise SystemExit(f"{shard}: {record['SequenceNumber']} is out of order")
                    rows.append((record["SequenceNumber"], decode(record["Data"])))
                iterator = page["NextShardIterator"]
                if not page["Records"] and page["MillisBehindLatest"] == 0:
                    break

    def check(self):
        payloads = set()
        for shard, rows in self.read.items():
            stored = dict(rows)
            for number, payload in self.acknowledged.get(shard, {}).items():
                if stored.get(number) != payload:
                    raise SystemExit(f"LOST: {shard} {number} was acknowledged; read back: "
                                     f"{stored.get(number)!r:.60}")
            for number, payload in rows:
                if payload in payloads:
                    raise SystemExit(f"TWICE: {shard} {number} {payload[:40]}")
                if payload not in self.attempted:
                    raise SystemExit(f"INVENTED: {shard} {number} {payload[:40]}")
                payloads.add(payload)

    def acknowledged_count(self):
        return sum(len(numbers) for numbers in self.acknowledged.values())

    def stored_numbers(self):
        return {number for rows in self.read.values() for number, _ in rows}


def create(client, double):
    client.kinesis("CreateStream", StreamName=STREAM, ShardCount=SHARDS)
    client.rest("lambda", "POST", "/2015-03-31/functions", {
        "FunctionName": "double", "Role": "arn:aws:iam::000000000000:role/any",
        "PackageType": "Image", "Code": {"ImageUri": double.url}})
    arn = client.kinesis("DescribeStreamSummary", StreamName=STREAM)[
        "StreamDescriptionSummary"]["StreamARN"]
    client.rest("lambda", "POST", "/2015-03-31/event-source-mappings", {
        "EventSourceArn": arn, "FunctionName": "double", "StartingPosition": "TRIM_HORIZON"})


def wait_until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"within {seconds} s it did not happen that {what}")
        time.sleep(0.02)


def run(options):
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    pick = random.Random(seed)
    folder = options.data or tempfile.mkdtemp(prefix="penstock-crash-")
    double, books = FunctionDouble(), Books()
    counters = [0] * PRODUCERS
    started = time.monotonic()
    print(f"{options.cycles} cycles, seed {seed}, data {folder}", flush=True)
    server = Server(options.server, folder)
    create(Client(server.port), double)
    for cycle in range(1, options.cycles + 1):
        producers = [Producer(f"p{i}", server.port, counters[i]) for i in range(PRODUCERS)]
        for producer in producers:
            producer.start()
        time.sleep(pick.uniform(0.02, 0.6))  # The moment of the kill is the test's random input.
        server.kill()
        for producer in producers:
            producer.join()
        counters = [producer.counter for producer in producers]
        books.note(producers)
        server = Server(options.server, folder)
        client = Client(server.port)
        books.read_back(client)
        books.check()
        if cycle % 10 == 0 or cycle == options.cycles:
            print(f"cycle {cycle}: {books.acknowledged_count()} acknowledged, all read back; "
                  f"function saw {double.count()} of {len(books.stored_numbers())}", flush=True)
    stored = books.stored_numbers()
    wait_until("the function saw every stored record",
               lambda: stored <= set(list(double.seen)), 120)

    def report():
        return client.rest("penstock", "GET", "/_penstock/audit")
    wait_until("nothing is pending any more", lambda: report()["verdict"]["pending"] == 0)
    verdict = report()["verdict"]
    if verdict["lost"] != 0 or verdict["unaccounted"] != 0:
        raise SystemExit(f"the audit does not balance: {verdict}")
    code = server.stop()
    if code != 0:
        raise SystemExit(f"a graceful stop ended with {code}")
    double.stop()
    if options.data is None:
        shutil.rmtree(folder)
    repeated = sum(times - 1 for times in double.seen.values())
    print(f"passed: {options.cycles} kills, {books.acknowledged_count()} acknowledged records, "
          f"{len(stored)} stored, every one seen by the function ({repeated} deliveries repeated), "
          f"lost {verdict['lost']}, unaccounted {verdict['unaccounted']}, "
          f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default="build/release/penstock")
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--data")
    arguments = parser.parse_args()
    if not os.access(arguments.server, os.X_OK):
        sys.exit(f"there is no server at {arguments.server}; run `make build`")
    run(arguments)
