#include "stream/option_changes.h"
#include "stream/parts.h"
#include "stream/texts.h"

/// What StreamService offers to set on a stream: each a pure change of its entry, committed.
namespace penstock::stream {

using Holds = Catalog::Holds;

Task<Status> StreamService::set_max_record(Caller caller, StreamTarget target, std::int64_t kib) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  CO_TRY_OK(co_await parts_->catalog.change(name, Holds::kAfterUpdating, [kib](StreamEntry& entry) {
    return change_max_record(entry, kib);
  }));
  co_return ok();
}

Task<Status> StreamService::set_distribution(Caller caller, StreamTarget target,
                                             Distribution distribution) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  CO_TRY_OK(co_await parts_->catalog.change(
      name, Holds::kAtOnce,
      [distribution](StreamEntry& entry) { return change_distribution(entry, distribution); }));
  co_return ok();
}

Task<Result<MetricsReply>> StreamService::set_metrics(Caller caller, StreamTarget target,
                                                      MetricSet named, Switch to) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  MetricsChange change;
  CO_TRY(const LiveStreamPtr live,
         co_await parts_->catalog.change(name, Holds::kAfterUpdating,
                                         [&change, named, to](StreamEntry& entry) -> Status {
                                           change = change_metrics(entry, named, to);
                                           return ok();
                                         }));
  co_return MetricsReply{.name = name, .arn = live->arn, .change = change};
}

Task<Status> StreamService::set_encryption(Caller caller, StreamTarget target,
                                           std::string_view key_id, Switch to) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const EncryptionMoment at = parts_->encryption_moment();
  CO_TRY_OK(co_await parts_->catalog.change(
      name, Holds::kAfterUpdating,
      [key_id, at, to](StreamEntry& entry) {
        return to == Switch::kOn ? start_encryption(entry, key_id, at)
                                 : stop_encryption(entry, key_id, at);
      },
      kSwitchAhead));
  co_return ok();
}

}  // namespace penstock::stream
