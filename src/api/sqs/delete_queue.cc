#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct DeleteQueueRequest {
  std::optional<std::string> queue_url;
  static constexpr auto shape() {
    using Self = DeleteQueueRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<DeleteQueueRequest, shape::Empty> kDeleteQueue{
    .name = "DeleteQueue", .errors = kErrors, .doc = "Removes a queue with its messages."};

}  // namespace

shape::OperationInfo delete_queue_shape() { return shape::describe(kDeleteQueue); }

front::Operation delete_queue(Queues& queues) {
  return bind(kDeleteQueue, kStyle,
              [&queues](const front::Request& request,
                        DeleteQueueRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                co_return nothing(co_await queues.remove(std::move(target)));
              });
}

}  // namespace penstock::api::sqs
