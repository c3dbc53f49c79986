#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct CreateQueueRequest {
  std::optional<std::string> queue_name;
  std::optional<TextMap> attributes;
  std::optional<TextMap> tags;
  static constexpr auto shape() {
    using Self = CreateQueueRequest;
    return std::array{
        shape::member<&Self::queue_name>("QueueName", kRequired,
                                         "1 to 80 letters, digits, hyphens and underscores."),
        shape::member<&Self::attributes>("Attributes"),
        shape::member<&Self::tags>("tags"),
    };
  }
};

struct CreateQueueResult {
  std::optional<std::string> queue_url;
  static constexpr auto shape() {
    using Self = CreateQueueResult;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl"),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress",        "InvalidAttributeName",
                                        "InvalidAttributeValue", "InvalidSecurity",
                                        "QueueDeletedRecently",  "QueueNameExists",
                                        "RequestThrottled",      "UnsupportedOperation"};
constexpr shape::Operation<CreateQueueRequest, CreateQueueResult> kCreateQueue{
    .name = "CreateQueue",
    .errors = kErrors,
    .doc = "Makes a queue; the same one again when nothing differs."};

}  // namespace

shape::OperationInfo create_queue_shape() { return shape::describe(kCreateQueue); }

front::Operation create_queue(Queues& queues) {
  return bind(
      kCreateQueue, kStyle,
      [&queues](const front::Request& request,
                CreateQueueRequest input) -> Task<Result<CreateQueueResult>> {
        const QueueTarget target = target_named(request, *input.queue_name);
        CO_TRY_OK(co_await queues.create(target, std::move(input.attributes).value_or(TextMap{}),
                                         std::move(input.tags).value_or(TextMap{})));
        co_return CreateQueueResult{url_of(request, target)};
      });
}

}  // namespace penstock::api::sqs
