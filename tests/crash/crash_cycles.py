"""Kills the server with kill -9 at random moments under load, many times, on one data folder.

After every kill it starts the server again and checks, with its own books:
  * every acknowledged record is read back, once, with its bytes, in the order of sequence numbers,
    and at the end everything once more from the first record on;
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


def brief(payload):
    """The payload in few characters, and no two the same: its head, and how many x follow."""
    head = payload.rstrip("x")
    return f"{head}{len(payload) - len(head)}"


class Producer(threading.Thread):
    """Puts small batches as fast as it can and notes what was acknowledged."""

    def __init__(self, name, port, first):
        super().__init__(daemon=True)
        self.label, self.port, self.counter = name, port, first
        self.acknowledged = []  # (shard, sequence number, payload in brief)
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
            self.attempted.update(map(brief, payloads))
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
                    self.acknowledged.append(
                        (result["ShardId"], result["SequenceNumber"], brief(payload)))


class Books:
    """What was acknowledged and what has been read back. Only what is not settled yet is kept whole,
    so that long runs fit into memory."""

    def __init__(self):
        self.acknowledged = {}  # (shard, sequence number) -> payload, until it is read back
        self.acknowledged_count = 0
        self.attempted = set()  # Payloads, until they are read back
        self.last = {}  # shard -> the last sequence number read
        self.numbers = set()  # Every sequence number read
        self.payloads = set()  # The hash of every payload read
        self.fingerprint = {}  # shard -> a hash over all that was read, in order

    def note(self, producers):
        for producer in producers:
            self.attempted |= producer.attempted
            self.acknowledged_count += len(producer.acknowledged)
            for shard, number, payload in producer.acknowledged:
                if (shard, number) in self.acknowledged or number in self.numbers:
                    raise SystemExit(f"{shard}: number {number} was given twice")
                self.acknowledged[shard, number] = payload

    def read_back(self, client):
        """Reads on from the last record seen and checks everything that is new."""
        for shard, rows in read_shards(client, self.last):
            for number, payload in rows:
                expected = self.acknowledged.pop((shard, number), None)
                if expected not in (None, payload):
                    raise SystemExit(f"OTHER BYTES: {shard} {number}: {payload[:40]}")
                if hash(payload) in self.payloads:
                    raise SystemExit(f"TWICE: {shard} {number} {payload[:40]}")
                if payload not in self.attempted:
                    raise SystemExit(f"INVENTED: {shard} {number} {payload[:40]}")
                self.attempted.discard(payload)
                self.payloads.add(hash(payload))
                self.numbers.add(number)
                self.last[shard] = number
                self.fingerprint[shard] = hash((self.fingerprint.get(shard), number, payload))
        for (shard, number), payload in self.acknowledged.items():
            raise SystemExit(f"LOST: {shard} {number} was acknowledged: {payload[:40]}")

    def read_all_again(self, client):
        """From the first record on: the same records, bytes and order as when they were new."""
        again = {}
        for shard, rows in read_shards(client, {}):
            for number, payload in rows:
                again[shard] = hash((again.get(shard), number, payload))
        if again != self.fingerprint:
            raise SystemExit("CHANGED: a shard reads differently from its beginning")


def read_shards(client, after):
    """For each shard its records behind a sequence number, in pages, checked to be in order."""
    for listed in client.kinesis("ListShards", StreamName=STREAM)["Shards"]:
        shard = listed["ShardId"]
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard in after:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                     "StartingSequenceNumber": after[shard]}
        last = int(after.get(shard, 0))
        iterator = client.kinesis("GetShardIterator", StreamName=STREAM, ShardId=shard,
                                  **start)["ShardIterator"]
        while True:
            page = client.kinesis("GetRecords", ShardIterator=iterator)
            for record in page["Records"]:
                if int(record["SequenceNumber"]) <= last:
                    raise SystemExit(f"{shard}: {record['SequenceNumber']} is out of order")
                last = int(record["SequenceNumber"])
            yield shard, [(record["SequenceNumber"], brief(decode(record["Data"])))
                          for record in page["Records"]]
            iterator = page["NextShardIterator"]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                break


def create(client, double):
    client.kinesis("CreateStream", StreamName=STREAM, ShardCount=SHARDS)
    client.rest("lambda", "POST", "/2015-03-31/functions", {
        "FunctionName": "double", "Role": "arn:aws:iam::000000000000:role/any",
        "PackageType": "Image", "Code": {"ImageUri": double.url}})
    arn = client.kinesis("DescribeStreamSummary", StreamName=STREAM)[
        "StreamDescriptionSummary"]["StreamARN"]
    client.rest("lambda", "POST", "/2015-03-31/event-source-mappings", {
        "EventSourceArn": arn, "FunctionName": "double", "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 500})


def wait_until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"within {seconds} s it did not happen that {what}")
        time.sleep(0.1)


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
        if cycle % 10 == 0 or cycle == options.cycles:
            print(f"cycle {cycle}: {books.acknowledged_count} acknowledged, all read back; "
                  f"function saw {double.count()} of {len(books.numbers)}", flush=True)
    books.read_all_again(client)
    stored = books.numbers
    wait_until("the function saw every stored record",
               lambda: double.count() >= len(stored) and stored <= double.numbers(), 3600)

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
    print(f"passed: {options.cycles} kills, {books.acknowledged_count} acknowledged records, "
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
