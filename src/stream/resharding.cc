#include "base/log.h"
#include "engine/engine.h"
#include "engine/try_commit.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/catalog.h"
#include "stream/day_quota.h"
#include "stream/errors.h"
#include "stream/texts.h"

/// Changes of a stream's shards: what callers ask for, and how it is done.
namespace penstock::stream {
namespace {

constexpr std::int64_t kShardCountMax = 10'000;  // Of one stream, by UpdateShardCount.
constexpr Millis kRetryDelay{500};

Error invalid(std::string text) { return {StreamErrc::kInvalidArgument, std::move(text)}; }
Error limit(std::string text) { return {StreamErrc::kLimitExceeded, std::move(text)}; }

Error already_resharded(std::uint32_t shard, const StreamName& stream) {
  return invalid(
      "Shard " + shard_id_text(shard) + " in stream " + in_account(stream) +
      " has already been merged or split, and thus is not eligible for merging or splitting.");
}

/// UpdateShardCount's bounds. Half of an odd count is rounded up.
Status check_shard_count(std::int64_t open, std::int64_t target) {
  const std::string counts = "Current open shard count: " + std::to_string(open) +
                             ", Target shard count: " + std::to_string(target);
  // Above the ceiling a stream may only come down below it.
  if (target > kShardCountMax) {
    return limit("Target shard count or number of open shards cannot be greater than " +
                 std::to_string(kShardCountMax) + ". " + counts);
  }
  if (target > 2 * open) {
    return limit("UpdateShardCount cannot scale up over double your current open shard count. " +
                 counts);
  }
  if (2 * target < open) {
    return limit("UpdateShardCount cannot scale down below half your current open shard count. " +
                 counts);
  }
  return ok();
}

}  // namespace

std::int64_t Catalog::open_shards_of(const Tenant& tenant) const {
  std::int64_t open = 0;
  for (const auto& [name, stream] : directory_.snapshot()->by_name) {
    if (name.tenant != tenant || stream->entry.mode == StreamMode::kOnDemand) continue;
    open += stream->entry.open_shards_ahead();
  }
  for (const BeingMade& made : being_made_) {
    if (made.name.tenant == tenant && made.mode == StreamMode::kProvisioned) open += made.shards;
  }
  return open;
}

Status Catalog::check_shard_quota(const Tenant& tenant, std::int64_t more) const {
  const std::int64_t open = open_shards_of(tenant);
  if (settings_.shard_quota == 0 || open + more <= settings_.shard_quota) return ok();
  return limit("This request would exceed the shard limit for the account " + tenant.account +
               " in " + tenant.region + ". Current shard count for the account: " +
               std::to_string(open) + ". Limit: " + std::to_string(settings_.shard_quota) +
               ". Number of additional shards that would have resulted from this request: " +
               std::to_string(more) +
               ". Refer to the AWS Service Limits page "
               "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
               "limits and how to request higher limits.");
}

Task<Status> Catalog::split(Caller caller, StreamTarget target, std::string_view shard_id,
                            std::string_view new_starting_hash_key) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const std::optional<std::uint32_t> number = parse_shard_id(shard_id);
  if (!number) co_return could_not_find_shard(shard_id, name);
  const std::string at_text(new_starting_hash_key);
  const std::optional<HashKey> at = HashKey::parse(at_text);
  const ServiceTime now = parts_.clocks.service_now();
  const auto change = [&, due = now + settings_.update_delay](StreamEntry& entry) -> Status {
    if (entry.mode == StreamMode::kOnDemand) return on_demand_refused(name);
    const ShardEntry* shard = entry.find(*number);
    if (shard == nullptr || entry.expired(*shard, now)) {
      return could_not_find_shard(shard_id_text(*number), name);
    }
    if (shard->closed) return already_resharded(*number, name);
    TRY_OK(check_shard_quota(name.tenant, 1));
    const HashKeyRange& range = shard->range;
    if (!at || range.start == HashKey::max() || at->value <= range.start.value + 1 ||
        *at >= range.end) {
      return invalid("NewStartingHashKey " + at_text + " used in SplitShard() on shard " +
                     shard_id_text(*number) + " in stream " + in_account(name) +
                     " is not both greater than one plus the shard's StartingHashKey " +
                     range.start.to_string() + " and less than the shard's EndingHashKey " +
                     range.end.to_string() + ".");
    }
    TRY_OK(check_room(entry, 2));
    entry.status = StreamStatus::kUpdating;
    entry.transition = {
        .kind = Transition::Kind::kSplit, .due = due, .shard = *number, .split_at = *at};
    return ok();
  };
  CO_TRY(LiveStreamPtr live, co_await edit_active(name, change));
  co_return co_await begin(std::move(live), settings_.update_delay);
}

