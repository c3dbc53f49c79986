#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct SetQueueAttributesRequest {
  std::optional<std::string> queue_url;
  std::optional<TextMap> attributes;
  static constexpr auto shape() {
    using Self = SetQueueAttributesRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::attributes>("Attributes", kRequired),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidAddress", "InvalidAttributeName", "InvalidAttributeValue", "InvalidSecurity",
    "OverLimit",      "QueueDoesNotExist",    "RequestThrottled",      "UnsupportedOperation"};
constexpr shape::Operation<SetQueueAttributesRequest, shape::Empty> kSetQueueAttributes{
    .name = "SetQueueAttributes", .errors = kErrors, .doc = "Changes attributes; the others stay."};

}  // namespace

shape::OperationInfo set_queue_attributes_shape() { return shape::describe(kSetQueueAttributes); }

front::Operation set_queue_attributes(Queues& queues) {
  return bind(kSetQueueAttributes, kStyle,
              [&queues](const front::Request& request,
                        SetQueueAttributesRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                co_return nothing(co_await queues.set_attributes(std::move(target),
                                                                 std::move(*input.attributes)));
              });
}

}  // namespace penstock::api::sqs
