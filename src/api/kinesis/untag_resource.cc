#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"

namespace penstock::api::kinesis {
namespace {

struct UntagResourceRequest {
  std::optional<std::vector<std::string>> tag_keys;
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = UntagResourceRequest;
    return std::array{
        shape::member<&Self::tag_keys>("TagKeys", kRequiredTagKeys,
                                       "Keys that are not there are ignored."),
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr shape::Operation<UntagResourceRequest, shape::Empty> kUntagResource{
    .name = "UntagResource",
    .errors = kResourceErrors,
    .doc = "Takes tags away from a stream or a consumer."};

}  // namespace

shape::OperationInfo untag_resource_shape() { return shape::describe(kUntagResource); }

front::Operation untag_resource(Parts parts) {
  return bind(
      kUntagResource, kStyle,
      [parts](const front::Request&, UntagResourceRequest input) -> Task<Result<shape::Empty>> {
        co_return nothing(co_await parts.streams.untag_resource(view(input.resource_arn),
                                                                std::move(*input.tag_keys)));
      });
}

}  // namespace penstock::api::kinesis