Task<Status> Catalog::merge(Caller caller, StreamTarget target, std::string_view shard_id,
                            std::string_view adjacent_shard_id) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const std::optional<std::uint32_t> lower = parse_shard_id(shard_id);
  if (!lower) co_return could_not_find_shard(shard_id, name);
  const std::optional<std::uint32_t> upper = parse_shard_id(adjacent_shard_id);
  if (!upper) co_return could_not_find_shard(adjacent_shard_id, name);
  const ServiceTime now = parts_.clocks.service_now();
  const auto change = [&, due = now + settings_.update_delay](StreamEntry& entry) -> Status {
    if (entry.mode == StreamMode::kOnDemand) return on_demand_refused(name);
    for (const std::uint32_t number : {*lower, *upper}) {
      const ShardEntry* shard = entry.find(number);
      if (shard == nullptr || entry.expired(*shard, now)) {
        return could_not_find_shard(shard_id_text(number), name);
      }
    }
    for (const std::uint32_t number : {*lower, *upper}) {
      if (entry.find(number)->closed) return already_resharded(number, name);
    }
    const HashKeyRange& first = entry.find(*lower)->range;
    const HashKeyRange& second = entry.find(*upper)->range;
    if (first.end == HashKey::max() || first.end.value + 1 != second.start.value) {
      return invalid("Shards " + shard_id_text(*lower) + " and " + shard_id_text(*upper) +
                     " in stream " + in_account(name) +
                     " are not an adjacent pair of shards eligible for merging");
    }
    TRY_OK(check_room(entry, 1));
    entry.status = StreamStatus::kUpdating;
    entry.transition = {
        .kind = Transition::Kind::kMerge, .due = due, .shard = *lower, .adjacent = *upper};
    return ok();
  };
  CO_TRY(LiveStreamPtr live, co_await edit_active(name, change));
  co_return co_await begin(std::move(live), settings_.update_delay);
}

Task<Result<ShardCountChange>> Catalog::set_shard_count(Caller caller, StreamTarget target,
                                                        std::int64_t shards) {
  CO_TRY(const StreamName name, resolve_target(caller, target));
  const ServiceTime now = parts_.clocks.service_now();
  ShardCountChange reply{
      .stream = name, .arn = stream_arn(name.tenant, name.name), .target = shards};
  const auto change = [&, due = now + settings_.update_delay](StreamEntry& entry) -> Status {
    if (entry.mode == StreamMode::kOnDemand) return on_demand_refused(name);
    reply.current = entry.open_shards();
    TRY_OK(check_shard_count(reply.current, shards));
    if (shards == reply.current) return ok();
    ReshardPlan plan(entry.open_by_key(), entry.next_shard);
    plan.scale_to(static_cast<std::size_t>(shards));
    // Shards that are open for a moment only count, too.
    TRY_OK(check_shard_quota(name.tenant,
                             static_cast<std::int64_t>(plan.open_peak()) - reply.current));
    TRY_OK(check_room(entry, plan.next_shard() - entry.next_shard));
    if (!take_of_day(entry.resizes, settings_.resizes_of_day, now) && limited()) {
      return rate_exceeded(name);
    }
    entry.status = StreamStatus::kUpdating;
    entry.transition = {.kind = Transition::Kind::kReshard, .due = due};
    entry.steps = std::move(plan).take();
    return ok();
  };
  CO_TRY(LiveStreamPtr live, co_await edit_active(name, change));
  if (live->entry.transition.kind != Transition::Kind::kNone) {
    CO_TRY_OK(co_await begin(std::move(live), settings_.update_delay));
  }
  co_return reply;
}

Status Catalog::check_room(const StreamEntry& entry, std::size_t more) {
  if (entry.shards.size() + more <= kShardsMax) return ok();
  return limit("This server keeps at most " + std::to_string(kShardsMax) +
               " shards in one stream, closed ones too until retention has passed. This one has " +
               std::to_string(entry.shards.size()) + ", and the request would make " +
               std::to_string(more) + " more.");
}

// --- How it is done ------------------------------------------------------------------------------

