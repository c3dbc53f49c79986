#include "stream/scaling.h"

#include "base/log.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "stream/errors.h"
#include "stream/parts.h"
#include "stream/texts.h"

#include <algorithm>

namespace penstock::stream {
namespace {

constexpr Millis kBetweenLooks{60'000};

std::int64_t a_second(std::uint64_t count, Millis elapsed) {
  return static_cast<std::int64_t>(
      count * 1'000 / static_cast<std::uint64_t>(std::max(elapsed, Millis{1}).count()));
}

}  // namespace

std::string scaling_key(LogId log) { return "stream-scaling/" + std::to_string(log.value); }

ScalingLook look_at(const StreamEntry& entry, ServiceTime at,
                    const std::function<ShardRate(std::uint32_t)>& rate_of) {
  ScalingLook seen{.at = at,
                   .next_shard = entry.next_shard,
                   .room = kShardsMax - std::min(kShardsMax, entry.shards.size())};
  for (const OpenShard& open : entry.open_by_key()) {
    const ShardRate rate = rate_of(open.number);
    ShardLoad load{
        .number = open.number, .range = open.range, .stored = rate.stored, .refused = rate.refused};
    const ShardEntry& shard = *entry.find(open.number);
    if (shard.parent && !shard.adjacent_parent) load.split_from = shard.parent;
    seen.open.push_back(load);
  }
  return seen;
}

Scaling::Scaling(const StreamParts& parts, const StreamSettings& settings,
                 const Directory& directory, Catalog& catalog, const AccountSettings& accounts)
    : parts_(parts),
      settings_(settings),
      directory_(directory),
      catalog_(catalog),
      accounts_(accounts),
      scope_(parts.control_loop.executor()) {}

void Scaling::start() { scope_.spawn(run()); }

Task<> Scaling::stop() {
  scope_.cancel();
  co_await scope_.join();
}

Task<> Scaling::run() {
  while (true) {
    const ServiceTime next = parts_.clocks.service_now() + kBetweenLooks;
    if (co_await env::sleep_until(parts_.control_loop, next, scope_.token()) ==
        env::Woken::kCancelled) {
      co_return;
    }
    const auto now = directory_.snapshot();
    std::erase_if(watched_, [&](const auto& watched) {
      const auto found = now->by_log.find(watched.first);
      return found == now->by_log.end() || found->second->entry.mode != StreamMode::kOnDemand;
    });
    for (const auto& [name, stream] : now->by_name) {
      if (scope_.token().cancelled()) co_return;
      // Another stream's steps may have taken their time: what is it now?
      const LiveStreamPtr current = directory_.find(name);
      if (current != nullptr && current->entry.mode == StreamMode::kOnDemand) {
        co_await look(current);
      }
    }
  }
}

Scaling::Counted Scaling::counted_of(const LiveStream::Shard& shard) {
  const ShardTraffic& traffic = shard.lane->traffic;
  return {traffic.records.load(std::memory_order_relaxed),
          traffic.bytes.load(std::memory_order_relaxed),
          traffic.refused.load(std::memory_order_relaxed)};
}

OnDemandScaler Scaling::remembered(LogId log) const {
  const auto stored = parts_.engine.meta().get(scaling_key(log));
  if (!stored) return {};
  Result<OnDemandScaler> scaler = OnDemandScaler::decode(stored->value);
  if (scaler.ok()) return std::move(*scaler);
  log::error("a stream's scaling begins anew",
             {{"document", stored->key}, {"message", scaler.error().message}});
  return {};
}

std::int64_t Scaling::shards_min(const StreamEntry& entry) const {
  if (!entry.warm_mibps || !accounts_.has_advantage(entry.name.tenant)) return kOnDemandShards;
  return std::max(kOnDemandShards, *entry.warm_mibps);
}

/// What was counted since the last look, and remembers what is counted now.
ScalingLook Scaling::look_at_rates(const LiveStream& stream, Watched& watched,
                                   ServiceTime now) const {
  const Millis elapsed = now - watched.looked;
  std::map<std::uint32_t, Counted> counted;
  ScalingLook seen = look_at(stream.entry, now, [&](std::uint32_t number) -> ShardRate {
    const Counted count = counted_of(*stream.find(number));
    const auto known = watched.counted.find(number);
    const Counted before = known == watched.counted.end() ? Counted{} : known->second;
    counted[number] = count;
    return {{a_second(count.records - before.records, elapsed),
             a_second(count.bytes - before.bytes, elapsed)},
            a_second(count.refused - before.refused, elapsed)};
  });
  watched.counted = std::move(counted);
  watched.looked = now;
  seen.shards_min = shards_min(stream.entry);
  seen.shards_max = settings_.on_demand_shards_max_of(stream.entry.name.tenant.region);
  return seen;
}

Task<> Scaling::look(LiveStreamPtr stream) {
  const StreamEntry& entry = stream->entry;
  // Steps that a restart found are being made: the next minute sees what came of them.
  if (entry.status != StreamStatus::kActive || !entry.steps.empty()) co_return;
  const ServiceTime now = parts_.clocks.service_now();
  const auto known = watched_.find(entry.log);
  if (known == watched_.end()) {
    Watched& fresh = watched_[entry.log];
    fresh.scaler = remembered(entry.log);
    fresh.looked = now;
    for (const LiveStream::Shard& shard : stream->shards) {
      fresh.counted[shard.entry.number] = counted_of(shard);
    }
    co_return;
  }
  OnDemandScaler& scaler = known->second.scaler;
  ScalingDecision decision = scaler.look(look_at_rates(*stream, known->second, now));
  if (!decision.is_worth) co_return;
  if (decision.is_news) {
    const ScalingStep& step = scaler.steps().back();
    log::info("an on-demand stream and its shards", {{"stream", entry.name.name},
                                                     {"from", step.from},
                                                     {"to", step.to},
                                                     {"reason", step.reason}});
  }
  engine::Change memory{.key = scaling_key(entry.log), .value = scaler.encode()};
  const Status done =
      co_await catalog_.scale(*stream, std::move(decision.steps), std::move(memory));
  if (done.ok()) co_return;
  log::warn("a stream could not be scaled; the next minute looks again",
            {{"stream", entry.name.name}, {"message", done.error().message}});
}

WriteRate Scaling::peak_of_last_hour(LogId log) const {
  const auto known = watched_.find(log);
  return known == watched_.end() ? WriteRate{} : known->second.scaler.peak_of_last_hour();
}

Result<ScalingView> Scaling::view(const StreamName& name) const {
  const LiveStreamPtr stream = directory_.find(name);
  if (stream == nullptr) return stream_not_found(name);
  const StreamEntry& entry = stream->entry;
  const auto known = watched_.find(entry.log);
  const OnDemandScaler scaler =
      known == watched_.end() ? remembered(entry.log) : known->second.scaler;
  const ServiceTime now = parts_.clocks.service_now();
  ScalingView view{.mode = entry.mode,
                   .open_shards = entry.open_shards(),
                   .shards_min = shards_min(entry),
                   .shards_max = settings_.on_demand_shards_max_of(name.tenant.region),
                   .shards_needed = scaler.shards_needed(now),
                   .now = scaler.last_rate()};
  if (const auto peak = scaler.peak(now)) view.peak = *peak;
  view.steps.assign(scaler.steps().begin(), scaler.steps().end());
  return view;
}

Result<ScalingView> StreamService::scaling(const StreamName& name) const {
  return parts_->scaling.view(name);
}

}  // namespace penstock::stream
