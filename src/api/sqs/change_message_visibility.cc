#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct ChangeMessageVisibilityRequest {
  std::optional<std::string> queue_url;
  std::optional<std::string> receipt_handle;
  std::optional<std::int32_t> visibility_timeout;
  static constexpr auto shape() {
    using Self = ChangeMessageVisibilityRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::receipt_handle>("ReceiptHandle", kRequired,
                                             "From the newest ReceiveMessage."),
        shape::member<&Self::visibility_timeout>("VisibilityTimeout", kRequired,
                                                 "0 to 43,200 seconds from now."),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidAddress",         "InvalidSecurity",  "MessageNotInflight",  "QueueDoesNotExist",
    "ReceiptHandleIsInvalid", "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<ChangeMessageVisibilityRequest, shape::Empty> kChangeMessageVisibility{
    .name = "ChangeMessageVisibility",
    .errors = kErrors,
    .doc = "Moves the time at which a received message comes again."};

}  // namespace

shape::OperationInfo change_message_visibility_shape() {
  return shape::describe(kChangeMessageVisibility);
}

front::Operation change_message_visibility(Queues& queues) {
  return bind(kChangeMessageVisibility, kStyle,
              [&queues](const front::Request& request,
                        ChangeMessageVisibilityRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY_OK(queues.exists(target));
                std::vector<penstock::sqs::VisibilityChange> changes;
                changes.push_back({std::move(*input.receipt_handle), *input.visibility_timeout});
                CO_TRY(auto outcomes,
                       co_await queues.change_visibility(std::move(target), std::move(changes)));
                co_return nothing(std::move(outcomes.front()));
              });
}

}  // namespace penstock::api::sqs
