#pragma once

#include "base/ids.h"
#include "base/time.h"
#include "stream/types.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace penstock::stream {

/// 64 bits of partition key and data: equal for a record that a producer sends again. Not for
/// security, and not stored anywhere where an accidental match would matter.
std::uint64_t fingerprint(std::string_view partition_key, std::string_view data);

/// What one call did to one shard.
struct ShardPutReport {
  std::uint32_t shard = 0;
  std::uint32_t stored = 0;
  std::uint32_t throttled = 0;
  std::uint32_t failed = 0;        ///< InternalFailure: may or may not have been written.
  std::uint64_t stored_bytes = 0;  ///< Keys and data.
};

/// An entry by fingerprint: throttled and failed ones always, stored ones only on request.
struct EntryReport {
  std::uint32_t shard = 0;
  PutFate fate = PutFate::kStored;
  std::uint64_t fingerprint = 0;
};

/// What became of all entries of one PutRecord or PutRecords call:
/// entries = rejected + the sums over `shards`. Everything in it lives as long as the call.
struct PutReport {
  const Caller& caller;
  const Tenant& tenant;     ///< Of the stream: an ARN may name another account.
  std::string_view stream;  ///< As far as known; empty when the request named none.
  LogId log;                ///< 0 when there is no such stream.
  ServiceTime at;
  std::size_t entries = 0;
  std::size_t rejected = 0;  ///< All of them, when the request as a whole was refused (HTTP 400).
  std::span<const ShardPutReport> shards;
  std::span<const EntryReport> fingerprints;
};

/// Told about every call once it is decided. Any loop, thread-safe, cheap: it is on the put path.
class PutObserver {
 public:
  virtual ~PutObserver() = default;
  virtual void put(const PutReport& report) = 0;
  /// Whether fingerprints of stored entries are wanted now: only while some wait to be recovered.
  virtual bool wants_stored_fingerprints() const = 0;
};

/// One GetRecords call that was answered or throttled, or one event of a subscription.
struct GetReport {
  const StreamName& stream;
  LogId log;
  std::uint32_t shard = 0;
  std::string_view consumer;  ///< Whose subscription it is; empty for GetRecords.
  bool throttled = false;
  std::size_t records = 0;
  std::size_t bytes = 0;
  std::int64_t millis_behind_latest = 0;
};

/// For metrics. Any loop, thread-safe.
class GetObserver {
 public:
  virtual ~GetObserver() = default;
  virtual void got(const GetReport& report) = 0;
};

}  // namespace penstock::stream
