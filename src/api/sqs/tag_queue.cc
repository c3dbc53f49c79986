#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct TagQueueRequest {
  std::optional<std::string> queue_url;
  std::optional<TextMap> tags;
  static constexpr auto shape() {
    using Self = TagQueueRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::tags>("Tags", kRequired),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<TagQueueRequest, shape::Empty> kTagQueue{
    .name = "TagQueue", .errors = kErrors, .doc = "Adds tags, or replaces their values."};

}  // namespace

shape::OperationInfo tag_queue_shape() { return shape::describe(kTagQueue); }

front::Operation tag_queue(Queues& queues) {
  return bind(
      kTagQueue, kStyle,
      [&queues](const front::Request& request,
                TagQueueRequest input) -> Task<Result<shape::Empty>> {
        CO_TRY(QueueTarget target, target_of(request, input.queue_url));
        co_return nothing(co_await queues.set_tags(std::move(target), std::move(*input.tags), {}));
      });
}

}  // namespace penstock::api::sqs
