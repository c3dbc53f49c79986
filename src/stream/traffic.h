#pragma once

#include "stream/types.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace penstock::stream {

/// What a shard took in since the server started. Counted by every put without a lock; whoever
/// wants a rate looks twice.
struct ShardTraffic {
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> bytes{0};    ///< Keys and data.
  std::atomic<std::uint64_t> refused{0};  ///< Entries beyond the shard's limits.

  void took(std::uint64_t count, std::uint64_t size) {
    records.fetch_add(count, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
  }
  void refuse(std::uint64_t count) { refused.fetch_add(count, std::memory_order_relaxed); }
};

/// The counters of one shard at a moment.
struct TrafficOfShard {
  std::uint32_t shard = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t refused = 0;
};

struct StreamTraffic {
  std::vector<TrafficOfShard> shards;  ///< Every shard that is kept, in the order of numbers.
  std::int64_t write_records = 0;      ///< A second and shard; 0: no limit.
  std::int64_t write_bytes = 0;
};

}  // namespace penstock::stream
