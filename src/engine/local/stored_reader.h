#pragma once

#include "base/result.h"
#include "base/task.h"
#include "engine/local/chunk.h"
#include "engine/local/shard.h"
#include "engine/log.h"
#include "env/worker.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace penstock::engine::local {

/// Reads what is at rest: runs of blocks, in pieces of up to 1 MiB, past the page cache, into
/// recycled memory that is charged to the budget. What was read is kept for a while, for readers
/// that go on in the middle of it and for those close behind. A reader that goes on where a page
/// ended has the next page read while it takes this one.
///
/// One thread reads, in the order asked: whoever finds a block still to be read waits behind it.
class StoredReader {
 public:
  /// Told of a block that could not be read. On the reader's thread.
  using Unreadable = std::function<void(Shard&, const StoredBlock&, const Error&)>;
  /// `kept_bytes_max`: of the pieces kept, those ahead of their readers included.
  StoredReader(env::Workers& workers, std::shared_ptr<ChunkPool> pool, std::size_t kept_bytes_max,
               Unreadable unreadable);
  ~StoredReader();

  /// A slice of the blocks of `read`, which `shard` gave. Damage, or spent memory, behind the first
  /// block makes it shorter; the first one is read in any case: readers must get on. When that is
  /// damaged the shard is told.
  Task<Result<Slice>> read(std::shared_ptr<Shard> shard, Shard::BlockRead read, ReadLimits limits);
  /// The first record in the read's block, at or behind read.from, whose arrival is not before
  /// `at`.
  Task<Result<Position>> locate(std::shared_ptr<Shard> shard, Shard::BlockRead read,
                                ServiceTime at);

  /// Lets go of what is kept. Any thread.
  void clear();
  /// Pieces kept, and reads of the disk so far. For tests.
  struct Counts {
    std::size_t kept_bytes = 0;
    std::uint64_t pieces_read = 0;
  };
  Counts counts() const;

 private:
  class Pieces;
  struct Piece;
  struct Held;
  Task<Result<std::vector<Held>>> load(std::shared_ptr<Shard> shard,
                                       std::vector<StoredBlock> blocks);
  void read_ahead(const Shard& shard, Position from, std::size_t bytes);

  std::shared_ptr<Pieces> pieces_;
  const Unreadable unreadable_;
  std::unique_ptr<env::Worker> worker_;  ///< Last: its thread ends before what it works on goes.
};

}  // namespace penstock::engine::local
