#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"
#include "base/base64.h"

namespace penstock::api::sqs {
namespace {

struct ListQueuesRequest {
  std::optional<std::string> prefix;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> max_results;
  static constexpr auto shape() {
    using Self = ListQueuesRequest;
    return std::array{
        shape::member<&Self::prefix>("QueueNamePrefix"),
        shape::member<&Self::next_token>("NextToken", {}, "From the page before."),
        shape::member<&Self::max_results>("MaxResults", {},
                                          "1 to 1,000; without it at most 1,000 and no token."),
    };
  }
};

struct ListQueuesResult {
  std::optional<std::vector<std::string>> queue_urls;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    using Self = ListQueuesResult;
    return std::array{
        shape::member<&Self::queue_urls>("QueueUrls"),
        shape::member<&Self::next_token>("NextToken"),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidAddress", "InvalidSecurity", "RequestThrottled",
                                        "UnsupportedOperation"};
constexpr shape::Operation<ListQueuesRequest, ListQueuesResult> kListQueues{
    .name = "ListQueues", .errors = kErrors, .doc = "URLs of the account's queues in this region."};

constexpr std::int32_t kPage = 1'000;

/// The token is the last name of the page before.
Result<std::string> after(const std::optional<std::string>& token) {
  std::string name;
  if (token && base64_decode(*token, name).status != Base64Status::kOk) {
    return Error{penstock::sqs::SqsErrc::kInvalidParameter, "Invalid or expired next token."};
  }
  return name;
}

}  // namespace

shape::OperationInfo list_queues_shape() { return shape::describe(kListQueues); }

front::Operation list_queues(Queues& queues) {
  return bind(
      kListQueues, kStyle,
      [&queues](const front::Request& request,
                ListQueuesRequest input) -> Task<Result<ListQueuesResult>> {
        const std::int32_t max = input.max_results.value_or(kPage);
        if (max < 1 || max > kPage) {
          co_return Error{penstock::sqs::SqsErrc::kInvalidParameter,
                          "Value " + std::to_string(max) +
                              " for parameter MaxResults is invalid. Reason: Must be between "
                              "1 and 1000, if provided."};
        }
        CO_TRY(const std::string start, after(input.next_token));
        const penstock::sqs::QueuePage page = queues.list(request.caller.tenant, view(input.prefix),
                                                          start, static_cast<std::size_t>(max));
        ListQueuesResult result;
        for (const std::string& name : page.names) {
          if (!result.queue_urls) result.queue_urls.emplace();
          result.queue_urls->push_back(url_of(request, target_named(request, name)));
        }
        if (page.has_more && input.max_results) {
          result.next_token = base64_encode(page.names.back());
        }
        co_return result;
      });
}

}  // namespace penstock::api::sqs
