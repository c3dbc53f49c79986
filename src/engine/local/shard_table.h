#pragma once

#include "engine/local/shard.h"

#include <map>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace penstock::engine::local {

/// Every shard that exists. Thread-safe.
class ShardTable {
 public:
  /// Null when there is none.
  std::shared_ptr<Shard> find(ShardRef ref) const;
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
  mutable std::shared_mutex mutex_;
  std::unordered_map<ShardRef, std::shared_ptr<Shard>> by_ref_;
  std::map<LogId, std::uint32_t> counts_;
};

}  // namespace penstock::engine::local
