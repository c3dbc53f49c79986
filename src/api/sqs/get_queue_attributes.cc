#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

#include <algorithm>

namespace penstock::api::sqs {
namespace {

struct GetQueueAttributesRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<std::string>> attribute_names;
  static constexpr auto shape() {
    using Self = GetQueueAttributesRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::attribute_names>("AttributeNames", {}, "All, or names."),
    };
  }
};

struct GetQueueAttributesResult {
  std::optional<TextMap> attributes;
  static constexpr auto shape() {
    using Self = GetQueueAttributesResult;
    return std::array{
        shape::member<&Self::attributes>("Attributes"),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress",   "InvalidAttributeName",
                                        "InvalidSecurity",  "QueueDoesNotExist",
                                        "RequestThrottled", "UnsupportedOperation"};
constexpr shape::Operation<GetQueueAttributesRequest, GetQueueAttributesResult> kGetQueueAttributes{
    .name = "GetQueueAttributes",
    .errors = kErrors,
    .doc = "What was set, and what the queue counts."};

}  // namespace

shape::OperationInfo get_queue_attributes_shape() { return shape::describe(kGetQueueAttributes); }

front::Operation get_queue_attributes(Queues& queues) {
  return bind(kGetQueueAttributes, kStyle,
              [&queues](const front::Request& request,
                        GetQueueAttributesRequest input) -> Task<Result<GetQueueAttributesResult>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY(penstock::sqs::QueueDescription queue, queues.describe(std::move(target)));
                const auto names =
                    std::move(input.attribute_names).value_or(std::vector<std::string>{});
                CO_TRY_OK(check_attribute_names(names));
                GetQueueAttributesResult result;
                for (auto& [name, value] : queue.attributes) {
                  const bool is_asked = std::any_of(
                      names.begin(), names.end(),
                      [&](const std::string& asked) { return asked == "All" || asked == name; });
                  if (!is_asked) continue;
                  if (!result.attributes) result.attributes.emplace();
                  result.attributes->emplace(name, std::move(value));
                }
                co_return result;
              });
}

}  // namespace penstock::api::sqs
