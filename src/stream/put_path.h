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
  struct Checked;
  struct Call;
  /// Everything that refuses a call as a whole. `path` is the entry's place in messages.
  Result<Checked> check(const Caller& caller, const StreamTarget& target,
                        std::span<const PutEntry> entries, bool single) const;
  Task<> store(Call& call);
  Task<> store_round(Call& call, std::vector<std::uint32_t> entries);
  void admit(Call& call, std::span<const std::uint64_t> order);
  void report(const Call& call) const;
  void report_refused(const Caller& caller, const Tenant& tenant, std::string_view stream,
                      LogId log, std::size_t entries) const;

  const StreamParts& parts_;
  const StreamSettings& settings_;
  Directory& directory_;
};

}  // namespace penstock::stream
