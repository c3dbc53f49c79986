#pragma once

#include <cstdint>
#include <optional>

namespace penstock::stream {

inline constexpr std::int64_t kMebibyte = 1'048'576;

/// What a shard takes and gives in a second; 0: there is no such limit. The defaults are AWS's.
struct ShardLimits {
  std::int64_t write_records = 1'000;
  std::int64_t write_bytes = kMebibyte;  ///< Keys and data.
  std::int64_t read_calls = 5;           ///< GetRecords, of all readers together.
  std::int64_t read_bytes = 2 * kMebibyte;
  std::int64_t iterator_calls = 5;               ///< GetShardIterator.
  std::int64_t subscribe_bytes = 2 * kMebibyte;  ///< Of each consumer by itself.

  static constexpr ShardLimits none() { return {0, 0, 0, 0, 0, 0}; }
  bool limit_writes() const { return (write_records | write_bytes) != 0; }
  bool limit_reads() const { return (read_calls | read_bytes) != 0; }
  bool operator==(const ShardLimits&) const = default;
};

/// What one stream has of its own instead of the server's limits. Absent: as the server has it.
struct LimitOverrides {
  std::optional<std::int64_t> write_records;
  std::optional<std::int64_t> write_bytes;
  std::optional<std::int64_t> read_calls;
  std::optional<std::int64_t> read_bytes;
  std::optional<std::int64_t> iterator_calls;
  std::optional<std::int64_t> subscribe_bytes;
  std::optional<bool> call_rates;  ///< False: calls about this stream are not counted.
  bool operator==(const LimitOverrides&) const = default;
};

inline ShardLimits effective(const ShardLimits& server, const LimitOverrides& stream) {
  return {.write_records = stream.write_records.value_or(server.write_records),
          .write_bytes = stream.write_bytes.value_or(server.write_bytes),
          .read_calls = stream.read_calls.value_or(server.read_calls),
          .read_bytes = stream.read_bytes.value_or(server.read_bytes),
          .iterator_calls = stream.iterator_calls.value_or(server.iterator_calls),
          .subscribe_bytes = stream.subscribe_bytes.value_or(server.subscribe_bytes)};
}

}  // namespace penstock::stream
