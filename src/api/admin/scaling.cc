#include "api/admin/scaling.h"

#include "api/admin/which_stream.h"
#include "stream/on_demand.h"
#include "stream/stream_service.h"

namespace penstock::api::admin {
namespace {

struct Rate {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&Rate::records>("records"),
                      shape::member<&Rate::bytes>("bytes", {}, "Keys and data.")};
  }
};

struct Step {
  std::int64_t at_ms = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::string reason;
  static constexpr auto shape() {
    using Self = Step;
    return std::array{
        shape::member<&Self::at_ms>("at_ms", {}, "Service time, Unix milliseconds."),
        shape::member<&Self::from>("from", {}, "Open shards before it."),
        shape::member<&Self::to>("to", {}, "And after it; the same when it was kept from scaling."),
        shape::member<&Self::reason>("reason", {}, "A sentence with the figures that led to it."),
    };
  }
};

struct ScalingReply {
  std::string mode;
  std::int64_t open_shards = 0;
  std::int64_t shards_min = 0;
  std::int64_t shards_max = 0;
  std::int64_t shards_needed = 0;
  Rate now;
  std::optional<Rate> peak;
  std::vector<Step> steps;
  static constexpr auto shape() {
    using Self = ScalingReply;
    return std::array{
        shape::member<&Self::mode>("mode", {}, "PROVISIONED or ON_DEMAND."),
        shape::member<&Self::open_shards>("open_shards"),
        shape::member<&Self::shards_min>("shards_min", {}, "Four, or the warm throughput."),
        shape::member<&Self::shards_max>("shards_max", {}, "The ceiling of the region."),
        shape::member<&Self::shards_needed>("shards_needed", {},
                                            "For twice the highest rate of the last 30 days."),
        shape::member<&Self::now>("now", {}, "What was stored a second in the last minute."),
        shape::member<&Self::peak>("peak", {},
                                   "The highest rate that was held in the last 30 days."),
        shape::member<&Self::steps>("steps", {}, "The last 50, oldest first."),
    };
  }
};

constexpr shape::Operation<WhichStream, ScalingReply> kScaling{
    .name = "ReadScaling",
    .doc = "How an on-demand stream is scaled, and the reason of every step.",
    .method = "GET",
    .path = "/_penstock/streams/{StreamName}/scaling"};

Rate wire(stream::WriteRate rate) { return {rate.records, rate.bytes}; }

Result<ScalingReply> scaling(const stream::StreamService& streams, const front::Request& request,
                             const WhichStream& input) {
  TRY(const stream::ScalingView view, streams.scaling(name_in(request, input)));
  ScalingReply reply{.mode = std::string(to_text(view.mode)),
                     .open_shards = view.open_shards,
                     .shards_min = view.shards_min,
                     .shards_max = view.shards_max,
                     .shards_needed = view.shards_needed,
                     .now = wire(view.now)};
  if (view.peak) reply.peak = wire(view.peak->rate);
  for (const stream::ScalingStep& step : view.steps) {
    reply.steps.push_back({unix_millis(step.at), step.from, step.to, step.reason});
  }
  return reply;
}

}  // namespace

shape::OperationInfo scaling_shape() { return shape::describe(kScaling); }

front::Operation scaling_operation(const stream::StreamService& streams) {
  return bind(kScaling, kStreamStyle, [&streams](const front::Request& request, WhichStream input) {
    return scaling(streams, request, input);
  });
}

}  // namespace penstock::api::admin
