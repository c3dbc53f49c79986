#pragma once

#include "base/result.h"
#include "base/task.h"
#include "stream/directory.h"
#include "stream/record_source.h"
#include "stream/stream_service.h"
#include "stream/token.h"

#include <string>

namespace penstock::stream {

/// Reads: iterators, pages, and what mappings read without limits. Any loop.
///
/// Retention holds for readers at once: whatever the log still has of expired records is passed
/// over here and removed later.
class ReadPath {
 public:
  ReadPath(const StreamParts& parts, const Directory& directory, const TokenMaker& tokens)
      : parts_(parts), directory_(directory), tokens_(tokens) {}

  Task<Result<std::string>> get_shard_iterator(Caller caller, GetShardIterator request) const;
  Task<Result<GetRecordsReply>> get_records(Caller caller, GetRecords request) const;

  /// Records inside retention, from `from` on. fails: StreamErrc::kNotFound, the engine's.
  Task<Result<engine::Slice>> read(ShardRef shard, engine::Position from,
                                   engine::ReadLimits limits) const;
  /// The oldest record inside retention; Bounds::next when there is none.
  Task<Result<engine::Position>> trim_horizon(ShardRef shard) const;
  /// The first record that arrived at `at` or later, inside retention.
  Task<Result<engine::Position>> at_timestamp(ShardRef shard, ServiceTime at) const;

 private:
  struct Place;
  Result<Place> find_shard(const StreamName& name, std::uint32_t number) const;
  /// The position a starting sequence number names in this shard.
  Result<engine::Position> numbered(const Place& place, const GetShardIterator& request) const;
  Result<engine::Position> timed(const Place& place, const GetShardIterator& request) const;
  Task<Result<engine::Position>> start(Place place, GetShardIterator request) const;
  std::int64_t millis_behind(ShardRef shard, const engine::Slice& slice, ServiceTime now) const;
  /// Charges the page; it gets shorter until it fits. fails: Errc::kUnavailable.
  Status charge(GetRecordsReply& page) const;
  void report(const LiveStream& stream, std::uint32_t shard, const GetRecordsReply* reply) const;

  const StreamParts& parts_;
  const Directory& directory_;
  const TokenMaker& tokens_;
};

}  // namespace penstock::stream
