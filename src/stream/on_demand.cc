#include "stream/on_demand.h"

#include <algorithm>

namespace penstock::stream {
namespace {

using std::chrono::hours;

constexpr Millis kMinute{60'000};
constexpr std::size_t kHour = 60;

std::int64_t day_of(ServiceTime at) { return unix_millis(at) / (24 * 3'600'000); }

WriteRate higher(WriteRate a, WriteRate b) {
  return {std::max(a.records, b.records), std::max(a.bytes, b.bytes)};
}

}  // namespace

std::int64_t OnDemandScaler::shards_for(WriteRate rate) {
  const auto whole = [](std::int64_t amount, std::int64_t each) {
    return (amount + each - 1) / each;
  };
  return std::max(whole(rate.records, kShardTakes.records), whole(rate.bytes, kShardTakes.bytes));
}

void RateWindow::add(WriteRate rate) {
  minutes_[next_] = rate;
  next_ = (next_ + 1) % kMinutes;
}

WriteRate RateWindow::held() const {
  std::array<std::int64_t, kMinutes> records;
  std::array<std::int64_t, kMinutes> bytes;
  for (std::size_t i = 0; i < kMinutes; ++i) {
    records[i] = minutes_[i].records;
    bytes[i] = minutes_[i].bytes;
  }
  constexpr std::size_t kAt = kMinutes - kHeld;  // So many are lower or equal to make ten reach it.
  std::nth_element(records.begin(), records.begin() + kAt, records.end());
  std::nth_element(bytes.begin(), bytes.begin() + kAt, bytes.end());
  return {records[kAt], bytes[kAt]};
}

ScalingDecision OnDemandScaler::look(const ScalingLook& seen) {
  const std::uint64_t told = told_;
  const std::int64_t minutes =
      last_look_ ? std::max<std::int64_t>(1, (seen.at - *last_look_ + kMinute / 2) / kMinute) : 1;
  last_look_ = seen.at;
  note(seen, minutes);

  std::vector<OpenShard> open;
  for (const ShardLoad& shard : seen.open) open.push_back({shard.number, shard.range});
  ReshardPlan plan(std::move(open), seen.next_shard);
  if (at_least(seen, plan) || split_hot(seen, plan) || merge_cold(seen, plan)) changed_ = seen.at;

  ScalingDecision decision{.steps = std::move(plan).take()};
  decision.is_news = told_ != told;
  const std::optional<DayPeak> now = peaks_.empty() ? std::nullopt : std::optional(peaks_.back());
  const bool is_new_peak =
      now && (now->day != stored_day_ || now->rate.records * 10 > stored_peak_.records * 11 ||
              now->rate.bytes * 10 > stored_peak_.bytes * 11);
  decision.is_worth = decision.is_news || is_new_peak;
  if (decision.is_worth && now) {
    stored_day_ = now->day;
    stored_peak_ = now->rate;
  }
  return decision;
}

/// Takes the minutes in, for each shard and for all of them together.
void OnDemandScaler::note(const ScalingLook& seen, std::int64_t minutes) {
  last_rate_ = {};
  std::map<std::uint32_t, Shard> open;
  for (const ShardLoad& load : seen.open) {
    const auto known = shards_.find(load.number);
    Shard shard = known != shards_.end() ? std::move(known->second)
                                         : Shard{.since = seen.at, .day_since = seen.at};
    shard.split_from = load.split_from;
    shard.refused = load.refused;
    const std::int64_t counted = std::min<std::int64_t>(minutes, RateWindow::kMinutes);
    for (std::int64_t i = 0; i < counted; ++i) shard.window.add(load.stored);
    shard.held = shard.window.held();
    if (seen.at - shard.day_since >= hours(24)) {
      shard.day_before_use = shard.day_use;
      shard.day_use = 0;
      shard.day_since = seen.at;
    }
    shard.day_use = std::max(shard.day_use, use_of(shard.held));
    // A key that is no longer hot gets another chance.
    if (!is_hot(shard.held) && seen.at - shard.since >= kMinute * RateWindow::kMinutes) {
      lone_.erase(load.number);
    }
    last_rate_.records += load.stored.records;
    last_rate_.bytes += load.stored.bytes;
    open.emplace(load.number, std::move(shard));
  }
  shards_ = std::move(open);
  std::erase_if(lone_, [this](const auto& entry) {
    return !shards_.contains(entry.first) &&
           std::none_of(shards_.begin(), shards_.end(),
                        [&](const auto& shard) { return shard.second.split_from == entry.first; });
  });
  for (std::int64_t i = 0; i < std::min<std::int64_t>(minutes, kHour); ++i) {
    window_.add(last_rate_);
    hour_.push_back(last_rate_);
    if (hour_.size() > kHour) hour_.pop_front();
  }
  note_peak(seen.at);
}

void OnDemandScaler::note_peak(ServiceTime now) {
  const WriteRate held = window_.held();
  const std::int64_t day = day_of(now);
  std::erase_if(peaks_, [day](const DayPeak& peak) { return peak.day + kPeakDays < day; });
  if (held == WriteRate{}) return;
  if (peaks_.empty() || peaks_.back().day != day) peaks_.push_back({.day = day});
  peaks_.back().rate = higher(peaks_.back().rate, held);
}

std::optional<DayPeak> OnDemandScaler::peak(ServiceTime now) const {
  std::optional<DayPeak> highest;
  for (const DayPeak& peak : peaks_) {
    if (peak.day + kPeakDays < day_of(now)) continue;
    if (!highest || use_of(peak.rate) > use_of(highest->rate)) highest = peak;
  }
  return highest;
}

WriteRate OnDemandScaler::highest(ServiceTime now) const {
  WriteRate found;
  for (const DayPeak& peak : peaks_) {
    if (peak.day + kPeakDays >= day_of(now)) found = higher(found, peak.rate);
  }
  return found;
}

std::int64_t OnDemandScaler::shards_needed(ServiceTime now) const {
  const WriteRate rate = highest(now);
  return shards_for({rate.records * 2, rate.bytes * 2});
}

double OnDemandScaler::peak_use(ServiceTime now) const { return use_of(highest(now)); }

WriteRate OnDemandScaler::peak_of_last_hour() const {
  WriteRate highest;
  for (const WriteRate rate : hour_) highest = higher(highest, rate);
  return highest;
}

void OnDemandScaler::tell(ServiceTime at, std::int64_t from, std::int64_t to, std::string reason) {
  ++told_;
  steps_.push_back({.at = at, .from = from, .to = to, .reason = std::move(reason)});
  if (steps_.size() > kStepsKept) steps_.pop_front();
}

}  // namespace penstock::stream
