#pragma once

#include "base/hash_key.h"
#include "base/result.h"
#include "base/time.h"
#include "stream/reshard_plan.h"
#include "stream/types.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How many shards an on-demand stream has. Pure: what is seen once a minute goes in, splits and
/// merges with their reason come out. Why so: docs/decisions/0036-on-demand.md.
namespace penstock::stream {

/// A second's worth.
struct WriteRate {
  std::int64_t records = 0;
  std::int64_t bytes = 0;  ///< Keys and data.
  bool operator==(const WriteRate&) const = default;
};

/// What one open shard took since the last look.
struct ShardLoad {
  std::uint32_t number = 0;
  HashKeyRange range;
  std::optional<std::uint32_t> split_from;  ///< Its parent, where that was split.
  WriteRate stored;
  std::int64_t refused = 0;  ///< Records a second beyond its limits.
};

struct ScalingLook {
  ServiceTime at;
  std::vector<ShardLoad> open;  ///< In the order of keys, which they cover.
  std::uint32_t next_shard = 0;
  std::int64_t shards_min = 4;  ///< Four, or the stream's warm throughput.
  std::int64_t shards_max = 200;
  std::size_t room = 65'536;  ///< Shards that can still be made, closed ones counted.
};

/// What was decided once, for the log and for whoever asks why.
struct ScalingStep {
  ServiceTime at;
  std::int64_t from = 0;  ///< Open shards.
  std::int64_t to = 0;    ///< The same when something kept the stream from being scaled.
  std::string reason;
  bool operator==(const ScalingStep&) const = default;
};

struct ScalingDecision {
  std::vector<ReshardStep> steps;
  bool is_news = false;   ///< OnDemandScaler::steps() has one more.
  bool is_worth = false;  ///< What it remembers has changed enough to be stored.
};

/// The highest rate of a day that was held: reached in ten of fifteen minutes.
struct DayPeak {
  std::int64_t day = 0;  ///< Since 1970.
  WriteRate rate;
  bool operator==(const DayPeak&) const = default;
};

/// A few minutes, one value for each; pure.
class RateWindow {
 public:
  static constexpr std::size_t kMinutes = 15;
  static constexpr std::size_t kHeld = 10;
  void add(WriteRate rate);
  /// What was reached in ten of the last fifteen minutes, of either measure by itself.
  WriteRate held() const;

 private:
  std::array<WriteRate, kMinutes> minutes_{};
  std::size_t next_ = 0;
};

/// For whoever asks how a stream is scaled, and why it was.
struct ScalingView {
  StreamMode mode = StreamMode::kOnDemand;
  std::int64_t open_shards = 0;
  std::int64_t shards_min = 0;
  std::int64_t shards_max = 0;
  std::int64_t shards_needed = 0;  ///< For twice the highest rate of the last 30 days.
  WriteRate now;                   ///< In the last minute.
  std::optional<DayPeak> peak;
  std::vector<ScalingStep> steps;  ///< Oldest first.
};

class OnDemandScaler {
 public:
  static constexpr WriteRate kShardTakes{.records = 1'000, .bytes = 1'048'576};  ///< A second.
  /// From here on a shard is split: half of what it takes.
  static constexpr WriteRate kHot{.records = 500, .bytes = 500'000};
  static constexpr std::int64_t kPeakDays = 30;
  static constexpr std::size_t kStepsKept = 50;
  /// So many splits in a row that leave one half empty mean a key, which no split divides.
  static constexpr int kLoneSplitsMax = 3;

  OnDemandScaler() = default;

  /// Once a minute of service time; more than a minute since the last look counts as minutes of
  /// the same rate.
  ScalingDecision look(const ScalingLook& seen);

  /// How many shards take that.
  static std::int64_t shards_for(WriteRate rate);
  /// What twice the highest rate of the last 30 days needs; 0 before there was any.
  std::int64_t shards_needed(ServiceTime now) const;
  std::optional<DayPeak> peak(ServiceTime now) const;
  WriteRate last_rate() const { return last_rate_; }
  WriteRate peak_of_last_hour() const;
  const std::deque<ScalingStep>& steps() const { return steps_; }  ///< Oldest first.

  /// What outlives a restart: peaks, steps, and which shards hold a single key. Windows do not: a
  /// restarted server looks for ten minutes before it splits, for a day before it merges.
  std::string encode() const;
  /// fails     Errc::kCorrupt
  static Result<OnDemandScaler> decode(std::string_view document);

 private:
  struct Shard {
    RateWindow window;
    ServiceTime since;
    WriteRate held;
    double day_use = 0;  ///< The fullest it was since day_since, of its limits.
    double day_before_use = 0;
    ServiceTime day_since;
    std::optional<std::uint32_t> split_from;
    std::int64_t refused = 0;
  };

  static double use_of(WriteRate rate);  ///< Of a shard's limits, the one that is used more.
  static bool is_hot(WriteRate rate);
  void note(const ScalingLook& seen, std::int64_t minutes);
  void note_peak(ServiceTime now);
  int lone_splits(const ScalingLook& seen, const ShardLoad& load) const;
  void tell_lone(const ScalingLook& seen, const ShardLoad& load);
  void tell_ceiling(const ScalingLook& seen, std::size_t hot);
  bool at_least(const ScalingLook& seen, ReshardPlan& plan);
  bool split_hot(const ScalingLook& seen, ReshardPlan& plan);
  bool merge_cold(const ScalingLook& seen, ReshardPlan& plan);
  /// The highest rate of the last 30 days, of either measure by itself; and in shards.
  WriteRate highest(ServiceTime now) const;
  double peak_use(ServiceTime now) const;
  void tell(ServiceTime at, std::int64_t from, std::int64_t to, std::string reason);

  // Stored.
  std::vector<DayPeak> peaks_;
  std::deque<ScalingStep> steps_;
  std::optional<ServiceTime> changed_;  ///< The last split or merge.
  std::map<std::uint32_t, int> lone_;   ///< Splits in a row that left one half empty.

  std::map<std::uint32_t, Shard> shards_;
  RateWindow window_;
  std::deque<WriteRate> hour_;
  WriteRate last_rate_;
  std::uint64_t told_ = 0;
  std::optional<ServiceTime> last_look_;
  WriteRate stored_peak_;
  std::int64_t stored_day_ = 0;
  std::int64_t told_ceiling_day_ = 0;
};

}  // namespace penstock::stream
