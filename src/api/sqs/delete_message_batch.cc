#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct DeleteEntry {
  std::optional<std::string> id;
  std::optional<std::string> receipt_handle;
  static constexpr std::string_view kShapeName = "DeleteMessageBatchRequestEntry";
  static constexpr auto shape() {
    using Self = DeleteEntry;
    return std::array{
        shape::member<&Self::id>("Id", kRequired),
        shape::member<&Self::receipt_handle>("ReceiptHandle", kRequired,
                                             "From the newest ReceiveMessage."),
    };
  }
};

struct DeleteMessageBatchRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<DeleteEntry>> entries;
  static constexpr auto shape() {
    using Self = DeleteMessageBatchRequest;
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
constexpr shape::Operation<DeleteMessageBatchRequest, BatchResult> kDeleteMessageBatch{
    .name = "DeleteMessageBatch",
    .errors = kErrors,
    .doc = "Removes up to ten messages, each with its own outcome."};

}  // namespace

shape::OperationInfo delete_message_batch_shape() { return shape::describe(kDeleteMessageBatch); }

front::Operation delete_message_batch(Queues& queues) {
  return bind(kDeleteMessageBatch, kStyle,
              [&queues](const front::Request& request,
                        DeleteMessageBatchRequest input) -> Task<Result<BatchResult>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY_OK(check_batch(ids_of(*input.entries), "DeleteMessageBatchRequestEntry"));
                std::vector<std::string> ids;
                std::vector<std::string> handles;
                for (DeleteEntry& entry : *input.entries) {
                  ids.push_back(std::move(*entry.id));
                  handles.push_back(std::move(*entry.receipt_handle));
                }
                CO_TRY(auto outcomes, co_await queues.erase(std::move(target), std::move(handles)));
                co_return batch_result(request, ids, outcomes);
              });
}

}  // namespace penstock::api::sqs
