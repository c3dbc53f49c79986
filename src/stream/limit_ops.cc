#include "stream/errors.h"
#include "stream/parts.h"
#include "stream/texts.h"

/// Limits: those of a stream's shards, which can be set for each, and the rates of calls.
namespace penstock::stream {

Task<Status> StreamService::set_limits(StreamName name, LimitOverrides limits) {
  CO_TRY_OK(co_await parts_->catalog.change(std::move(name), Catalog::Holds::kAtOnce,
                                            [limits](StreamEntry& entry) -> Status {
                                              entry.options.limits = limits;
                                              return ok();
                                            }));
  co_return ok();
}

Result<StreamLimits> StreamService::limits_of(const StreamName& name) const {
  const LiveStreamPtr stream = parts_->directory.find(name);
  if (stream == nullptr) return stream_not_found(name);
  return StreamLimits{.own = stream->entry.options.limits, .effective = stream->limits};
}

bool StreamService::counts_calls_of(std::string_view operation) const {
  return parts_->call_rates.has(operation);
}

Status StreamService::admit_call(const Caller& caller, std::string_view operation,
                                 const StreamTarget& target) {
  const ServiceTime now = parts_->given.clocks.service_now();
  // What names no stream, or none that could be, is for the operation to refuse.
  const Result<StreamName> name = resolve_target(caller, target);
  if (!name.ok()) {
    if (parts_->call_rates.admit(caller.tenant, operation, {}, now)) return ok();
    return Error{StreamErrc::kLimitExceeded,
                 "Rate exceeded for account " + caller.tenant.account + "."};
  }
  const LiveStreamPtr stream = parts_->directory.find(*name);
  if (stream != nullptr && stream->entry.options.limits.call_rates == false) return ok();
  if (parts_->call_rates.admit(name->tenant, operation, name->name, now)) return ok();
  return rate_exceeded(*name);
}

}  // namespace penstock::stream
