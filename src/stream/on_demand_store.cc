#include "shape/json.h"
#include "stream/on_demand.h"

namespace penstock::stream {
namespace {

struct StoredPeak {
  std::int64_t day = 0;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&StoredPeak::day>("day"),
                      shape::member<&StoredPeak::records>("records"),
                      shape::member<&StoredPeak::bytes>("bytes")};
  }
};

struct StoredStep {
  std::int64_t at_ms = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::string reason;
  static constexpr auto shape() {
    return std::array{
        shape::member<&StoredStep::at_ms>("at_ms"), shape::member<&StoredStep::from>("from"),
        shape::member<&StoredStep::to>("to"), shape::member<&StoredStep::reason>("reason")};
  }
};

struct StoredLone {
  std::int64_t shard = 0;
  std::int64_t splits = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&StoredLone::shard>("shard"),
                      shape::member<&StoredLone::splits>("splits")};
  }
};

struct StoredScaler {
  std::vector<StoredPeak> peaks;
  std::vector<StoredStep> steps;
  std::vector<StoredLone> lone;
  std::optional<std::int64_t> changed_ms;
  static constexpr auto shape() {
    using Self = StoredScaler;
    return std::array{shape::member<&Self::peaks>("peaks"), shape::member<&Self::steps>("steps"),
                      shape::member<&Self::lone>("lone"),
                      shape::member<&Self::changed_ms>("changed_ms")};
  }
};

}  // namespace

std::string OnDemandScaler::encode() const {
  StoredScaler out;
  for (const DayPeak& peak : peaks_) {
    out.peaks.push_back({peak.day, peak.rate.records, peak.rate.bytes});
  }
  for (const ScalingStep& step : steps_) {
    out.steps.push_back({unix_millis(step.at), step.from, step.to, step.reason});
  }
  for (const auto& [shard, splits] : lone_) out.lone.push_back({shard, splits});
  if (changed_) out.changed_ms = unix_millis(*changed_);
  return shape::to_json(out);
}

Result<OnDemandScaler> OnDemandScaler::decode(std::string_view document) {
  const Result<StoredScaler> in = shape::from_json<StoredScaler>(document);
  if (!in.ok())
    return Error{Errc::kCorrupt, "what was stored of a stream's scaling is not readable"};
  OnDemandScaler out;
  for (const StoredPeak& peak : in->peaks) {
    out.peaks_.push_back({peak.day, {peak.records, peak.bytes}});
  }
  for (const StoredStep& step : in->steps) {
    out.steps_.push_back({service_time(step.at_ms), step.from, step.to, step.reason});
  }
  for (const StoredLone& lone : in->lone) {
    out.lone_[static_cast<std::uint32_t>(lone.shard)] = static_cast<int>(lone.splits);
  }
  if (in->changed_ms) out.changed_ = service_time(*in->changed_ms);
  if (!out.peaks_.empty()) {
    out.stored_day_ = out.peaks_.back().day;
    out.stored_peak_ = out.peaks_.back().rate;
  }
  return out;
}

}  // namespace penstock::stream