/// The parents are sealed first: from then on nobody can write to them, so the children, which
/// sort behind them, begin when the parents have ended. The time of that is read when they are, so
/// that no record of theirs arrived behind it. Every step may be repeated.
Task<Status> Catalog::finish_reshard(StreamEntry entry) {
  const auto apply = [this](StreamEntry& changed) {
    const ServiceTime now = parts_.clocks.service_now();
    switch (changed.transition.kind) {
      case Transition::Kind::kSplit: return finish_split(changed, now);
      case Transition::Kind::kMerge: return finish_merge(changed, now);
      default: return finish_steps(changed, now);
    }
  };
  const bool is_scaling = entry.transition.kind != Transition::Kind::kSplit &&
                          entry.transition.kind != Transition::Kind::kMerge &&
                          entry.transition.kind != Transition::Kind::kReshard;
  StreamEntry made = entry;
  apply(made);
  CO_TRY_OK(co_await open_shards(made));
  // What several steps made and closed again is sealed with the rest, so that readers come to its
  // end.
  std::vector<std::uint32_t> closed;
  for (const ShardEntry& shard : made.shards) {
    const ShardEntry* before = entry.find(shard.number);
    if (shard.closed && (before == nullptr || !before->closed)) closed.push_back(shard.number);
  }
  CO_TRY_OK(co_await seal(entry.log, std::move(closed)));
  CO_TRY_OK(co_await edit(entry.name, [&](StreamEntry& stored) -> Status {
    // Steps without a transition of their own may meet one that began meanwhile, and leave it.
    const bool is_same = stored.log == entry.log && stored.steps == entry.steps &&
                         (is_scaling || stored.transition == entry.transition);
    if (is_same) apply(stored);
    return ok();
  }));
  co_return ok();
}

Task<Status> Catalog::scale(const LiveStream& seen, std::vector<ReshardStep> steps,
                            engine::Change also) {
  const StreamName name = seen.entry.name;
  const LogId log = seen.entry.log;
  if (steps.empty()) co_return co_await put_beside(name, log, std::move(also));
  const auto change = [&, next_shard = seen.entry.next_shard](StreamEntry& entry) -> Status {
    if (entry.log != log || entry.mode != StreamMode::kOnDemand || !entry.steps.empty() ||
        entry.next_shard != next_shard) {
      return Error{StreamErrc::kInUse, "the stream has changed meanwhile"};
    }
    entry.steps = steps;
    return ok();
  };
  std::vector<engine::Change> more;
  more.push_back(std::move(also));
  CO_TRY(const LiveStreamPtr live, co_await edit_active(name, change, std::move(more)));
  const Status finished = co_await finish_reshard(live->entry);
  if (!finished.ok()) scope_.spawn(finish_steps_later(name, log));
  co_return finished;
}

Task<Status> Catalog::put_beside(StreamName name, LogId log, engine::Change document) {
  engine::Meta& meta = parts_.engine.meta();
  while (true) {
    const LiveStreamPtr stream = directory_.find(name);
    const auto stored = meta.get(document_key(name));
    if (stream == nullptr || stream->entry.log != log || !stored) co_return stream_not_found(name);
    std::vector<engine::Change> changes;
    changes.push_back(
        {.op = engine::Change::Op::kCheck, .key = stored->key, .expected = stored->version});
    const auto known = meta.get(document.key);
    document.expected = known ? known->version : engine::Version{};
    changes.push_back(document);
    CO_TRY(const auto committed, co_await engine::try_commit(meta, std::move(changes)));
    if (committed) co_return ok();
  }
}

Task<> Catalog::finish_steps_later(StreamName name, LogId log) {
  while (true) {
    const LiveStreamPtr stream = directory_.find(name);
    if (stream == nullptr || stream->entry.log != log || stream->entry.steps.empty()) co_return;
    const Status finished = co_await finish_reshard(stream->entry);
    if (finished.ok()) co_return;
    log::error("a stream that is being scaled is tried again",
               {{"stream", name.name}, {"message", finished.error().message}});
    const SteadyTime again = parts_.clocks.steady_now() + kRetryDelay;
    if (co_await env::sleep_until(parts_.control_loop, again, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
  }
}

/// All of them side by side: each waits for the disk, and one commit of the journal takes many.
Task<Status> Catalog::seal(LogId log, std::vector<std::uint32_t> shards) {
  if (shards.empty()) co_return ok();
  struct Sealing {
    std::size_t left;
    Status outcome = ok();
    Gate done;
  };
  Sealing sealing{.left = shards.size()};
  const auto one = [](Catalog& self, ShardRef ref, Sealing& all) -> Task<> {
    Status sealed = Error{Errc::kUnavailable, "the shard belongs to another node"};
    if (const auto fence = self.parts_.engine.leases().mine(ref)) {
      const auto end = co_await self.parts_.engine.log().seal(ref, *fence);
      sealed = end.ok() ? ok() : Status(end.error());
    }
    if (!sealed.ok()) all.outcome = std::move(sealed);
    if (--all.left == 0) all.done.release();
  };
  for (const std::uint32_t shard : shards) scope_.spawn(one(*this, {log, shard}, sealing));
  co_await sealing.done.wait();
  co_return sealing.outcome;
}

}  // namespace penstock::stream
