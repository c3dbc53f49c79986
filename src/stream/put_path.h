#pragma once

#include "base/result.h"
#include "base/task.h"
#include "stream/directory.h"
#include "stream/stream_service.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace penstock::stream {

/// Puts: check, route by hash key, charge the limits, append, number. Any loop.
///
/// No lock is held across a suspension. A shard that is closed under a put (a reshard was faster)
/// gives its entries back; they are routed again once the children are known.
class PutPath {
 public:
  PutPath(const StreamParts& parts, const StreamSettings& settings, Directory& directory)
      : parts_(parts), settings_(settings), directory_(directory) {}

  Task<Result<PutRecordReply>> put_record(Caller caller, PutRecord request);
  Task<Result<PutRecordsReply>> put_records(Caller caller, PutRecords request);
  void put_refused(const Caller& caller, const StreamTarget& target, std::size_t entries);

 private:
  struct Lists;
  class ListsLease;
  struct Call;
  /// Everything that refuses a call as a whole; `keys` gets each entry's hash key.
  Result<LiveStreamPtr> check(const Caller& caller, const StreamTarget& target,
                              std::span<const PutEntry> entries, bool single,
                              std::vector<HashKey>& keys) const;
  Status check_ordering(std::string_view number, const LiveStream& stream) const;
  Task<> store(Call& call);
  static void order_by_shard(Call& call);
  void settle(Call& call);
  /// Says once that a shard's appends fail, and once that they no longer do.
  void note(const Call& call, const LiveStream::Shard& shard, const engine::Append& append) const;
  static void prefetch_ahead(const Call& call, std::size_t now);
  void admit(Call& call);
  static void order_by_outcome(Lists& lists);
  void report(const Call& call) const;
  void report_refused(const Caller& caller, const Tenant& tenant, std::string_view stream,
                      LogId log, std::size_t entries) const;

  const StreamParts& parts_;
  const StreamSettings& settings_;
  Directory& directory_;
};

}  // namespace penstock::stream
