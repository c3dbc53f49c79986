#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct UntagQueueRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<std::string>> tag_keys;
  static constexpr auto shape() {
    using Self = UntagQueueRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::tag_keys>("TagKeys", kRequired),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<UntagQueueRequest, shape::Empty> kUntagQueue{
    .name = "UntagQueue", .errors = kErrors, .doc = "Removes tags."};

}  // namespace

shape::OperationInfo untag_queue_shape() { return shape::describe(kUntagQueue); }

front::Operation untag_queue(Queues& queues) {
  return bind(kUntagQueue, kStyle,
              [&queues](const front::Request& request,
                        UntagQueueRequest input) -> Task<Result<shape::Empty>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                co_return nothing(
                    co_await queues.set_tags(std::move(target), {}, std::move(*input.tag_keys)));
              });
}

}  // namespace penstock::api::sqs
