#include "stream/stream_options.h"

#include "shape/json.h"

#include <algorithm>

namespace penstock::stream {
namespace {

struct StoredOptions {
  bool is_auto = false;
  std::int64_t metrics = 0;
  std::string key_id;
  std::vector<std::int64_t> switches_ms;
  std::vector<std::int64_t> starts_ms;
  std::vector<std::int64_t> stops_ms;
  std::string policy;
  static constexpr auto shape() {
    using Self = StoredOptions;
    return std::array{
        shape::member<&Self::is_auto>("is_auto"),
        shape::member<&Self::metrics>("metrics"),
        shape::member<&Self::key_id>("key_id"),
        shape::member<&Self::switches_ms>("switches_ms"),
        shape::member<&Self::starts_ms>("starts_ms"),
        shape::member<&Self::stops_ms>("stops_ms"),
        shape::member<&Self::policy>("policy"),
    };
  }
};

}  // namespace

std::string_view to_text(Distribution distribution) {
  return distribution == Distribution::kAuto ? "AUTO" : "USER_PARTITION_KEY";
}

bool Encryption::holds_at(ServiceTime arrival) const {
  if (switches_ms.empty()) return false;
  const auto later = std::upper_bound(switches_ms.begin(), switches_ms.end(), unix_millis(arrival));
  return (later - switches_ms.begin()) % 2 == 1;
}

std::optional<MetricSet> metric_set(const std::vector<std::string>& names) {
  unsigned set = 0;
  for (const std::string& name : names) {
    if (name == "ALL") {
      set |= kAllShardMetrics;
      continue;
    }
    const auto found = std::find(kShardMetrics.begin(), kShardMetrics.end(), name);
    if (found == kShardMetrics.end()) return std::nullopt;
    set |= 1u << (found - kShardMetrics.begin());
  }
  return static_cast<MetricSet>(set);
}

std::vector<std::string> metric_names(MetricSet metrics) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kShardMetrics.size(); ++i) {
    if ((metrics >> i & 1u) != 0) names.emplace_back(kShardMetrics[i]);
  }
  return names;
}

std::string encode(const StreamOptions& options) {
  if (options == StreamOptions{}) return {};
  return shape::to_json(StoredOptions{.is_auto = options.distribution == Distribution::kAuto,
                                      .metrics = options.metrics,
                                      .key_id = options.encryption.key_id,
                                      .switches_ms = options.encryption.switches_ms,
                                      .starts_ms = options.encryption.starts_ms,
                                      .stops_ms = options.encryption.stops_ms,
                                      .policy = options.policy});
}

Result<StreamOptions> decode_options(std::string_view json) {
  if (json.empty()) return StreamOptions{};
  Result<StoredOptions> parsed = shape::from_json<StoredOptions>(json);
  if (!parsed.ok() || parsed->metrics < 0 || parsed->metrics > kAllShardMetrics) {
    return Error{Errc::kCorrupt, "what is stored of a stream's options are none"};
  }
  StoredOptions& in = *parsed;
  return StreamOptions{
      .distribution = in.is_auto ? Distribution::kAuto : Distribution::kUserPartitionKey,
      .metrics = static_cast<MetricSet>(in.metrics),
      .encryption = {.key_id = std::move(in.key_id),
                     .switches_ms = std::move(in.switches_ms),
                     .starts_ms = std::move(in.starts_ms),
                     .stops_ms = std::move(in.stops_ms)},
      .policy = std::move(in.policy)};
}

}  // namespace penstock::stream
