#include "env/clocks.h"
#include "stream/catalog.h"
#include "stream/day_quota.h"
#include "stream/errors.h"
#include "stream/parts.h"
#include "stream/texts.h"

/// Capacity that is not counted in shards by its user: modes, and warm throughput.
namespace penstock::stream {
namespace {

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }
Error limit(std::string text) { return {StreamErrc::kLimitExceeded, std::move(text)}; }

}  // namespace

std::int64_t StreamSettings::on_demand_shards_max_of(std::string_view region) const {
  if (on_demand_shards_max != 0) return on_demand_shards_max;
  const bool is_large = region == "us-east-1" || region == "us-west-2" || region == "eu-west-1";
  return is_large ? 10'240 : 200;
}

Status Catalog::check_warm(const StreamName& name, std::int64_t mibps) const {
  if (!accounts_.has_advantage(name.tenant)) {
    return invalid(
        "WarmThroughputMiBps needs a minimum throughput billing commitment, which account " +
        name.tenant.account + " does not have in " + name.tenant.region +
        " (UpdateAccountSettings makes one).");
  }
  const std::int64_t most = settings_.on_demand_shards_max_of(name.tenant.region);
  if (mibps <= most) return ok();
  return limit("WarmThroughputMiBps can be at most " + std::to_string(most) + " in " +
               name.tenant.region + ". Requested: " + std::to_string(mibps) + ".");
}

Status Catalog::check_on_demand_quota(const Tenant& tenant) const {
  std::int64_t streams = 0;
  for (const auto& [name, stream] : directory_.snapshot()->by_name) {
    if (name.tenant == tenant && stream->entry.mode == StreamMode::kOnDemand) ++streams;
  }
  streams += std::count_if(being_made_.begin(), being_made_.end(), [&](const BeingMade& made) {
    return made.name.tenant == tenant && made.mode == StreamMode::kOnDemand;
  });
  if (streams < settings_.on_demand_stream_quota) return ok();
  return limit(
      "This request would exceed the limit on the number of on-demand streams for the account " +
      tenant.account + ". Limit: " + std::to_string(settings_.on_demand_stream_quota) + ".");
}

/// A shard takes a mebibyte a second, so warm throughput is a number of shards. Less than before
/// lets shards go, down to what twice the highest rate of the last hour needs.
Status Catalog::warm_up(StreamEntry& entry, std::int64_t mibps) const {
  const bool is_less = entry.warm_mibps && mibps < *entry.warm_mibps;
  entry.warm_mibps = mibps;
  ReshardPlan plan(entry.open_by_key(), entry.next_shard);
  std::int64_t shards = std::max(mibps, kOnDemandShards);
  plan.split_widest_to(static_cast<std::size_t>(shards));
  if (is_less) {
    const WriteRate hour = last_hour_(entry.log);
    shards = std::max(shards, OnDemandScaler::shards_for({hour.records * 2, hour.bytes * 2}));
    plan.merge_narrowest_to(static_cast<std::size_t>(shards));
  }
  TRY_OK(check_room(entry, plan.next_shard() - entry.next_shard));
  entry.steps = std::move(plan).take();
  return ok();
}

Task<Result<LiveStreamPtr>> Catalog::change_capacity(StreamName name, Edit edit) {
  const ServiceTime due = parts_.clocks.service_now() + settings_.update_delay;
  const auto whole = [&edit, due](StreamEntry& entry) -> Status {
    // It is being scaled this moment, ACTIVE though it is.
    if (!entry.steps.empty()) return stream_not_active(entry.name, StreamStatus::kUpdating);
    const StreamEntry before = entry;
    TRY_OK(edit(entry));
    if (entry == before) return ok();
    entry.status = StreamStatus::kUpdating;
    entry.transition = {.kind = Transition::Kind::kReshard, .due = due};
    return ok();
  };
  CO_TRY(LiveStreamPtr live, co_await edit_active(std::move(name), whole));
  if (live->entry.transition.kind == Transition::Kind::kReshard) {
    CO_TRY_OK(co_await begin(live, settings_.update_delay));
  }
  co_return live;
}

Task<Status> Catalog::set_mode(Caller caller, StreamTarget target, StreamMode mode,
                               std::optional<std::int64_t> warm_mibps) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const ServiceTime now = parts_.clocks.service_now();
  const auto change = [&](StreamEntry& entry) -> Status {
    if (warm_mibps && mode == StreamMode::kProvisioned) {
      return invalid("WarmThroughputMiBps is for StreamMode ON_DEMAND only.");
    }
    if (warm_mibps) TRY_OK(check_warm(name, *warm_mibps));
    if (mode != entry.mode) {
      TRY_OK(mode == StreamMode::kOnDemand ? check_on_demand_quota(name.tenant)
                                           : check_shard_quota(name.tenant, entry.open_shards()));
      if (mode == StreamMode::kProvisioned && entry.options.distribution == Distribution::kAuto) {
        return invalid("Stream " + in_account(name) +
                       " has RecordDistributionStrategy AUTO, which needs On-Demand mode. Set it "
                       "to USER_PARTITION_KEY first.");
      }
      if (!take_of_day(entry.mode_changes, settings_.mode_changes_of_day, now) && limited()) {
        return rate_exceeded(name);
      }
      entry.mode = mode;
      entry.warm_mibps.reset();
    }
    return warm_mibps ? warm_up(entry, *warm_mibps) : ok();
  };
  CO_TRY_OK(co_await change_capacity(name, change));
  co_return ok();
}

Task<Result<WarmThroughputReply>> Catalog::set_warm_throughput(Caller caller, StreamTarget target,
                                                               std::int64_t mibps) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  std::int64_t current = 0;
  const auto change = [&](StreamEntry& entry) -> Status {
    if (entry.mode != StreamMode::kOnDemand) {
      return Error{StreamErrc::kValidation,
                   "Request is invalid. Stream " + in_account(name) + " is in Provisioned mode."};
    }
    TRY_OK(check_warm(name, mibps));
    current = entry.open_shards();
    return warm_up(entry, mibps);
  };
  CO_TRY(const LiveStreamPtr live, co_await change_capacity(name, change));
  co_return WarmThroughputReply{
      .stream = name, .arn = live->arn, .warm = {.target = mibps, .current = current}};
}

std::optional<WarmThroughput> Catalog::warm_throughput(const StreamEntry& entry) const {
  if (entry.mode != StreamMode::kOnDemand || !accounts_.has_advantage(entry.name.tenant)) {
    return std::nullopt;
  }
  return WarmThroughput{.target = entry.warm_mibps, .current = entry.open_shards()};
}

Task<Status> StreamService::set_mode(Caller caller, StreamTarget stream, StreamMode mode,
                                     std::optional<std::int64_t> warm_mibps) {
  return parts_->catalog.set_mode(caller, stream, mode, warm_mibps);
}
Task<Result<WarmThroughputReply>> StreamService::set_warm_throughput(Caller caller,
                                                                     StreamTarget stream,
                                                                     std::int64_t mibps) {
  return parts_->catalog.set_warm_throughput(caller, stream, mibps);
}
CommitmentView StreamService::commitment(Caller caller) const {
  return parts_->accounts.commitment(caller.tenant);
}
Task<Result<CommitmentView>> StreamService::set_commitment(Caller caller, bool enabled) {
  return parts_->accounts.set_commitment(caller.tenant, enabled);
}

}  // namespace penstock::stream
