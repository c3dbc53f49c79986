#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct GetQueueUrlRequest {
  std::optional<std::string> queue_name;
  std::optional<std::string> owner;
  static constexpr auto shape() {
    using Self = GetQueueUrlRequest;
    return std::array{
        shape::member<&Self::queue_name>("QueueName", kRequired),
        shape::member<&Self::owner>("QueueOwnerAWSAccountId", {},
                                    "Only the own account has queues to be found."),
    };
  }
};

struct GetQueueUrlResult {
  std::optional<std::string> queue_url;
  static constexpr auto shape() {
    using Self = GetQueueUrlResult;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl"),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<GetQueueUrlRequest, GetQueueUrlResult> kGetQueueUrl{
    .name = "GetQueueUrl", .errors = kErrors, .doc = "The URL of a queue by its name."};

}  // namespace

shape::OperationInfo get_queue_url_shape() { return shape::describe(kGetQueueUrl); }

front::Operation get_queue_url(Queues& queues) {
  return bind(kGetQueueUrl, kStyle,
              [&queues](const front::Request& request,
                        GetQueueUrlRequest input) -> Task<Result<GetQueueUrlResult>> {
                QueueTarget target = target_named(request, *input.queue_name);
                const bool is_own = !input.owner || *input.owner == target.tenant.account;
                if (!is_own) target.tenant.account = *input.owner;
                if (!is_own || !queues.exists(target).ok()) {
                  co_return Error{penstock::sqs::SqsErrc::kQueueDoesNotExist,
                                  "The specified queue does not exist."};
                }
                co_return GetQueueUrlResult{url_of(request, target)};
              });
}

}  // namespace penstock::api::sqs
