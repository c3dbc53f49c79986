#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"
#include "api/kinesis/structures.h"
namespace penstock::api::kinesis {
namespace {

struct ListTagsForResourceRequest {
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = ListTagsForResourceRequest;
    return std::array{
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct ListTagsForResourceReply {
  std::vector<Tag> tags;
  static constexpr auto shape() {
    return std::array{shape::member<&ListTagsForResourceReply::tags>(
        "Tags", {shape::length(0, 200)}, "In the order of their keys.")};
  }
};

constexpr shape::Operation<ListTagsForResourceRequest, ListTagsForResourceReply>
    kListTagsForResource{.name = "ListTagsForResource",
                         .errors = kResourceErrors,
                         .doc = "All tags of a stream or a consumer."};

}  // namespace

shape::OperationInfo list_tags_for_resource_shape() {
  return shape::describe(kListTagsForResource);
}

front::Operation list_tags_for_resource(Parts parts) {
  return bind(kListTagsForResource, kStyle,
              [parts](const front::Request&,
                      ListTagsForResourceRequest input) -> Result<ListTagsForResourceReply> {
                TRY(const stream::Tags tags, parts.streams.resource_tags(view(input.resource_arn)));
                ListTagsForResourceReply reply;
                for (const auto& [key, value] : tags) reply.tags.push_back({key, value});
                return reply;
              });
}

}  // namespace penstock::api::kinesis
