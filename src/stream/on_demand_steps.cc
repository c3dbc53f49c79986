#include "stream/on_demand.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

/// What an on-demand stream's load leads to, and the sentences that say why.
namespace penstock::stream {
namespace {

using std::chrono::hours;

/// A shard that took less than this part of its sibling's load counts as empty beside it.
constexpr double kEmpty = 0.05;
/// Neighbours are merged when both together stayed below this part of one shard's limits.
constexpr double kCold = 0.4;
/// Of the open shards an eighth goes in one step, and a day passes before the next.
constexpr std::size_t kMergePart = 8;
constexpr Millis kMergePause = hours(24);

std::int64_t day_of(ServiceTime at) { return unix_millis(at) / (24 * 3'600'000); }

/// 1234567 is "1,234,567".
std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string rate_text(WriteRate rate) {
  char megabytes[32];
  std::snprintf(megabytes, sizeof megabytes, "%.2f", static_cast<double>(rate.bytes) / 1e6);
  return grouped(rate.records) + " records and " + megabytes + " MB a second";
}

std::string day_text(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  char text[32];
  std::snprintf(text, sizeof text, "%d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string shard_name(std::uint32_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "shardId-%012u", number);
  return text;
}

std::string become(std::size_t from, std::size_t to) {
  return grouped(static_cast<std::int64_t>(from)) +
         (from == 1 ? " shard becomes " : " shards become ") +
         grouped(static_cast<std::int64_t>(to)) + ".";
}

}  // namespace

double OnDemandScaler::use_of(WriteRate rate) {
  return std::max(static_cast<double>(rate.records) / kShardTakes.records,
                  static_cast<double>(rate.bytes) / kShardTakes.bytes);
}

bool OnDemandScaler::is_hot(WriteRate rate) {
  return rate.records >= kHot.records || rate.bytes >= kHot.bytes;
}

/// Fewer shards than the stream is promised: one that was provisioned, or is to be warmer.
bool OnDemandScaler::at_least(const ScalingLook& seen, ReshardPlan& plan) {
  const auto from = static_cast<std::int64_t>(seen.open.size());
  const std::int64_t to = std::min(seen.shards_min, seen.shards_max);
  if (from >= to || static_cast<std::size_t>(2 * (to - from)) > seen.room) return false;
  plan.split_widest_to(static_cast<std::size_t>(to));
  const bool is_warm = seen.shards_min > 4;
  tell(seen.at, from, to,
       (is_warm ? "A warm throughput of " + grouped(to) + " MiB a second needs as many shards: "
                : std::string("An on-demand stream has at least four shards: ")) +
           become(seen.open.size(), plan.open().size()));
  return true;
}

/// How many splits in a row have left this shard everything and its sibling nothing.
int OnDemandScaler::lone_splits(const ScalingLook& seen, const ShardLoad& load) const {
  if (const auto known = lone_.find(load.number); known != lone_.end()) return known->second;
  if (!load.split_from) return 0;
  const auto sibling =
      std::find_if(seen.open.begin(), seen.open.end(), [&](const ShardLoad& other) {
        return other.split_from == load.split_from && other.number != load.number;
      });
  if (sibling == seen.open.end()) return 0;
  const double other = use_of(shards_.at(sibling->number).held);
  if (other > kEmpty * use_of(shards_.at(load.number).held)) return 0;
  const auto before = lone_.find(*load.split_from);
  return 1 + (before == lone_.end() ? 0 : before->second);
}

void OnDemandScaler::tell_lone(const ScalingLook& seen, const ShardLoad& load) {
  const Shard& shard = shards_.at(load.number);
  const auto open = static_cast<std::int64_t>(seen.open.size());
  tell(
      seen.at, open, open,
      shard_name(load.number) + " takes " + rate_text(shard.held) + " and refused " +
          grouped(shard.refused) + " a second, but " + std::to_string(kLoneSplitsMax) +
          " splits in a row have left one half of it empty: its load is one key, or a few that "
          "lie together. A key lives in one shard, which takes 1,000 records and 1 MiB a second in "
          "any mode, so it is not split again. More keys would help.");
}

void OnDemandScaler::tell_ceiling(const ScalingLook& seen, std::size_t hot) {
  if (told_ceiling_day_ == day_of(seen.at)) return;
  told_ceiling_day_ = day_of(seen.at);
  const auto open = static_cast<std::int64_t>(seen.open.size());
  tell(seen.at, open, open,
       grouped(static_cast<std::int64_t>(hot)) +
           " shards are over half of their limits, but the stream has " + grouped(open) +
           " of at most " + grouped(seen.shards_max) + " open shards, and room for " +
           grouped(static_cast<std::int64_t>(seen.room)) + " more on the list of all: it stays.");
}

bool OnDemandScaler::split_hot(const ScalingLook& seen, ReshardPlan& plan) {
  std::vector<std::size_t> hot;
  for (std::size_t i = 0; i < seen.open.size(); ++i) {
    const ShardLoad& load = seen.open[i];
    if (!is_hot(shards_.at(load.number).held) || load.range.start == load.range.end) continue;
    const int lone = lone_splits(seen, load);
    if (lone < kLoneSplitsMax) {
      hot.push_back(i);
    } else if (lone == kLoneSplitsMax) {
      tell_lone(seen, load);
      lone_[load.number] = kLoneSplitsMax + 1;  // Said.
    }
  }
  if (hot.empty()) return false;
  const std::size_t free = static_cast<std::size_t>(
      std::max<std::int64_t>(0, seen.shards_max - static_cast<std::int64_t>(seen.open.size())));
  const std::size_t allowed = std::min({hot.size(), free, seen.room / 2});
  if (allowed == 0) {
    tell_ceiling(seen, hot.size());
    return false;
  }
  const auto use = [&](std::size_t i) { return use_of(shards_.at(seen.open[i].number).held); };
  std::sort(hot.begin(), hot.end(), [&](std::size_t a, std::size_t b) {
    return use(a) != use(b) ? use(a) > use(b) : a < b;
  });
  const ShardLoad& fullest = seen.open[hot.front()];
  const Shard& shard = shards_.at(fullest.number);
  std::string reason =
      std::to_string(hot.size()) + " of " + std::to_string(seen.open.size()) +
      " shards took more than half of their limits (500 records or 500 kB a second) in ten of the "
      "last fifteen minutes. The fullest, " +
      shard_name(fullest.number) + ", took " + rate_text(shard.held) + " and refused " +
      grouped(shard.refused) + " a second in the last one; the whole stream takes " +
      rate_text(last_rate_) + ". ";
  if (allowed < hot.size()) {
    reason += "The ceiling of " + grouped(seen.shards_max) + " shards leaves room for " +
              std::to_string(allowed) + " of them. ";
  }
  hot.resize(allowed);
  std::sort(hot.begin(), hot.end());
  for (std::size_t done = 0; done < hot.size(); ++done) {
    const ShardLoad& load = seen.open[hot[done]];
    if (const int lone = lone_splits(seen, load); lone > 0) lone_[load.number] = lone;
    plan.split(hot[done] + done);
  }
  reason += (allowed == 1 ? "It is split in its middle: " : "Each is split in its middle: ") +
            become(seen.open.size(), plan.open().size());
  tell(seen.at, static_cast<std::int64_t>(seen.open.size()),
       static_cast<std::int64_t>(plan.open().size()), std::move(reason));
  return true;
}

/// Slowly, and only what stayed far below its limits for a day: what is merged today must not be
/// split tomorrow.
bool OnDemandScaler::merge_cold(const ScalingLook& seen, ReshardPlan& plan) {
  const auto open = static_cast<std::int64_t>(seen.open.size());
  const std::int64_t floor = std::max(shards_needed(seen.at), seen.shards_min);
  if (open <= floor || seen.room == 0) return false;
  if (changed_ && seen.at - *changed_ < kMergePause) return false;
  struct Pair {
    std::size_t index;
    double use;
    bool is_half_and_half;  ///< As a split makes them; these first, so that no odd one is left.
  };
  // Of twice the peak a merged shard must take what belongs to its part of the keys.
  const double keys_max = 1 / std::max(2 * peak_use(seen.at), 1e-9);
  std::vector<Pair> cold;
  const auto day_use = [&](const ShardLoad& load) -> std::optional<double> {
    const Shard& shard = shards_.at(load.number);
    if (seen.at - shard.since < hours(24)) return std::nullopt;
    return std::max(shard.day_use, shard.day_before_use);
  };
  for (std::size_t i = 0; i + 1 < seen.open.size(); ++i) {
    const auto lower = day_use(seen.open[i]);
    const auto upper = day_use(seen.open[i + 1]);
    if (!lower || !upper || *lower + *upper > kCold) continue;
    const HashKey start = seen.open[i].range.start;
    const Uint128 width = seen.open[i + 1].range.end.value - start.value;
    if (static_cast<double>(width) / static_cast<double>(HashKey::max().value) > keys_max) continue;
    cold.push_back(
        {i, *lower + *upper, width == HashKey::max().value || start.value % (width + 1) == 0});
  }
  std::sort(cold.begin(), cold.end(), [](const Pair& a, const Pair& b) {
    if (a.is_half_and_half != b.is_half_and_half) return a.is_half_and_half;
    return a.use != b.use ? a.use < b.use : a.index < b.index;
  });
  const std::size_t most = std::min({std::max<std::size_t>(1, seen.open.size() / kMergePart),
                                     static_cast<std::size_t>(open - floor), seen.room});
  std::vector<std::size_t> chosen;
  std::vector<bool> taken(seen.open.size(), false);
  for (const Pair& pair : cold) {
    if (chosen.size() == most) break;
    if (taken[pair.index] || taken[pair.index + 1]) continue;
    taken[pair.index] = taken[pair.index + 1] = true;
    chosen.push_back(pair.index);
  }
  if (chosen.empty()) return false;
  std::sort(chosen.begin(), chosen.end());
  for (std::size_t done = 0; done < chosen.size(); ++done) plan.merge(chosen[done] - done);
  const std::optional<DayPeak> highest = peak(seen.at);
  tell(seen.at, open, static_cast<std::int64_t>(plan.open().size()),
       (highest
            ? "The highest rate that was held in the last 30 days is " + rate_text(highest->rate) +
                  ", of " + day_text(highest->day) + ". Twice that needs "
            : std::string("Nothing has been written for ten minutes in the last 30 days. That "
                          "needs ")) +
           grouped(floor) + " shards, and " + grouped(open) + " are open. " +
           std::to_string(chosen.size()) +
           (chosen.size() == 1 ? " pair of neighbours, which stayed"
                               : " pairs of neighbours, each of which stayed") +
           " below 40 % of one shard's limits for a day, with no more keys than one shard can "
           "have, " +
           (chosen.size() == 1 ? "is" : "are") +
           " merged: " + become(seen.open.size(), plan.open().size()));
  return true;
}

}  // namespace penstock::stream
