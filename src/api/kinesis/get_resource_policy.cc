#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"

namespace penstock::api::kinesis {
namespace {

struct GetResourcePolicyRequest {
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = GetResourcePolicyRequest;
    return std::array{
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct GetResourcePolicyReply {
  std::string policy;
  static constexpr auto shape() {
    return std::array{shape::member<&GetResourcePolicyReply::policy>("Policy", {shape::required},
                                                                     "`{}` when there is none.")};
  }
};

constexpr shape::Operation<GetResourcePolicyRequest, GetResourcePolicyReply> kGetResourcePolicy{
    .name = "GetResourcePolicy",
    .errors = kResourceErrors,
    .doc = "The policy of a stream or a consumer, as it was given."};

}  // namespace

shape::OperationInfo get_resource_policy_shape() { return shape::describe(kGetResourcePolicy); }

front::Operation get_resource_policy(Parts parts) {
  return bind(kGetResourcePolicy, kStyle,
              [parts](const front::Request&,
                      GetResourcePolicyRequest input) -> Result<GetResourcePolicyReply> {
                TRY(std::string policy, parts.streams.policy_of(view(input.resource_arn)));
                return GetResourcePolicyReply{policy.empty() ? "{}" : std::move(policy)};
              });
}

}  // namespace penstock::api::kinesis
