#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"

namespace penstock::api::kinesis {
namespace {

struct DeleteResourcePolicyRequest {
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DeleteResourcePolicyRequest;
    return std::array{
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr shape::Operation<DeleteResourcePolicyRequest, shape::Empty> kDeleteResourcePolicy{
    .name = "DeleteResourcePolicy",
    .errors = kResourceErrors,
    .doc = "Takes the policy of a stream or a consumer away."};

}  // namespace

shape::OperationInfo delete_resource_policy_shape() {
  return shape::describe(kDeleteResourcePolicy);
}

front::Operation delete_resource_policy(Parts parts) {
  return bind(kDeleteResourcePolicy, kStyle,
              [parts](const front::Request&,
                      DeleteResourcePolicyRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.delete_policy(view(input.resource_arn)));
              });
}

}  // namespace penstock::api::kinesis
