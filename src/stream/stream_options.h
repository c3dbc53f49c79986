#pragma once

#include "base/result.h"
#include "base/time.h"
#include "stream/shard_limits.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a stream can be told beside its shards, retention and tags; kept with it. Plain values:
/// option_changes.h says how they change.
namespace penstock::stream {

/// Who chooses a record's shard: its key, or the stream itself (on-demand streams only), whose
/// records need no key then.
enum class Distribution : std::uint8_t { kUserPartitionKey, kAuto };
std::string_view to_text(Distribution distribution);  ///< "USER_PARTITION_KEY", "AUTO"

/// Since when a stream's records count as encrypted. A record's own type follows from its arrival,
/// for arrivals never go back within a shard, so that it needs no mark and keeps its type.
struct Encryption {
  std::string key_id;                     ///< As it was given; empty while off.
  std::vector<std::int64_t> switches_ms;  ///< On, off, on, ...: in the order of time.
  std::vector<std::int64_t> starts_ms;    ///< Calls of the last 24 hours, for their limit.
  std::vector<std::int64_t> stops_ms;

  bool is_on() const { return switches_ms.size() % 2 == 1; }
  /// From `at` on, and never before the last switch: clocks may be set back between two starts.
  void switch_at(ServiceTime at);
  /// Whether a record that arrived then is of type KMS.
  bool holds_at(ServiceTime arrival) const;
  bool operator==(const Encryption&) const = default;
};

/// Shard-level metrics that can be asked for, in the order in which descriptions list them.
inline constexpr std::array<std::string_view, 7> kShardMetrics{"IncomingBytes",
                                                               "IncomingRecords",
                                                               "OutgoingBytes",
                                                               "OutgoingRecords",
                                                               "WriteProvisionedThroughputExceeded",
                                                               "ReadProvisionedThroughputExceeded",
                                                               "IteratorAgeMilliseconds"};
/// One bit for each of kShardMetrics.
using MetricSet = std::uint8_t;
inline constexpr MetricSet kAllShardMetrics = (1u << kShardMetrics.size()) - 1;
/// Of names in kShardMetrics, or "ALL"; nothing for any other name.
std::optional<MetricSet> metric_set(const std::vector<std::string>& names);
std::vector<std::string> metric_names(MetricSet metrics);

struct StreamOptions {
  Distribution distribution = Distribution::kUserPartitionKey;
  MetricSet metrics = 0;
  Encryption encryption;
  std::string policy;  ///< A resource policy as it was given; empty: none.
  LimitOverrides limits;
  bool operator==(const StreamOptions&) const = default;
};

/// As a stream's document keeps them, a JSON object; empty for the defaults.
std::string encode(const StreamOptions& options);
/// fails     Errc::kCorrupt
Result<StreamOptions> decode_options(std::string_view json);

}  // namespace penstock::stream
