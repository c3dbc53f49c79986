#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::engine {

/// A place in a shard: ordered, otherwise opaque; there may be gaps. The first record of a shard
/// is at 1 or later, so that "before everything" is 0.
struct Position {
  std::uint64_t index = 0;
  auto operator<=>(const Position&) const = default;
  bool operator==(const Position&) const = default;
};

/// The ownership under which one writes. An engine refuses writes under a fence that is over.
struct Fence {
  std::uint64_t epoch = 0;
  auto operator<=>(const Fence&) const = default;
  bool operator==(const Fence&) const = default;
};

struct NewRecord {
  std::string_view key;   ///< Partition key, at most 1,024 bytes.
  std::string_view data;  ///< At most 10 MiB.
};

/// A stored record. The views live as long as the Slice's pin.
struct Record {
  Position at;
  ServiceTime arrival;
  std::string_view key;
  std::string_view data;
};

struct Appended {
  Position first;       ///< Of the first record; the others follow one by one.
  ServiceTime arrival;  ///< What the shard recorded: `arrival` asked for, or the last one if later.
};

/// One shard's part of a request.
struct Append {
  ShardRef shard;
  Fence fence;
  std::span<const NewRecord> records;
  ServiceTime arrival;
  Result<Appended> outcome = Appended{};  ///< Filled when the append task completes.
};

struct ReadLimits {
  std::size_t records_max = 10'000;
  std::size_t bytes_max = 10u << 20;  ///< Keys and data; one record is returned even beyond it.
};

/// What a read found, in order, all of it durable.
struct Slice {
  std::vector<Record> records;
  Position next;  ///< Where to read on: behind the last record, or where `from` was moved to.
  bool end_of_shard = false;        ///< The shard is sealed and nothing lies at or behind `next`.
  bool trimmed = false;             ///< `from` lay before the horizon and was moved to it.
  std::size_t bytes = 0;            ///< Keys and data of the records.
  std::shared_ptr<const void> pin;  ///< Keeps the records' memory.
};

struct Bounds {
  Position horizon;  ///< The first position that can still be read.
  Position next;     ///< Behind the last durable record: what LATEST means.
  bool sealed = false;
  std::uint64_t trimmed_records = 0;   ///< Records that trims have removed, ever.
  std::uint64_t appended_records = 0;  ///< Durable records, ever: the log's own count of "stored".
  /// Of [horizon, next): a start, or whoever read there, found them unreadable. Reading there is
  /// kCorrupt.
  std::uint64_t damaged_records = 0;
};

/// Ends the watching when it goes. May be destroyed on the loop it was made on only.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

/// The data plane: shards of records in order. Every call may be made on any loop and completes on
/// it.
///
/// Visibility: a record is acknowledged, and seen by read, bounds and wait, when it and everything
/// before it in its shard is durable. Staged records are never served.
class Log {
 public:
  virtual ~Log() = default;

  /// Appends each element's records to its shard, in order, and completes when all of them are
  /// durable or failed, each with its own outcome. Within one shard, appends are stored in the
  /// order of the calls on a loop. The spans must live until the task has completed.
  ///
  /// fails     kNotOwner, kSealed, kUnavailable, kUnknownOutcome, kNoSpace, kFailed, kNoSuchShard
  ///
  /// cancel    safe before the first suspension; afterwards it runs to its end.
  virtual Task<> append(std::span<Append> appends) = 0;

  /// Records from `from` on, under limits; may be empty and may stop early. Never waits for data.
  /// A position before the horizon is moved to it, and the slice says so.
  virtual Task<Result<Slice>> read(ShardRef shard, Position from, ReadLimits limits) = 0;

  /// Calls `wake` on the calling loop whenever something durable lies at or behind `from`, or the
  /// shard was sealed, dropped: once now if so already, and once for each later change. Look again,
  /// then wait.
  virtual std::unique_ptr<Subscription> watch(ShardRef shard, Position from,
                                              std::function<void()> wake) = 0;

  /// The first record whose arrival is not before `at`; Bounds::next when there is none.
  virtual Task<Result<Position>> locate(ShardRef shard, ServiceTime at) = 0;

  virtual Result<Bounds> bounds(ShardRef shard) const = 0;

  /// Records before `before` are gone for readers when this completes, for good once durable.
  virtual Task<Status> trim(ShardRef shard, Position before) = 0;

  /// Makes shards 0..count-1 of a log exist. Idempotent; the count only grows.
  virtual Task<Status> ensure(LogId log, std::uint32_t shard_count) = 0;

  /// Says that this node serves the shard from now on (Kafka: writes an epoch record).
  virtual Task<Status> open(ShardRef shard, Fence fence) = 0;

  /// Closes the shard for good, durably; the position behind its last record. Idempotent.
  virtual Task<Result<Position>> seal(ShardRef shard, Fence fence) = 0;

  /// Removes a log with all its shards, durably. Readers that hold slices keep them.
  virtual Task<Status> drop(LogId log) = 0;

  /// Shards that exist, for reconciliation at start.
  virtual std::vector<ShardRef> shards() const = 0;
};

}  // namespace penstock::engine
