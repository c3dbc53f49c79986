#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct ListTagsForStreamRequest {
  std::optional<std::int32_t> limit;
  std::optional<std::string> exclusive_start_tag_key;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = ListTagsForStreamRequest;
    return std::array{
        shape::member<&Self::limit>("Limit", {shape::range(1, 50)}, "Default and most 50."),
        shape::member<&Self::exclusive_start_tag_key>("ExclusiveStartTagKey",
                                                      {shape::length(1, 128)}),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct ListTagsForStreamReply {
  std::vector<Tag> tags;
  bool has_more_tags = false;
  static constexpr auto shape() {
    using Self = ListTagsForStreamReply;
    return std::array{
        shape::member<&Self::tags>("Tags", {shape::required, shape::length(0, 200)},
                                   "In the order of their keys."),
        shape::member<&Self::has_more_tags>("HasMoreTags", {shape::required}),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "LimitExceededException"};
constexpr shape::Operation<ListTagsForStreamRequest, ListTagsForStreamReply> kListTagsForStream{
    .name = "ListTagsForStream", .errors = kErrors, .doc = "A page of a stream's tags."};

}  // namespace

shape::OperationInfo list_tags_for_stream_shape() { return shape::describe(kListTagsForStream); }

front::Operation list_tags_for_stream(Parts parts) {
  return bind(kListTagsForStream, kStyle,
              [parts](const front::Request& request,
                      ListTagsForStreamRequest input) -> Result<ListTagsForStreamReply> {
                TRY(stream::TagPage page,
                    parts.streams.list_tags(caller_of(request), target_of(input),
                                            view(input.exclusive_start_tag_key), input.limit));
                ListTagsForStreamReply reply{.has_more_tags = page.has_more};
                for (auto& [key, value] : page.tags) {
                  reply.tags.push_back({std::move(key), std::move(value)});
                }
                return reply;
              });
}

}  // namespace penstock::api::kinesis
