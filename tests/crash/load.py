"""What goes on in the server when it is killed: puts, reads, reshards, streams that come and go, and
time that passes. Each is a thread that notes what it was told and ends when the server is gone."""

import collections
import random
import threading
import time

import payload
from books import Wrong, read_shard
from wire import CBOR, JSON, Client, ServiceError

SHARDS_MIN, SHARDS_MAX = 2, 10


class Life:
    """Of the server, from a start to the kill; `is_over` is set before it is killed."""

    def __init__(self, port):
        self.port, self.is_over = port, threading.Event()


class Worker(threading.Thread):
    """Calls step() until the server is killed, and remembers what was refused and what was wrong."""

    def __init__(self, life, seed):
        super().__init__(daemon=True)
        self.life = life
        self.client = Client(life.port)
        self.pick = random.Random(seed)
        self.refused = collections.Counter()
        self.trouble = None
        self.stop_asked = False

    def run(self):
        try:
            while not self.stop_asked:
                try:
                    self.step()
                except ServiceError as error:
                    self.refused[error.kind] += 1
        except OSError as broken:
            # Killed: what was in flight is unknown. But nothing else may break a connection.
            if not self.life.is_over.is_set():
                self.trouble = f"CUT OFF: {type(self).__name__}: {broken!r}, while the server lived"
        except Wrong as wrong:
            self.trouble = str(wrong)


class Producer(Worker):
    """Puts as fast as it can, one call after the other, in both protocols."""

    def __init__(self, life, seed, stream, name, first, sizes):
        super().__init__(life, seed)
        self.stream, self.label, self.counter, self.sizes = stream, name, first, sizes
        self.attempted = set()
        self.acknowledged = []  # (shard, sequence number, who)

    def step(self):
        protocol = self.pick.choice([JSON, CBOR])
        size = self.pick.choice(self.sizes)
        count = 1 if size > 10_000 else self.pick.choice([1, 1, 3, 10, 60])
        numbers = range(self.counter, self.counter + count)
        self.counter += count
        entries = [{"Data": payload.make(self.label, number, size),
                    "PartitionKey": payload.key_of(self.label, number)} for number in numbers]
        self.attempted.update((self.label, number) for number in numbers)
        if count == 1 and self.pick.random() < 0.8:
            results = [self.client.kinesis("PutRecord", protocol, StreamName=self.stream,
                                           **entries[0])]
        else:
            results = self.client.kinesis("PutRecords", protocol, StreamName=self.stream,
                                          Records=entries)["Records"]
        for number, result in zip(numbers, results):
            if "SequenceNumber" in result:
                self.acknowledged.append(
                    (result["ShardId"], result["SequenceNumber"], (self.label, number)))
            else:
                self.refused[result["ErrorCode"]] += 1


class Reader(Worker):
    """Follows the shards from where the books end; what it saw was durable. Now and then it reads
    a page or two from the first record on, which comes from segments."""

    def __init__(self, life, seed, stream, last):
        super().__init__(life, seed)
        self.stream, self.after, self.last = stream, dict(last), dict(last)
        self.seen = []  # (shard, sequence number, who)
        self.shards = []

    def step(self):
        if not self.shards:
            self.shards = [shard["ShardId"] for shard in self.client.kinesis(
                "ListShards", StreamName=self.stream)["Shards"]]
            self.pick.shuffle(self.shards)
        shard = self.shards.pop()
        protocol = self.pick.choice([JSON, CBOR])
        if self.pick.random() < 0.05:
            read_shard(self.client, self.stream, shard, None, protocol, pages_max=2)
            return
        rows = read_shard(self.client, self.stream, shard, self.after.get(shard), protocol)
        for row in rows:
            if int(row.number) > int(self.last.get(shard, 0)):
                self.seen.append((shard, row.number, row.who))
        if rows:
            self.after[shard] = rows[-1].number
        time.sleep(0.005)  # The load's shape: readers must not starve producers of this process.


class Changer(Worker):
    """Splits and merges, makes and deletes side streams and puts into them, lets hours pass."""

    def __init__(self, life, seed, book, sides, advance_ms):
        super().__init__(life, seed)
        self.book, self.sides, self.advance_ms = book, sides, advance_ms
        self.done = collections.Counter()
        self.side_puts = {}  # name -> (attempted, acknowledged)
        self.counters = {}

    def step(self):
        time.sleep(self.pick.uniform(0, 0.04))  # The load's shape: changes are rarer than puts.
        self.pick.choices([self.reshard, self.change_side, self.put_side, self.advance],
                          [2, 3, 6, 2])[0]()

    def reshard(self):
        shards = self.client.kinesis("ListShards", StreamName=self.book.name)["Shards"]
        shards = sorted((int(s["HashKeyRange"]["StartingHashKey"]),
                         int(s["HashKeyRange"]["EndingHashKey"]), s["ShardId"]) for s in shards
                        if "EndingSequenceNumber" not in s["SequenceNumberRange"])
        # Unanswered ones may still count: they are looked up after the next start.
        if len(shards) < SHARDS_MAX and (len(shards) <= SHARDS_MIN or self.pick.random() < 0.5):
            low, high, shard = self.pick.choice(shards)
            if high - low > 1000:
                self.client.kinesis("SplitShard", StreamName=self.book.name, ShardToSplit=shard,
                                    NewStartingHashKey=str((low + high) // 2 + 1))
                self.book.closed_by[shard] = 2
                self.done["splits"] += 1
        else:
            at = self.pick.randrange(len(shards) - 1)
            left, right = shards[at][2], shards[at + 1][2]
            self.client.kinesis("MergeShards", StreamName=self.book.name, ShardToMerge=left,
                                AdjacentShardToMerge=right)
            self.book.closed_by[left] = self.book.closed_by[right] = 1
            self.done["merges"] += 1

    def change_side(self):
        name = self.pick.choice(sorted(self.sides.books))
        if name in self.sides.unsure:
            return
        if self.sides.books[name] is None:
            self.sides.begin_create(name)
            self.client.kinesis("CreateStream", StreamName=name, ShardCount=self.pick.choice([1, 3]))
            self.sides.created_now(name)
            self.side_puts.pop(name, None)
            self.done["streams created"] += 1
        else:
            self.sides.begin_delete(name)
            self.client.kinesis("DeleteStream", StreamName=name)
            self.sides.deleted_now(name)
            self.side_puts.pop(name, None)
            self.done["streams deleted"] += 1

    def put_side(self):
        name = self.pick.choice(sorted(self.sides.books))
        book = self.sides.books[name]
        if book is None or name in self.sides.unsure:
            return
        attempted, acknowledged = self.side_puts.setdefault(name, (set(), []))
        producer = self.sides.producer_of(name)
        first = self.sides.next_number(producer, 40)
        numbers = range(first, first + self.pick.choice([1, 10, 40]))
        attempted.update((producer, number) for number in numbers)
        reply = self.client.kinesis("PutRecords", self.pick.choice([JSON, CBOR]), StreamName=name,
                                    Records=[{"Data": payload.make(producer, number, 300),
                                              "PartitionKey": payload.key_of(producer, number)}
                                             for number in numbers])
        for number, result in zip(numbers, reply["Records"]):
            if "SequenceNumber" in result:
                acknowledged.append((result["ShardId"], result["SequenceNumber"],
                                     (producer, number)))

    def advance(self):
        if self.advance_ms > 0:
            self.client.rest("penstock", "POST", "/_penstock/clock",
                             {"advance_ms": self.advance_ms})
            self.done["hours"] += self.advance_ms / 3_600_000
            self.advance_ms = 0
