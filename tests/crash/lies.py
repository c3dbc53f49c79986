"""Lies that prove that the books can find something: each is told once, and must be found.

Truth is what every run uses. The others change one thing: in what the server answers, in what the
function remembers, or on the server's disk between a kill and the next start.
"""

import glob
import os
import shutil
import struct


class Truth:
    name, found_as = "truth", None

    def rows(self, shard, rows, acknowledged):
        """What was read of a shard after a start, behind what had been read before; and what was
        acknowledged of it, by (shard, sequence number)."""
        return rows

    def again(self, shard, rows):
        """The same, when a shard is read from its first record on."""
        return rows

    def shards(self, listed):
        return listed

    def streams(self, names):
        return names

    def verdict(self, verdict):
        return verdict

    def forgets_batch(self):
        return False

    def life(self, life):
        """Where a reader finds the server."""
        return life

    def folder(self, path):
        """Called between a kill and the next start."""

    def is_waiting(self):
        """For a chance to be told: the run goes on until then."""
        return False


class Lie(Truth):
    """Is told once, at a chance of its kind; `after` so many that it let pass."""

    after = 8

    def __init__(self):
        self.chances = 0
        self.told = False

    def now(self, possible=True):
        if self.told or not possible:
            return False
        self.chances += 1
        self.told = self.chances > self.after
        return self.told

    def is_waiting(self):
        return not self.told


class DroppedRecord(Lie):
    name, found_as = "an acknowledged record is not given back", "LOST"

    def rows(self, shard, rows, acknowledged):
        told = [row for row in rows if (shard, row.number) in acknowledged]
        return [row for row in rows if row != told[0]] if self.now(len(told) > 3) else rows


class DoubledRecord(Lie):
    name, found_as = "a record is stored a second time", "TWICE"

    def rows(self, shard, rows, acknowledged):
        if not self.now(len(rows) > 3):
            return rows
        return rows + [rows[-1]._replace(number=str(int(rows[-1].number) + (1 << 80)))]


class ExchangedRecords(Lie):
    name, found_as = "two records change places", "OTHER RECORD"

    def rows(self, shard, rows, acknowledged):
        if not self.now(len(rows) > 3 and (shard, rows[0].number) in acknowledged):
            return rows
        a, b = rows[:2]
        return [a._replace(who=b.who), b._replace(who=a.who)] + rows[2:]


class ResurrectedRecord(Lie):
    name, found_as = "a record of an earlier life appears late", "INVENTED"

    def rows(self, shard, rows, acknowledged):
        if not self.now(len(rows) > 3):
            return rows
        late = rows[-1]._replace(number=str(int(rows[-1].number) + (1 << 80)),
                                 who=(rows[-1].who[0], 10_000_000))
        return [*rows, late]


class ExpiredEarly(Lie):
    name, found_as = "records expire before their time", "GONE EARLY"
    after = 0

    def again(self, shard, rows):
        return rows[len(rows) // 2 + 1:] if self.now(len(rows) > 3) else rows


class ChangedLater(Lie):
    name, found_as = "a record is another one when it is read again", "CHANGED"
    after = 0

    def again(self, shard, rows):
        if not self.now(len(rows) > 3):
            return rows
        return rows[:2] + [rows[2]._replace(arrival=rows[2].arrival + 1)] + rows[3:]


class StreamCameBack(Lie):
    name, found_as = "a deleted stream comes back", "CAME BACK"
    after = 3

    def __init__(self):
        super().__init__()
        self.known = set()

    def streams(self, names):
        gone = self.known - names
        self.known |= names
        return names | gone if self.now(bool(gone)) else names


class StreamLost(Lie):
    name, found_as = "a stream is gone that nobody deleted", "LOST: stream"
    after = 2

    def streams(self, names):
        side = sorted(name for name in names if name.startswith("side"))
        return names - {side[0]} if self.now(bool(side)) else names


class ReshardUndone(Lie):
    name, found_as = "a child of an acknowledged reshard is gone", "HASH KEYS"
    after = 2

    def shards(self, listed):
        possible = any("ParentShardId" in shard for shard in listed)
        return listed[:-1] if self.now(possible) else listed


class ForgottenBatch(Lie):
    name, found_as = "a checkpoint is ahead of what the function saw", "NEVER DELIVERED"

    def forgets_batch(self):
        return self.now()


class Unbalanced(Lie):
    name, found_as = "the audit has one record too few", "AUDIT"
    after = 0

    def is_waiting(self):
        return False  # The audit is looked at when the run is over.

    def verdict(self, verdict):
        return verdict | {"unaccounted": 1} if self.now() else verdict


class CutOff(Lie):
    name, found_as = "a reader finds no server while there is one", "CUT OFF"
    after = 2

    def life(self, life):
        return Nowhere(life) if self.now() else life


class Nowhere:
    """A life on a port where nobody listens: 1 is the system's."""

    def __init__(self, life):
        self.port, self.is_over = 1, life.is_over


class FolderSetBack(Lie):
    """Real loss, which a server cannot notice: the disk goes back to where it was one kill ago."""

    name, found_as = "the whole folder is set back by one life", "LOST"
    after = 2

    def folder(self, path):
        copy = path + ".earlier"
        if self.now():
            shutil.rmtree(path)
            shutil.move(copy, path)
            return
        shutil.rmtree(copy, ignore_errors=True)
        if not self.told:
            shutil.copytree(path, copy)


class JournalCutOff(Lie):
    """Real loss: the last commits of the journal are zeros, as if they had never been written."""

    name, found_as = "the end of the journal was never written", ("LOST", "REFUSED")
    after = 2

    def folder(self, path):
        if not self.now():
            return
        files = {file: commits_of(file)
                 for file in glob.glob(os.path.join(path, "journal", "*.journal"))}
        newest = max(files, key=lambda file: max(files[file], default=(0, 0)))
        _, begin = sorted(files[newest])[-20:][0]
        size = os.path.getsize(newest)
        with open(newest, "r+b") as file:
            file.seek(begin)
            file.write(bytes(size - begin))


def commits_of(path):
    """(number, offset) of the commits in a file of the journal: docs/disk-format.md."""
    own_number = int(os.path.basename(path).split(".")[0], 16)
    commits = []
    with open(path, "rb") as file:
        content = file.read()
    for offset in range(0, len(content), 4096):
        magic, _, number, in_file = struct.unpack_from("<4sIQQ", content, offset)
        if magic == b"PSC1" and in_file == own_number:
            commits.append((number, offset))
    return commits


ALL = [DroppedRecord, DoubledRecord, ExchangedRecords, ResurrectedRecord, ExpiredEarly, ChangedLater,
       StreamCameBack, StreamLost, ReshardUndone, ForgottenBatch, Unbalanced, CutOff,
       FolderSetBack, JournalCutOff]
