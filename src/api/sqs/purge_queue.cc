#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct PurgeQueueRequest {
  std::optional<std::string> queue_url;
  static constexpr auto shape() {
    using Self = PurgeQueueRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress",       "InvalidSecurity",
                                        "QueueDoesNotExist",    "RequestThrottled",
                                        "UnsupportedOperation", "PurgeQueueInProgress"};
constexpr shape::Operation<PurgeQueueRequest, shape::Empty> kPurgeQueue{
    .name = "PurgeQueue", .errors = kErrors, .doc = "Removes all messages; once in 60 seconds."};

}  // namespace

shape::OperationInfo purge_queue_shape() { return shape::describe(kPurgeQueue); }

front::Operation purge_queue(Queues& queues) {
  return bind(kPurgeQueue, kStyle,
              [&queues](const front::Request& request,
                        PurgeQueueRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                co_return nothing(co_await queues.purge(std::move(target)));
              });
}

}  // namespace penstock::api::sqs
