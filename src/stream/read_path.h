#pragma once

#include "base/result.h"
#include "base/task.h"
#include "stream/directory.h"
#include "stream/record_source.h"
#include "stream/stream_service.h"
#include "stream/token.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  /// Where a reader begins, by GetShardIterator's rules and in its words.
  struct Start {
    LiveStreamPtr stream;
    std::uint32_t shard = 0;
    ShardStamp stamp;
    engine::Position from;
    ShardRef ref() const { return {stream->entry.log, shard}; }
  };
  Task<Result<Start>> start(StreamName stream, GetShardIterator request) const;

  /// What one read gives, charged to the memory for replies.
  struct Page {
    engine::Slice slice;
    Budget::Share charge;
    bool end = false;  ///< Of a closed shard: `children` are all there will be.
    std::vector<ChildShard> children;
    std::int64_t millis_behind = 0;
    std::shared_ptr<const Encryption> encryption;  ///< Null when no record was ever encrypted.
  };
  /// fails     StreamErrc::kNotFound, Errc::kUnavailable when memory is spent, the engine's
  Task<Result<Page>> page(ShardRef shard, engine::Position from, engine::ReadLimits limits) const;
  /// How old what was read last is, while more lies behind `next`; else 0.
  std::int64_t millis_behind(ShardRef shard, engine::Position next, ServiceTime read_last) const;
  /// For whoever counts reads. Without a page: it was refused for the shard's limits.
  void report(const LiveStream& stream, std::uint32_t shard, const Page* page,
              std::string_view consumer = {}) const;

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
  Task<Result<engine::Position>> numbered(Place place, GetShardIterator request) const;
  Status check_timestamp(const GetShardIterator& request) const;
  Task<Result<engine::Position>> position(Place place, GetShardIterator request) const;
  /// Charges the page; it gets shorter until it fits. fails: Errc::kUnavailable.
  Status charge(Page& page) const;

  const StreamParts& parts_;
  const Directory& directory_;
  const TokenMaker& tokens_;
};

}  // namespace penstock::stream
