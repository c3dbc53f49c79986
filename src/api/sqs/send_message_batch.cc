#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/send.h"
#include "api/sqs/structures.h"

namespace penstock::api::sqs {
namespace {

struct SendEntry {
  std::optional<std::string> id;
  std::optional<std::string> message_body;
  std::optional<std::int32_t> delay_seconds;
  std::optional<AttributeMap> message_attributes;
  std::optional<AttributeMap> message_system_attributes;
  std::optional<std::string> deduplication_id;
  std::optional<std::string> group_id;
  static constexpr std::string_view kShapeName = "SendMessageBatchRequestEntry";
  static constexpr auto shape() {
    using Self = SendEntry;
    return std::array{
        shape::member<&Self::id>("Id", kRequired, "Names the entry in the reply."),
        shape::member<&Self::message_body>("MessageBody", kRequired),
        shape::member<&Self::delay_seconds>("DelaySeconds", {},
                                            "0 to 900; without it the queue's own."),
        shape::member<&Self::message_attributes>("MessageAttributes"),
        shape::member<&Self::message_system_attributes>("MessageSystemAttributes", {},
                                                        "AWSTraceHeader only."),
        shape::member<&Self::deduplication_id>("MessageDeduplicationId", {}, "FIFO queues only."),
        shape::member<&Self::group_id>("MessageGroupId", {},
                                       "Accepted for fair queues; without effect."),
    };
  }
};

struct SendMessageBatchRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<SendEntry>> entries;
  static constexpr auto shape() {
    using Self = SendMessageBatchRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::entries>("Entries", kRequired, "At most ten, 1 MiB together."),
    };
  }
};

struct SentEntry {
  std::string id;
  std::string message_id;
  std::string md5_of_body;
  std::optional<std::string> md5_of_attributes;
  std::optional<std::string> md5_of_system;
  std::optional<std::string> sequence_number;
  static constexpr std::string_view kShapeName = "SendMessageBatchResultEntry";
  static constexpr auto shape() {
    using Self = SentEntry;
    return std::array{
        shape::member<&Self::id>("Id", kRequired),
        shape::member<&Self::message_id>("MessageId", kRequired),
        shape::member<&Self::md5_of_body>("MD5OfMessageBody", kRequired),
        shape::member<&Self::md5_of_attributes>("MD5OfMessageAttributes"),
        shape::member<&Self::md5_of_system>("MD5OfMessageSystemAttributes"),
        shape::member<&Self::sequence_number>("SequenceNumber", {}, "FIFO queues only."),
    };
  }
};

struct SendMessageBatchResult {
  std::vector<SentEntry> successful;
  std::vector<BatchResultErrorEntry> failed;
  static constexpr auto shape() {
    using Self = SendMessageBatchResult;
    return std::array{
        shape::member<&Self::successful>("Successful", kRequired),
        shape::member<&Self::failed>("Failed", kRequired),
    };
  }
};

constexpr std::string_view kErrors[] = {"BatchEntryIdsNotDistinct",
                                        "BatchRequestTooLong",
                                        "EmptyBatchRequest",
                                        "InvalidAddress",
                                        "InvalidBatchEntryId",
                                        "InvalidSecurity",
                                        "KmsAccessDenied",
                                        "KmsDisabled",
                                        "KmsInvalidKeyUsage",
                                        "KmsInvalidState",
                                        "KmsNotFound",
                                        "KmsOptInRequired",
                                        "KmsThrottled",
                                        "QueueDoesNotExist",
                                        "RequestThrottled",
                                        "TooManyEntriesInBatchRequest",
                                        "UnsupportedOperation"};
constexpr shape::Operation<SendMessageBatchRequest, SendMessageBatchResult> kSendMessageBatch{
    .name = "SendMessageBatch",
    .errors = kErrors,
    .doc = "Stores up to ten messages, each with its own outcome."};

Status check_size(const std::vector<SendEntry>& entries) {
  std::size_t size = 0;
  for (const SendEntry& entry : entries) {
    size += entry.message_body->size();
    if (!entry.message_attributes) continue;
    for (const auto& [name, value] : *entry.message_attributes) {
      size += name.size() + view(value.data_type).size() + view(value.string_value).size() +
              (value.binary_value ? value.binary_value->bytes.size() : 0);
    }
  }
  if (size <= penstock::sqs::kMessageBytesMax) return ok();
  return Error{penstock::sqs::SqsErrc::kBatchTooLong,
               "Batch requests cannot be longer than " +
                   std::to_string(penstock::sqs::kMessageBytesMax) + " bytes. You have sent " +
                   std::to_string(size) + " bytes."};
}

/// The messages of the entries that have no fault, and the faults of the others.
struct Sorted {
  std::vector<std::string> ids;
  std::vector<penstock::sqs::NewMessage> messages;
};

Sorted sort_out(const front::Request& request, std::vector<SendEntry>& entries,
                SendMessageBatchResult& result) {
  Sorted sorted;
  for (SendEntry& entry : entries) {
    Result<penstock::sqs::NewMessage> message = message_of(request, entry);
    if (message.ok()) {
      sorted.ids.push_back(*entry.id);
      sorted.messages.push_back(std::move(message).value());
    } else {
      result.failed.push_back(failed_entry(request, *entry.id, message.error()));
    }
  }
  return sorted;
}

}  // namespace

shape::OperationInfo send_message_batch_shape() { return shape::describe(kSendMessageBatch); }

front::Operation send_message_batch(Queues& queues) {
  return bind(
      kSendMessageBatch, kStyle,
      [&queues](const front::Request& request,
                SendMessageBatchRequest input) -> Task<Result<SendMessageBatchResult>> {
        CO_TRY(QueueTarget target, target_of(request, input.queue_url));
        CO_TRY_OK(queues.exists(target));
        CO_TRY_OK(check_batch(ids_of(*input.entries), "SendMessageBatchRequestEntry"));
        CO_TRY_OK(check_size(*input.entries));
        SendMessageBatchResult result;
        Sorted sorted = sort_out(request, *input.entries, result);
        CO_TRY(auto outcomes, co_await queues.send(std::move(target), std::move(sorted.messages)));
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          if (!outcomes[i].ok()) {
            result.failed.push_back(failed_entry(request, sorted.ids[i], outcomes[i].error()));
            continue;
          }
          SentEntry& sent = result.successful.emplace_back();
          sent.id = sorted.ids[i];
          tell(std::move(outcomes[i]).value(), sent);
        }
        co_return result;
      });
}

}  // namespace penstock::api::sqs
