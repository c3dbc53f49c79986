#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"

namespace penstock::api::kinesis {
namespace {

struct TagResourceRequest {
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = TagResourceRequest;
    return std::array{
        shape::member<&Self::tags>("Tags", kRequiredTags,
                                   "Added, or put in place of the old; at most 50 in all."),
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr shape::Operation<TagResourceRequest, shape::Empty> kTagResource{
    .name = "TagResource",
    .errors = kResourceErrors,
    .doc = "Gives tags to a stream or a consumer."};

}  // namespace

shape::OperationInfo tag_resource_shape() { return shape::describe(kTagResource); }

front::Operation tag_resource(Parts parts) {
  return bind(
      kTagResource, kStyle,
      [parts](const front::Request&, TagResourceRequest input) -> Task<Result<shape::Empty>> {
        co_return nothing(
            co_await parts.streams.tag_resource(view(input.resource_arn), std::move(*input.tags)));
      });
}

}  // namespace penstock::api::kinesis
