#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct DistributionRequest {
  std::optional<std::string> record_distribution_strategy;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DistributionRequest;
    return std::array{
        shape::member<&Self::record_distribution_strategy>(
            "RecordDistributionStrategy", {shape::required, shape::one_of(kDistributionStrategies)},
            "AUTO: records go around the open shards, and need no key."),
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "ResourceInUseException", "LimitExceededException",
                                        "ValidationException"};
constexpr shape::Operation<DistributionRequest, shape::Empty> kUpdateDistribution{
    .name = "UpdateStreamRecordDistributionStrategy",
    .errors = kErrors,
    .doc =
        "Says who chooses a record's shard: its key, or the stream. Holds at once; records stay "
        "where they are."};

}  // namespace

shape::OperationInfo update_stream_record_distribution_strategy_shape() {
  return shape::describe(kUpdateDistribution);
}

front::Operation update_stream_record_distribution_strategy(Parts parts) {
  return bind(kUpdateDistribution, kStyle,
              [parts](const front::Request& request,
                      DistributionRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.set_distribution(
                    caller_of(request), {.arn = view(input.stream_arn)},
                    distribution_of(view(input.record_distribution_strategy))));
              });
}

}  // namespace penstock::api::kinesis
