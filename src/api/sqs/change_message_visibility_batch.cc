#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct ChangeEntry {
  std::optional<std::string> id;
  std::optional<std::string> receipt_handle;
  std::optional<std::int32_t> visibility_timeout;
  static constexpr std::string_view kShapeName = "ChangeMessageVisibilityBatchRequestEntry";
  static constexpr auto shape() {
    using Self = ChangeEntry;
    return std::array{
        shape::member<&Self::id>("Id", kRequired),
        shape::member<&Self::receipt_handle>("ReceiptHandle", kRequired,
                                             "From the newest ReceiveMessage."),
        shape::member<&Self::visibility_timeout>("VisibilityTimeout", {},
                                                 "0 to 43,200 seconds from now."),
    };
  }
};

struct ChangeMessageVisibilityBatchRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<ChangeEntry>> entries;
  static constexpr auto shape() {
    using Self = ChangeMessageVisibilityBatchRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::entries>("Entries", kRequired, "At most ten."),
    };
  }
};

constexpr std::string_view kErrors[] = {"BatchEntryIdsNotDistinct", "EmptyBatchRequest",
                                        "InvalidAddress",           "InvalidBatchEntryId",
                                        "InvalidSecurity",          "QueueDoesNotExist",
                                        "RequestThrottled",         "TooManyEntriesInBatchRequest",
                                        "UnsupportedOperation"};
constexpr shape::Operation<ChangeMessageVisibilityBatchRequest, BatchResult>
    kChangeMessageVisibilityBatch{
        .name = "ChangeMessageVisibilityBatch",
        .errors = kErrors,
        .doc = "The same for up to ten messages, each with its own outcome."};

}  // namespace

shape::OperationInfo change_message_visibility_batch_shape() {
  return shape::describe(kChangeMessageVisibilityBatch);
}

front::Operation change_message_visibility_batch(Queues& queues) {
  return bind(
      kChangeMessageVisibilityBatch, kStyle,
      [&queues](const front::Request& request,
                ChangeMessageVisibilityBatchRequest input) -> Task<Result<BatchResult>> {
        CO_TRY(QueueTarget target, target_of(request, input.queue_url));
        CO_TRY_OK(queues.exists(target));
        CO_TRY_OK(check_batch(ids_of(*input.entries), "ChangeMessageVisibilityBatchRequestEntry"));
        std::vector<std::string> ids;
        std::vector<penstock::sqs::VisibilityChange> changes;
        for (ChangeEntry& entry : *input.entries) {
          ids.push_back(std::move(*entry.id));
          changes.push_back(
              {std::move(*entry.receipt_handle), entry.visibility_timeout.value_or(0)});
        }
        CO_TRY(auto outcomes,
               co_await queues.change_visibility(std::move(target), std::move(changes)));
        co_return batch_result(request, ids, outcomes);
      });
}

}  // namespace penstock::api::sqs
