#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct DeleteMessageRequest {
  std::optional<std::string> queue_url;
  std::optional<std::string> receipt_handle;
  static constexpr auto shape() {
    using Self = DeleteMessageRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::receipt_handle>("ReceiptHandle", kRequired,
                                             "From the newest ReceiveMessage."),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidAddress",         "InvalidIdFormat",  "InvalidSecurity",     "QueueDoesNotExist",
    "ReceiptHandleIsInvalid", "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<DeleteMessageRequest, shape::Empty> kDeleteMessage{
    .name = "DeleteMessage",
    .errors = kErrors,
    .doc = "Removes a message for good; a success also when it is gone."};

}  // namespace

shape::OperationInfo delete_message_shape() { return shape::describe(kDeleteMessage); }

front::Operation delete_message(Queues& queues) {
  return bind(kDeleteMessage, kStyle,
              [&queues](const front::Request& request,
                        DeleteMessageRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                std::vector<std::string> handles{std::move(*input.receipt_handle)};
                CO_TRY(auto outcomes, co_await queues.erase(std::move(target), std::move(handles)));
                co_return nothing(std::move(outcomes.front()));
              });
}

}  // namespace penstock::api::sqs
