"""The test's own books: what was acknowledged, what was read back, what may be gone. Nothing in them
comes from the server but its answers to clients."""

import collections

import payload
from wire import CBOR, ServiceError

RETENTION_MS = 24 * 3_600_000
HASH_KEYS = 1 << 128


class Wrong(Exception):
    """A law is broken; the text says which record."""


Row = collections.namedtuple("Row", "number who arrival")  # who: (producer, its number)


class StreamBook:
    """One incarnation of one stream. Rows leave the book only when they are old enough to expire."""

    def __init__(self, name, lie):
        self.name, self.lie = name, lie
        self.attempted = set()  # Put in the present life of the server, not read back yet
        self.acknowledged = {}  # (shard, sequence number) -> who, not read back yet
        self.looked_at = {}  # The same of what readers saw
        self.shelf = {}  # shard -> deque of Rows, as they were read back
        self.last = {}  # shard -> the last sequence number read back
        self.stored = set()  # who, of everything on the shelf
        self.closed_by = {}  # shard that an acknowledged reshard closed -> its number of children
        self.acknowledged_count = self.stored_count = self.expired_count = 0

    # --- What clients were told ---------------------------------------------------------------

    def note(self, attempted, acknowledged):
        """acknowledged: (shard, sequence number, who)"""
        self.attempted |= attempted
        self.acknowledged_count += len(acknowledged)
        for shard, number, who in acknowledged:
            if self.acknowledged.setdefault((shard, number), who) != who:
                raise Wrong(f"{self.name} {shard}: number {number} was given twice")

    def note_look(self, seen):
        for shard, number, who in seen:
            self.looked_at[shard, number] = who

    # --- Reading back -------------------------------------------------------------------------

    def read_back(self, client, now):
        """After a start: reads on from the last row of each shard and checks what is new."""
        shards = self._shards(client)
        for shard in shards:
            rows = read_shard(client, self.name, shard, self.last.get(shard))
            for row in self.lie.rows(shard, rows, self.acknowledged):
                self._take(shard, row)
        for (shard, number), who in self.acknowledged.items():
            raise Wrong(f"LOST: {self.name} {shard} {number} was acknowledged: {who}")
        for (shard, number), who in self.looked_at.items():
            raise Wrong(f"SEEN AND GONE: {self.name} {shard} {number}: {who}")
        self.attempted.clear()  # What is not there now must never appear.
        self._check_reshards(shards, now)

    def _take(self, shard, row):
        where = f"{self.name} {shard} {row.number} {row.who}"
        if self.acknowledged.pop((shard, row.number), row.who) != row.who:
            raise Wrong(f"OTHER RECORD: {where} is not what was acknowledged under this number")
        if self.looked_at.pop((shard, row.number), row.who) != row.who:
            raise Wrong(f"OTHER RECORD: {where} is not what a reader saw under this number")
        if row.who in self.stored:
            raise Wrong(f"TWICE: {where}")
        if row.who not in self.attempted:
            raise Wrong(f"INVENTED: nobody put {where} in the life that just ended")
        self.stored.add(row.who)
        self.stored_count += 1
        self.last[shard] = row.number
        self.shelf.setdefault(shard, collections.deque()).append(row)

    def read_again(self, client):
        """From the first record on, in every shard: what is on the shelf and nothing else, but for
        rows that are old enough. Nobody may be putting meanwhile. Returns the rows that expired."""
        before = client.clock_ms()
        shards = self._shards(client)
        found = {shard: self.lie.again(shard, read_shard(client, self.name, shard, None))
                 for shard in shards}
        after = client.clock_ms()
        expired = []
        for shard, shelf in self.shelf.items():
            rows = found.pop(shard, [])
            first = rows[0].number if rows else None
            while shelf and shelf[0].number != first:
                row = shelf.popleft()
                if row.arrival + RETENTION_MS > after:
                    raise Wrong(f"GONE EARLY: {self.name} {shard} {row.number} {row.who}, "
                                f"{(after - row.arrival) / 3_600_000:.2f} h old")
                self.stored.discard(row.who)
                expired.append(row)
            for there, expected in zip(rows, shelf):
                if there != expected:
                    raise Wrong(f"CHANGED: {self.name} {shard}: {there}, it was {expected}")
            if len(rows) != len(shelf):
                raise Wrong(f"CHANGED: {self.name} {shard} has {len(rows)} records, "
                            f"{len(shelf)} are expected")
            if rows and rows[0].arrival + RETENTION_MS <= before:
                raise Wrong(f"SERVED LATE: {self.name} {shard} {rows[0]}: it had expired")
        for shard, rows in found.items():
            if rows:
                raise Wrong(f"INVENTED: {self.name} {shard} {rows[0]} was not there before")
        self.expired_count += len(expired)
        return expired

    # --- Reading ------------------------------------------------------------------------------

    def _shards(self, client):
        """Shard ids; the open ones must share all hash keys between them."""
        listed, token = [], {"StreamName": self.name}
        while token:
            page = client.kinesis("ListShards", **token)
            listed += page["Shards"]
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        listed = self.lie.shards(listed)
        ranges = sorted((int(shard["HashKeyRange"]["StartingHashKey"]),
                         int(shard["HashKeyRange"]["EndingHashKey"])) for shard in listed
                        if "EndingSequenceNumber" not in shard["SequenceNumberRange"])
        begin = 0
        for low, high in ranges:
            if low != begin:
                raise Wrong(f"HASH KEYS: {self.name}: {ranges} are not each hash key once")
            begin = high + 1
        if begin != HASH_KEYS:
            raise Wrong(f"HASH KEYS: {self.name}: {ranges} are not all hash keys")
        return {shard["ShardId"]: shard for shard in listed}

    def _check_reshards(self, shards, now):
        for parent, children in list(self.closed_by.items()):
            shelf = self.shelf.get(parent)
            if parent not in shards and (not shelf or shelf[-1].arrival + RETENTION_MS <= now):
                del self.closed_by[parent]
                continue
            born = [shard for shard in shards.values()
                    if parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))]
            is_closed = (parent in shards
                         and "EndingSequenceNumber" in shards[parent]["SequenceNumberRange"])
            if not is_closed or len(born) != children:
                raise Wrong(f"RESHARD UNDONE: {self.name} {parent} was closed, that was acknowledged")


