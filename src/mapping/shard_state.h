#pragma once

#include "base/result.h"
#include "engine/log.h"
#include "ledger/books.h"
#include "mapping/lane.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::mapping {

/// What survives a restart of one mapping in one shard: stored as one mark, all or nothing.
struct ShardState {
  /// Everything before it is settled, and in the book.
  engine::Position checkpoint;
  /// The shard is closed and settled to its end: its children may be read.
  bool drained = false;
  ledger::ConsumerBook book;
  std::vector<ledger::FateRange> ahead;         ///< See Progress::ahead().
  std::vector<std::vector<StoredBatch>> lanes;  ///< One per lane; as many as parallelization says.

  std::string encode() const;
  /// fails     Errc::kCorrupt
  static Result<ShardState> decode(std::string_view bytes);
};

}  // namespace penstock::mapping
