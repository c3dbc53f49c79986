#pragma once

#include "base/result.h"
#include "engine/local/commit.h"
#include "engine/local/data_folder.h"
#include "engine/local/documents.h"
#include "engine/local/frame.h"
#include "engine/local/shard_table.h"

#include <cstdint>
#include <functional>

namespace penstock::engine::local {

/// What a snapshot holds, and what it is restored into.
struct State {
  Documents& documents;
  MarkTable& marks;
  ShardTable& shards;
};

/// Writes state/<as_of.number>.snapshot: documents, marks and shards, in pieces that are sealed
/// like commits, the last one with kCommitLast. Blocking; durable under its name when it returns.
///
/// It is taken while commits go on, a page at a time: it holds all effects of commits up to
/// `as_of`, and some of those up to `through()`, which is asked at the end and makes those commits
/// durable. Replaying everything behind `as_of` up to there makes it exact.
Status write_snapshot(const DataFolder& folder, const CommitHeader& as_of, std::uint64_t epoch,
                      const State& state, const std::function<Result<std::uint64_t>()>& through,
                      bool direct);

struct LoadedSnapshot {
  CommitHeader as_of;
  SnapshotFrame facts;
};
/// Restores it. kCorrupt names the file.
Result<LoadedSnapshot> load_snapshot(const DataFolder& folder, std::uint64_t number,
                                     const State& state);

}  // namespace penstock::engine::local
