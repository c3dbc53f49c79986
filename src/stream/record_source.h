#pragma once

#include "base/hash_key.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "engine/log.h"
#include "stream/sequence_number.h"
#include "stream/types.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

/// A stream as mappings and the ledger see it. `log` names this incarnation: a stream that was
/// deleted and made again under its name has another.
struct SourceStream {
  LogId log;
  StreamName name;
  std::string arn;
  StreamStatus status = StreamStatus::kActive;
  ServiceTime created;
  Millis retention{};
};

/// A consumer of enhanced fan-out that is named as a source.
enum class SourceConsumer : std::uint8_t { kMissing, kNotActive, kActive };

struct SourceShard {
  ShardRef ref;
  std::vector<std::uint32_t> parents;  ///< Numbers; a parent may have expired and not be listed.
  HashKeyRange range;
  ServiceTime created;
  SequenceNumber starting;
  std::optional<SequenceNumber> ending;  ///< Set once closed.
  std::optional<ServiceTime> closed;
  ShardStamp stamp() const { return {ref.shard, starting.created_s}; }
};

struct SourceRecord {
  SequenceNumber number;
  ServiceTime arrival;
  std::string_view key;  ///< As long as the slice.
  std::string_view data;
  engine::Position at() const { return {number.index}; }
};

struct SourceSlice {
  std::vector<SourceRecord> records;
  engine::Position next;      ///< Where to read on.
  bool end_of_shard = false;  ///< Closed, and nothing lies at or behind `next`.
  bool trimmed = false;       ///< The position had left retention; reading went on at the horizon.
  std::size_t bytes = 0;
  std::shared_ptr<const void> pin;
};

/// The log's own count of a shard's records: `stored` is the left side of the ledger's law.
struct ShardCounts {
  std::uint64_t stored = 0;   ///< Durable records, ever.
  std::uint64_t expired = 0;  ///< Of these, removed by retention.
  std::uint64_t damaged = 0;  ///< Stored, not expired, and unreadable.
  engine::Position horizon;
  engine::Position next;
};

/// What mappings and the ledger need of streams; the simulator may model it. Reads here do not use
/// up a shard's read limits. Control loop only. Errors: StreamErrc::kNotFound when stream or shard
/// is gone, else the engine's.
///
/// A position is the engine's; of a record it is SequenceNumber::index.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  /// The stream that an ARN names now, in any status.
  virtual std::optional<SourceStream> resolve(std::string_view stream_arn) const = 0;
  virtual std::optional<SourceStream> find(LogId log) const = 0;
  /// Whether there is a consumer of this ARN, and it may read its stream. Changes are told by
  /// watch_streams().
  virtual SourceConsumer consumer(std::string_view consumer_arn) const = 0;
  /// In the order of tenant and name.
  virtual std::vector<SourceStream> streams() const = 0;
  /// In the order of numbers; without expired ones, since those hold no record any more. Empty
  /// while CREATING.
  virtual Result<std::vector<SourceShard>> shards(LogId log) const = 0;

  /// May be empty and may stop early; never waits. Records older than retention are not given.
  virtual Task<Result<SourceSlice>> read(ShardRef shard, engine::Position from,
                                         engine::ReadLimits limits) = 0;

  /// The oldest record still kept.
  virtual Task<Result<engine::Position>> trim_horizon(ShardRef shard) = 0;
  /// Behind the last record that is durable now.
  virtual Result<engine::Position> latest(ShardRef shard) const = 0;
  /// The first record that arrived at `at` or later; latest() when there is none.
  virtual Task<Result<engine::Position>> at_timestamp(ShardRef shard, ServiceTime at) = 0;
  /// Directly behind a number of this shard.
  static engine::Position after(const SequenceNumber& number) { return {number.index + 1}; }

  /// Calls `wake` when there is something at or behind `from`, the shard was closed or the stream
  /// removed: once now if so, and after each later change. Look again, then wait.
  virtual std::unique_ptr<engine::Subscription> watch(ShardRef shard, engine::Position from,
                                                      std::function<void()> wake) = 0;
  /// Calls `changed` after any change of the list of streams or of their shards (created, closed,
  /// expired, removed), or after a consumer has gone.
  virtual std::unique_ptr<engine::Subscription> watch_streams(std::function<void()> changed) = 0;

  virtual Result<ShardCounts> counts(ShardRef shard) const = 0;
};

}  // namespace penstock::stream
