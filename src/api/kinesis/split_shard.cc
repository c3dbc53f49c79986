#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct SplitShardRequest {
  std::optional<std::string> new_starting_hash_key;
  std::optional<std::string> stream_name;
  std::optional<std::string> shard_to_split;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = SplitShardRequest;
    return std::array{
        shape::member<&Self::new_starting_hash_key>("NewStartingHashKey", kRequiredHashKey,
                                                    "Where the upper child begins."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::shard_to_split>("ShardToSplit", kRequiredShardId),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException",
                                        "ValidationException"};
constexpr shape::Operation<SplitShardRequest, shape::Empty> kSplitShard{
    .name = "SplitShard",
    .errors = kErrors,
    .doc = "Closes a shard and opens two in its place. The stream is UPDATING meanwhile."};

}  // namespace

shape::OperationInfo split_shard_shape() { return shape::describe(kSplitShard); }

front::Operation split_shard(Parts parts) {
  return bind(kSplitShard, kStyle,
              [parts](const front::Request& request,
                      SplitShardRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.split(caller_of(request), target_of(input),
                                                               view(input.shard_to_split),
                                                               view(input.new_starting_hash_key)));
              });
}

}  // namespace penstock::api::kinesis
