#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct MergeShardsRequest {
  std::optional<std::string> shard_to_merge;
  std::optional<std::string> adjacent_shard_to_merge;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = MergeShardsRequest;
    return std::array{
        shape::member<&Self::shard_to_merge>("ShardToMerge", kRequiredShardId, "The lower one."),
        shape::member<&Self::adjacent_shard_to_merge>("AdjacentShardToMerge", kRequiredShardId,
                                                      "The one that begins where it ends."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException",
                                        "ValidationException"};
constexpr shape::Operation<MergeShardsRequest, shape::Empty> kMergeShards{
    .name = "MergeShards",
    .errors = kErrors,
    .doc = "Closes two adjacent shards and opens one in their place."};

}  // namespace

shape::OperationInfo merge_shards_shape() { return shape::describe(kMergeShards); }

front::Operation merge_shards(Parts parts) {
  return bind(kMergeShards, kStyle,
              [parts](const front::Request& request,
                      MergeShardsRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.merge(
                    caller_of(request), target_of(input), view(input.shard_to_merge),
                    view(input.adjacent_shard_to_merge)));
              });
}

}  // namespace penstock::api::kinesis
