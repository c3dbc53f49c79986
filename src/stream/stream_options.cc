#include "stream/stream_options.h"

#include "shape/json.h"

#include <algorithm>

namespace penstock::stream {
namespace {

struct StoredLimits {
  std::optional<std::int64_t> write_records;
  std::optional<std::int64_t> write_bytes;
  std::optional<std::int64_t> read_calls;
  std::optional<std::int64_t> read_bytes;
  std::optional<std::int64_t> iterator_calls;
  std::optional<std::int64_t> subscribe_bytes;
  std::optional<bool> call_rates;
  static constexpr auto shape() {
    using Self = StoredLimits;
    return std::array{
        shape::member<&Self::write_records>("write_records"),
        shape::member<&Self::write_bytes>("write_bytes"),
        shape::member<&Self::read_calls>("read_calls"),
        shape::member<&Self::read_bytes>("read_bytes"),
        shape::member<&Self::iterator_calls>("iterator_calls"),
        shape::member<&Self::subscribe_bytes>("subscribe_bytes"),
        shape::member<&Self::call_rates>("call_rates"),
    };
  }
};

struct StoredOptions {
  bool is_auto = false;
  std::int64_t metrics = 0;
  std::string key_id;
  std::vector<std::int64_t> switches_ms;
  std::vector<std::int64_t> starts_ms;
  std::vector<std::int64_t> stops_ms;
  std::string policy;
  std::optional<StoredLimits> limits;
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
        shape::member<&Self::limits>("limits"),
    };
  }
};

}  // namespace

std::string_view to_text(Distribution distribution) {
  return distribution == Distribution::kAuto ? "AUTO" : "USER_PARTITION_KEY";
}

void Encryption::switch_at(ServiceTime at) {
  const std::int64_t from = unix_millis(at);
  switches_ms.push_back(switches_ms.empty() ? from : std::max(from, switches_ms.back()));
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
  StoredOptions out{.is_auto = options.distribution == Distribution::kAuto,
                    .metrics = options.metrics,
                    .key_id = options.encryption.key_id,
                    .switches_ms = options.encryption.switches_ms,
                    .starts_ms = options.encryption.starts_ms,
                    .stops_ms = options.encryption.stops_ms,
                    .policy = options.policy};
  if (const LimitOverrides& limits = options.limits; limits != LimitOverrides{}) {
    out.limits = {limits.write_records, limits.write_bytes,    limits.read_calls,
                  limits.read_bytes,    limits.iterator_calls, limits.subscribe_bytes,
                  limits.call_rates};
  }
  return shape::to_json(out);
}

Result<StreamOptions> decode_options(std::string_view json) {
  if (json.empty()) return StreamOptions{};
  Result<StoredOptions> parsed = shape::from_json<StoredOptions>(json);
  if (!parsed.ok() || parsed->metrics < 0 || parsed->metrics > kAllShardMetrics) {
    return Error{Errc::kCorrupt, "what is stored of a stream's options are none"};
  }
  StoredOptions& in = *parsed;
  StreamOptions options{
      .distribution = in.is_auto ? Distribution::kAuto : Distribution::kUserPartitionKey,
      .metrics = static_cast<MetricSet>(in.metrics),
      .encryption = {.key_id = std::move(in.key_id),
                     .switches_ms = std::move(in.switches_ms),
                     .starts_ms = std::move(in.starts_ms),
                     .stops_ms = std::move(in.stops_ms)},
      .policy = std::move(in.policy)};
  if (in.limits) {
    options.limits = {in.limits->write_records,  in.limits->write_bytes,
                      in.limits->read_calls,     in.limits->read_bytes,
                      in.limits->iterator_calls, in.limits->subscribe_bytes,
                      in.limits->call_rates};
  }
  return options;
}

}  // namespace penstock::stream
