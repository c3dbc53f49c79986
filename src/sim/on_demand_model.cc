#include "sim/on_demand_model.h"

#include "base/check.h"
#include "stream/scaling.h"

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

constexpr Millis kSecond{1'000};
constexpr Millis kMinute{60'000};

}  // namespace

std::vector<TrafficKey> equal_keys(std::size_t count) {
  std::vector<TrafficKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back({HashKey::of_partition_key("viewer-" + std::to_string(i)),
                    1.0 / static_cast<double>(count)});
  }
  return keys;
}

OnDemandModel::OnDemandModel(std::vector<TrafficKey> keys, OnDemandOptions options)
    : keys_(std::move(keys)), options_(options), now_(options.start) {
  std::sort(keys_.begin(), keys_.end(),
            [](const TrafficKey& a, const TrafficKey& b) { return a.at < b.at; });
  entry_ = {.name = {{"123456789012", "us-east-1"}, "traffic"},
            .log = LogId{1},
            .mode = stream::StreamMode::kOnDemand,
            .created = now_,
            .shards_wanted = static_cast<std::uint32_t>(options_.shards)};
  stream::add_first_shards(entry_, now_);
  lay_out();
}

/// The share of each open shard. Those that were open before keep their limiters.
void OnDemandModel::lay_out() {
  std::map<std::uint32_t, Shard> open;
  auto key = keys_.begin();
  for (const stream::OpenShard& shard : entry_.open_by_key()) {
    const auto known = shards_.find(shard.number);
    Shard made = known != shards_.end() ? known->second
                                        : Shard{.limiter = stream::WriteLimiter(stream::kMebibyte)};
    made.share = 0;
    for (; key != keys_.end() && key->at <= shard.range.end; ++key) made.share += key->share;
    open.emplace(shard.number, made);
  }
  shards_ = std::move(open);
}

OnDemandModel::Outcome OnDemandModel::second(double records) {
  Outcome outcome;
  now_ += kSecond;
  for (auto& [number, shard] : shards_) {
    shard.credit += records * shard.share;
    const auto sent = static_cast<std::int64_t>(shard.credit);
    shard.credit -= static_cast<double>(sent);
    shard.limiter.refill(now_);
    const std::int64_t stored = shard.limiter.admit_some(sent, options_.record_bytes);
    shard.stored += stored;
    shard.refused += sent - stored;
    outcome += {stored, sent - stored};
  }
  if (unix_millis(now_) % kMinute.count() == 0) look();
  return outcome;
}

/// Whether no shard comes near its limits: then a minute need not be gone through by seconds.
bool OnDemandModel::is_calm(double records) const {
  return std::all_of(shards_.begin(), shards_.end(), [&](const auto& shard) {
    const double rate = shard.second.share * records;
    return rate < stream::OnDemandScaler::kHot.records &&
           rate * static_cast<double>(options_.record_bytes) < stream::OnDemandScaler::kHot.bytes;
  });
}

OnDemandModel::Outcome OnDemandModel::calm_minute(double records) {
  Outcome outcome;
  now_ += kMinute;
  for (auto& [number, shard] : shards_) {
    shard.credit += 60 * records * shard.share;
    const auto sent = static_cast<std::int64_t>(shard.credit);
    shard.credit -= static_cast<double>(sent);
    shard.stored += sent;
    outcome.stored += sent;
  }
  look();
  return outcome;
}

OnDemandModel::Outcome OnDemandModel::run(double records, Millis duration) {
  Outcome outcome;
  for (const ServiceTime end = now_ + duration; now_ < end;) {
    const bool whole_minute = unix_millis(now_) % kMinute.count() == 0 && end - now_ >= kMinute;
    outcome += whole_minute && is_calm(records) ? calm_minute(records) : second(records);
  }
  return outcome;
}

void OnDemandModel::look() {
  constexpr std::int64_t kSeconds = 60;
  stream::ScalingLook seen = stream::look_at(entry_, now_, [this](std::uint32_t number) {
    Shard& shard = shards_.at(number);
    const stream::ShardRate rate{
        {shard.stored / kSeconds, shard.stored * options_.record_bytes / kSeconds},
        shard.refused / kSeconds};
    shard.stored = shard.refused = 0;
    return rate;
  });
  if (!is_on_demand_) return;
  seen.shards_min = options_.shards_min;
  seen.shards_max = options_.shards_max;
  stream::ScalingDecision decision = scaler_.look(seen);
  if (decision.is_news) steps_.push_back(scaler_.steps().back());
  if (decision.is_worth) stored_ = scaler_.encode();
  const bool forgot = stream::drop_expired_shards(entry_, now_);
  if (decision.steps.empty() && !forgot) return;
  entry_.steps = std::move(decision.steps);
  stream::finish_steps(entry_, now_);
  lay_out();
}

void OnDemandModel::restart() {
  for (auto& [number, shard] : shards_) shard.limiter = stream::WriteLimiter(stream::kMebibyte);
  if (stored_.empty()) {
    scaler_ = {};
    return;
  }
  auto again = stream::OnDemandScaler::decode(stored_);
  PENSTOCK_CHECK(again.ok(), "what a scaler stores can be read");
  scaler_ = std::move(*again);
}

}  // namespace penstock::sim
