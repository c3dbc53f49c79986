#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/resources.h"

namespace penstock::api::kinesis {
namespace {

struct PutResourcePolicyRequest {
  std::optional<std::string> policy;
  std::optional<std::string> resource_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = PutResourcePolicyRequest;
    return std::array{
        shape::member<&Self::policy>("Policy", {shape::required},
                                     "Kept as it is; one that is there is replaced."),
        shape::member<&Self::resource_arn>("ResourceARN", kRequiredResourceArn,
                                           "Of a stream or a consumer."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr shape::Operation<PutResourcePolicyRequest, shape::Empty> kPutResourcePolicy{
    .name = "PutResourcePolicy",
    .errors = kResourceErrors,
    .doc = "Keeps a policy with a stream or a consumer. Nothing is decided by it yet."};

}  // namespace

shape::OperationInfo put_resource_policy_shape() { return shape::describe(kPutResourcePolicy); }

front::Operation put_resource_policy(Parts parts) {
  return bind(
      kPutResourcePolicy, kStyle,
      [parts](const front::Request&, PutResourcePolicyRequest input) -> Task<Result<shape::Empty>> {
        co_return nothing(
            co_await parts.streams.put_policy(view(input.resource_arn), view(input.policy)));
      });
}

}  // namespace penstock::api::kinesis
