#pragma once

#include "engine/local/shard.h"

#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <vector>

namespace penstock::engine::local {

/// Every shard that exists. Thread-safe.
class ShardTable {
 public:
  /// Null when there is none.
  std::shared_ptr<Shard> find(ShardRef ref) const;
  /// The same for many, in their order.
  void find_each(std::span<const Append> appends, std::vector<std::shared_ptr<Shard>>& into) const;
  /// Adds shards 0..count-1 of a log that are missing.
  void ensure(LogId log, std::uint32_t count);
  void add(const ShardState& state);
  /// Takes a log's shards out; they live on in whoever holds them.
  std::vector<std::shared_ptr<Shard>> remove(LogId log);
  std::vector<std::shared_ptr<Shard>> of(LogId log) const;
  std::uint32_t count(LogId log) const;
  /// In the order of their refs.
  std::vector<std::shared_ptr<Shard>> all() const;

 private:
  using Shards = std::vector<std::shared_ptr<Shard>>;  ///< By number.
  const Shards* of_log(LogId log) const;

  mutable std::shared_mutex mutex_;
  std::map<LogId, Shards> by_log_;
};

}  // namespace penstock::engine::local
