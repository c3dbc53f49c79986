#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct RemoveTagsFromStreamRequest {
  std::optional<std::vector<std::string>> tag_keys;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = RemoveTagsFromStreamRequest;
    return std::array{
        shape::member<&Self::tag_keys>("TagKeys", kRequiredTagKeys,
                                       "Keys that are not there are ignored."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException"};
constexpr shape::Operation<RemoveTagsFromStreamRequest, shape::Empty> kRemoveTagsFromStream{
    .name = "RemoveTagsFromStream", .errors = kErrors, .doc = "Takes tags away."};

}  // namespace

shape::OperationInfo remove_tags_from_stream_shape() {
  return shape::describe(kRemoveTagsFromStream);
}

front::Operation remove_tags_from_stream(Parts parts) {
  return bind(kRemoveTagsFromStream, kStyle,
              [parts](const front::Request& request,
                      RemoveTagsFromStreamRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.remove_tags(
                    caller_of(request), target_of(input), std::move(*input.tag_keys)));
              });
}

}  // namespace penstock::api::kinesis