def read_shard(client, stream, shard, after, protocol=CBOR, pages_max=None):
    """The records of a shard behind a sequence number (None: all), checked one by one."""
    start = ({"ShardIteratorType": "TRIM_HORIZON"} if after is None else
             {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after})
    iterator = client.kinesis("GetShardIterator", StreamName=stream, ShardId=shard,
                              **start)["ShardIterator"]
    rows, last, arrival = [], int(after or 0), 0
    while iterator is not None and pages_max != 0:
        page = client.kinesis("GetRecords", protocol, ShardIterator=iterator)
        for record in page["Records"]:
            who = payload.identify(record["Data"])
            number = record["SequenceNumber"]
            if who is None:
                raise Wrong(f"OTHER BYTES: {stream} {shard} {number}: {bytes(record['Data'][:60])}")
            if record["PartitionKey"] != payload.key_of(*who):
                raise Wrong(f"OTHER KEY: {stream} {shard} {number}: {record['PartitionKey']}")
            if int(number) <= last or record["ApproximateArrivalTimestamp"] < arrival:
                raise Wrong(f"OUT OF ORDER: {stream} {shard} {number} comes after {last}")
            last, arrival = int(number), record["ApproximateArrivalTimestamp"]
            rows.append(Row(number, who, arrival))
        iterator = page.get("NextShardIterator")
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            break
        pages_max = None if pages_max is None else pages_max - 1
    return rows


class SideStreams:
    """Streams that come and go under a few names, used again and again."""

    def __init__(self, names, lie):
        self.books = dict.fromkeys(names)  # name -> StreamBook of the incarnation that exists
        self.unsure = set()  # names of which a creation or a deletion was not answered
        self.incarnation = dict.fromkeys(names, 0)
        self.lie = lie
        self.numbers = {}  # producer -> its next number
        self.created = self.deleted = self.acknowledged_count = 0

    def next_number(self, producer, count):
        """The first of so many numbers that no record had yet."""
        first = self.numbers.get(producer, 0)
        self.numbers[producer] = first + count
        return first

    def begin_create(self, name):
        self.incarnation[name] += 1
        self.unsure.add(name)

    def created_now(self, name):
        self.unsure.discard(name)
        self.books[name] = StreamBook(name, self.lie)
        self.created += 1

    def begin_delete(self, name):
        self.unsure.add(name)

    def deleted_now(self, name):
        self.unsure.discard(name)
        self._forget(name)
        self.deleted += 1

    def producer_of(self, name):
        """Records say of which incarnation they are."""
        return f"{name}.{self.incarnation[name]}"

    def verify(self, client, main, now):
        listed, token = set(), {}
        while True:
            page = client.kinesis("ListStreams", **token)
            listed |= set(page["StreamNames"])
            if not page["HasMoreStreams"]:
                break
            token = {"ExclusiveStartStreamName": page["StreamNames"][-1]}
        listed = self.lie.streams(listed)
        if listed - set(self.books) - {main} or main not in listed:
            raise Wrong(f"STREAMS: {listed} exist, nobody made them like that")
        for name, book in self.books.items():
            if name not in self.unsure and (name in listed) != (book is not None):
                raise Wrong(f"LOST: stream {name} is gone" if book else
                            f"CAME BACK: stream {name} was deleted, that was acknowledged")
            if name not in listed:
                self._forget(name)
            elif book is None:  # Created without an answer.
                self.books[name] = StreamBook(name, self.lie)
        self.unsure.clear()
        for name, book in self.books.items():
            if book is not None:
                book.read_back(client, now)
                book.read_again(client)
            else:
                self._must_be_gone(client, name)

    def _must_be_gone(self, client, name):
        try:
            client.kinesis("DescribeStreamSummary", StreamName=name)
        except ServiceError as error:
            if "ResourceNotFound" in error.kind:
                return
            raise
        raise Wrong(f"CAME BACK: stream {name} was deleted and can be described")

    def _forget(self, name):
        book = self.books[name]
        self.acknowledged_count += book.acknowledged_count if book else 0
        self.books[name] = None

    def total_acknowledged(self):
        return self.acknowledged_count + sum(
            book.acknowledged_count for book in self.books.values() if book)
