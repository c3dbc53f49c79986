#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

#include <algorithm>

namespace penstock::api::kinesis {
namespace {

struct ShardFilter {
  std::optional<std::string> type;
  std::optional<std::string> shard_id;
  std::optional<shape::Timestamp> timestamp;
  static constexpr std::string_view kShapeName = "ShardFilter";
  static constexpr auto shape() {
    using Self = ShardFilter;
    return std::array{
        shape::member<&Self::type>("Type", {shape::required, shape::one_of(kShardFilterTypes)}),
        shape::member<&Self::shard_id>("ShardId", kShardId, "For AFTER_SHARD_ID."),
        shape::member<&Self::timestamp>("Timestamp", {}, "For AT_TIMESTAMP and FROM_TIMESTAMP."),
    };
  }
};

struct ListShardsRequest {
  std::optional<std::string> stream_name;
  std::optional<std::string> next_token;
  std::optional<std::string> exclusive_start_shard_id;
  std::optional<std::int32_t> max_results;
  std::optional<shape::Timestamp> stream_creation_timestamp;
  std::optional<ShardFilter> shard_filter;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = ListShardsRequest;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "From the page before; alone, or with MaxResults."),
        shape::member<&Self::exclusive_start_shard_id>("ExclusiveStartShardId", kShardId),
        shape::member<&Self::max_results>("MaxResults", {shape::range(1, 10'000)},
                                          "Default and most 1000."),
        shape::member<&Self::stream_creation_timestamp>(
            "StreamCreationTimestamp", {}, "Which stream of this name, when it was made again."),
        shape::member<&Self::shard_filter>("ShardFilter", {}, "Remembered in the token."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct ListShardsReply {
  std::vector<Shard> shards;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    using Self = ListShardsReply;
    return std::array{
        shape::member<&Self::shards>("Shards", {},
                                     "Open ones, and closed ones whose records are still there."),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1'048'576)},
                                         "Good for 300 s."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "LimitExceededException", "ExpiredNextTokenException",
                                        "ResourceInUseException"};
constexpr shape::Operation<ListShardsRequest, ListShardsReply> kListShards{
    .name = "ListShards", .errors = kErrors, .doc = "A page of the shards of a stream."};

/// ShardFilterType as the model lists it: the order of stream::ShardFilterType, too.
stream::ShardFilterType filter_type_of(std::string_view text) {
  const auto found = std::find(kShardFilterTypes.begin(), kShardFilterTypes.end(), text);
  return static_cast<stream::ShardFilterType>(found - kShardFilterTypes.begin());
}

std::optional<ServiceTime> time_of(const std::optional<shape::Timestamp>& timestamp) {
  return timestamp ? std::optional(service_time(timestamp->millis)) : std::nullopt;
}

}  // namespace

shape::OperationInfo list_shards_shape() { return shape::describe(kListShards); }

front::Operation list_shards(Parts parts) {
  return bind(
      kListShards, kStyle,
      [parts](const front::Request& request, ListShardsRequest input) -> Result<ListShardsReply> {
        stream::ListShards list{
            .stream = target_of(input),
            .next_token = view(input.next_token),
            .exclusive_start_shard_id = optional_view(input.exclusive_start_shard_id),
            .max_results = input.max_results,
            .stream_creation = time_of(input.stream_creation_timestamp)};
        if (input.shard_filter) {
          list.filter = {.type = filter_type_of(view(input.shard_filter->type)),
                         .shard_id = optional_view(input.shard_filter->shard_id),
                         .timestamp = time_of(input.shard_filter->timestamp)};
        }
        TRY(stream::ShardPage page, parts.streams.list_shards(caller_of(request), std::move(list)));
        ListShardsReply reply{.shards = wire(page.shards)};
        if (!page.next_token.empty()) reply.next_token = std::move(page.next_token);
        return reply;
      });
}

}  // namespace penstock::api::kinesis
