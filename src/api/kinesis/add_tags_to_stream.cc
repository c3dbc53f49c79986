#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

#include <map>

namespace penstock::api::kinesis {
namespace {

struct AddTagsToStreamRequest {
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = AddTagsToStreamRequest;
    return std::array{
        shape::member<&Self::tags>("Tags", kRequiredTags, "Added, or put in place of the old."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException"};
constexpr shape::Operation<AddTagsToStreamRequest, shape::Empty> kAddTagsToStream{
    .name = "AddTagsToStream", .errors = kErrors, .doc = "At most 50 tags in all."};

}  // namespace

shape::OperationInfo add_tags_to_stream_shape() { return shape::describe(kAddTagsToStream); }

front::Operation add_tags_to_stream(Parts parts) {
  return bind(kAddTagsToStream, kStyle,
              [parts](const front::Request& request,
                      AddTagsToStreamRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.add_tags(
                    caller_of(request), target_of(input), std::move(*input.tags)));
              });
}

}  // namespace penstock::api::kinesis
