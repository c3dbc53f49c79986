#pragma once

#include "base/hash_key.h"
#include "base/time.h"
#include "stream/entry.h"
#include "stream/limiter.h"
#include "stream/on_demand.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace penstock::sim {

/// A key of the modelled traffic. The shares of all keys are one together.
struct TrafficKey {
  HashKey at;
  double share = 0;
};
/// `count` keys of equal share, placed as their names' MD5 places them.
std::vector<TrafficKey> equal_keys(std::size_t count);

struct OnDemandOptions {
  ServiceTime start{Millis{1'790'000'000'000}};
  std::int64_t shards = 4;
  std::int64_t record_bytes = 1'000;  ///< Key and data.
  std::int64_t shards_min = 4;
  std::int64_t shards_max = 10'240;
};

/// The write side of one on-demand stream in virtual time, a second at a time: the scaler, the
/// limiters and the layout are the server's own; only the journal and the wire are left out, and
/// records arrive evenly within a second.
class OnDemandModel {
 public:
  OnDemandModel(std::vector<TrafficKey> keys, OnDemandOptions options);

  struct Outcome {
    std::int64_t stored = 0;
    std::int64_t refused = 0;
    Outcome& operator+=(const Outcome& more) {
      stored += more.stored;
      refused += more.refused;
      return *this;
    }
  };
  /// One second in which so many records are sent; nobody sends again what is refused.
  Outcome second(double records);
  /// So many seconds of it.
  Outcome run(double records, Millis duration);

  /// The server stops and starts again: only what is stored is left of the scaler.
  void restart();
  /// Mode changes: a provisioned stream is not looked at.
  void set_on_demand(bool on) { is_on_demand_ = on; }
  void set_shards_min(std::int64_t shards) { options_.shards_min = shards; }

  ServiceTime now() const { return now_; }
  std::int64_t open_shards() const { return static_cast<std::int64_t>(shards_.size()); }
  const stream::StreamEntry& entry() const { return entry_; }
  const stream::OnDemandScaler& scaler() const { return scaler_; }
  /// Every step so far.
  const std::vector<stream::ScalingStep>& steps() const { return steps_; }

 private:
  struct Shard {
    stream::WriteLimiter limiter;
    double share = 0;
    double credit = 0;  ///< Parts of a record that are still to be sent.
    std::int64_t stored = 0;
    std::int64_t refused = 0;
  };
  bool is_calm(double records) const;
  Outcome calm_minute(double records);
  void look();
  void lay_out();

  std::vector<TrafficKey> keys_;  ///< In the order of hash keys.
  OnDemandOptions options_;
  ServiceTime now_;
  bool is_on_demand_ = true;
  stream::StreamEntry entry_;
  stream::OnDemandScaler scaler_;
  std::string stored_;
  std::map<std::uint32_t, Shard> shards_;  ///< The open ones.
  std::vector<stream::ScalingStep> steps_;
};

}  // namespace penstock::sim
