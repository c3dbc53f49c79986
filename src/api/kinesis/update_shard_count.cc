#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

constexpr std::array<std::string_view, 1> kScalingTypes{"UNIFORM_SCALING"};

struct UpdateShardCountRequest {
  std::optional<std::int32_t> target_shard_count;
  std::optional<std::string> scaling_type;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = UpdateShardCountRequest;
    return std::array{
        shape::member<&Self::target_shard_count>(
            "TargetShardCount", {shape::required, shape::range(1, shape::kNoLimit)},
            "At most twice and at least half of what is open now, and at most 10,000."),
        shape::member<&Self::scaling_type>("ScalingType",
                                           {shape::required, shape::one_of(kScalingTypes)}),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct UpdateShardCountReply {
  std::string stream_name;
  std::int32_t current_shard_count = 0;
  std::int32_t target_shard_count = 0;
  std::string stream_arn;
  static constexpr auto shape() {
    using Self = UpdateShardCountReply;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::current_shard_count>("CurrentShardCount",
                                                  {shape::range(1, shape::kNoLimit)},
                                                  "Open shards before the call."),
        shape::member<&Self::target_shard_count>("TargetShardCount",
                                                 {shape::range(1, shape::kNoLimit)}),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException",
                                        "ValidationException"};
constexpr shape::Operation<UpdateShardCountRequest, UpdateShardCountReply> kUpdateShardCount{
    .name = "UpdateShardCount",
    .errors = kErrors,
    .doc = "Splits and merges shards until that many are open."};

}  // namespace

shape::OperationInfo update_shard_count_shape() { return shape::describe(kUpdateShardCount); }

front::Operation update_shard_count(Parts parts) {
  return bind(kUpdateShardCount, kStyle,
              [parts](const front::Request& request,
                      UpdateShardCountRequest input) -> Task<Result<UpdateShardCountReply>> {
                CO_TRY(stream::ShardCountChange made,
                       co_await parts.streams.set_shard_count(caller_of(request), target_of(input),
                                                              *input.target_shard_count));
                co_return UpdateShardCountReply{
                    .stream_name = std::move(made.stream.name),
                    .current_shard_count = static_cast<std::int32_t>(made.current),
                    .target_shard_count = static_cast<std::int32_t>(made.target),
                    .stream_arn = std::move(made.arn)};
              });
}

}  // namespace penstock::api::kinesis
