#pragma once

#include "base/hash_key.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Draws the shards of a stream for people. Pure: what is drawn and how wide are arguments.
namespace penstock::cli {

/// What a shard takes in, a second.
struct ShardLoad {
  double records = 0;
  double bytes = 0;
  double refused = 0;
};

/// What a shard may take in, a second; 0: as much as there is.
struct ShardLimits {
  double records = 1'000;
  double bytes = 1'048'576;
};

/// The share of its limits that a shard uses: of records or of bytes, whichever is more.
double use_of(const ShardLoad& load, const ShardLimits& limits);

struct DrawnShard {
  std::uint64_t number = 0;
  HashKeyRange range;
  bool open = true;
  std::vector<std::uint64_t> parents;  ///< One after a split, two after a merge.
  std::optional<ShardLoad> load;       ///< Where it is known.
};

/// The key space from end to end on three lines: a ruler, a bar in which each open shard has its
/// share and a height for what it uses, and numbers of shards where there is room for them.
std::string draw_key_space(const std::vector<DrawnShard>& shards, const ShardLimits& limits,
                           std::size_t width);

/// A row for each open shard in the order of keys; groups of neighbours where there are more than
/// `rows_max`. Columns that do not fit are left out.
std::string draw_open_shards(const std::vector<DrawnShard>& shards, const ShardLimits& limits,
                             std::size_t width, std::size_t rows_max);

/// What became of closed shards: "0 split into 1 and 2", the newest `lines_max`.
std::string draw_lineage(const std::vector<DrawnShard>& shards, std::size_t lines_max);

/// 1536 as "1.5 KiB".
std::string with_unit(double bytes);

}  // namespace penstock::cli
