#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct DescribeLimitsRequest {
  static constexpr std::array<shape::Member, 0> shape() { return {}; }
};

struct DescribeLimitsReply {
  std::int32_t shard_limit = 0;
  std::int32_t open_shard_count = 0;
  std::int32_t on_demand_stream_count = 0;
  std::int32_t on_demand_stream_count_limit = 0;
  static constexpr auto shape() {
    using Self = DescribeLimitsReply;
    constexpr shape::Rules kCount{shape::required, shape::range(0, 1'000'000)};
    return std::array{
        shape::member<&Self::shard_limit>("ShardLimit", kCount),
        shape::member<&Self::open_shard_count>("OpenShardCount", kCount),
        shape::member<&Self::on_demand_stream_count>("OnDemandStreamCount", kCount),
        shape::member<&Self::on_demand_stream_count_limit>("OnDemandStreamCountLimit", kCount),
    };
  }
};

constexpr std::string_view kErrors[] = {"LimitExceededException"};
constexpr shape::Operation<DescribeLimitsRequest, DescribeLimitsReply> kDescribeLimits{
    .name = "DescribeLimits",
    .errors = kErrors,
    .doc = "How many shards and on-demand streams the account has, and may have."};

}  // namespace

shape::OperationInfo describe_limits_shape() { return shape::describe(kDescribeLimits); }

front::Operation describe_limits(Parts parts) {
  return bind(
      kDescribeLimits, kStyle,
      [parts](const front::Request& request, DescribeLimitsRequest) -> Result<DescribeLimitsReply> {
        const stream::AccountLimits limits = parts.streams.limits(caller_of(request));
        const auto count = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
        return DescribeLimitsReply{
            .shard_limit = count(limits.shard_limit),
            .open_shard_count = count(limits.open_shards),
            .on_demand_stream_count = count(limits.on_demand_streams),
            .on_demand_stream_count_limit = count(limits.on_demand_stream_limit)};
      });
}

}  // namespace penstock::api::kinesis
