#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct ListQueueTagsRequest {
  std::optional<std::string> queue_url;
  static constexpr auto shape() {
    using Self = ListQueueTagsRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
    };
  }
};

struct ListQueueTagsResult {
  std::optional<TextMap> tags;
  static constexpr auto shape() {
    using Self = ListQueueTagsResult;
    return std::array{
        shape::member<&Self::tags>("Tags"),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<ListQueueTagsRequest, ListQueueTagsResult> kListQueueTags{
    .name = "ListQueueTags", .errors = kErrors, .doc = "The queue's tags."};

}  // namespace

shape::OperationInfo list_queue_tags_shape() { return shape::describe(kListQueueTags); }

front::Operation list_queue_tags(Queues& queues) {
  return bind(kListQueueTags, kStyle,
              [&queues](const front::Request& request,
                        ListQueueTagsRequest input) -> Task<Result<ListQueueTagsResult>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY(penstock::sqs::QueueDescription queue, queues.describe(std::move(target)));
                ListQueueTagsResult result;
                if (!queue.tags.empty()) result.tags = std::move(queue.tags);
                co_return result;
              });
}

}  // namespace penstock::api::sqs
