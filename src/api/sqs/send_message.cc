#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/send.h"

namespace penstock::api::sqs {
namespace {

struct SendMessageRequest {
  std::optional<std::string> queue_url;
  std::optional<std::string> message_body;
  std::optional<std::int32_t> delay_seconds;
  std::optional<AttributeMap> message_attributes;
  std::optional<AttributeMap> message_system_attributes;
  std::optional<std::string> deduplication_id;
  std::optional<std::string> group_id;
  static constexpr auto shape() {
    using Self = SendMessageRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
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

struct SendMessageResult {
  std::optional<std::string> md5_of_body;
  std::optional<std::string> md5_of_attributes;
  std::optional<std::string> md5_of_system;
  std::optional<std::string> message_id;
  std::optional<std::string> sequence_number;
  static constexpr auto shape() {
    using Self = SendMessageResult;
    return std::array{
        shape::member<&Self::md5_of_body>("MD5OfMessageBody"),
        shape::member<&Self::md5_of_attributes>("MD5OfMessageAttributes"),
        shape::member<&Self::md5_of_system>("MD5OfMessageSystemAttributes"),
        shape::member<&Self::message_id>("MessageId"),
        shape::member<&Self::sequence_number>("SequenceNumber", {}, "FIFO queues only."),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidAddress",      "InvalidMessageContents", "InvalidSecurity",   "KmsAccessDenied",
    "KmsDisabled",         "KmsInvalidKeyUsage",     "KmsInvalidState",   "KmsNotFound",
    "KmsOptInRequired",    "KmsThrottled",           "QueueDoesNotExist", "RequestThrottled",
    "UnsupportedOperation"};
constexpr shape::Operation<SendMessageRequest, SendMessageResult> kSendMessage{
    .name = "SendMessage", .errors = kErrors, .doc = "Stores one message; durable when answered."};

}  // namespace

shape::OperationInfo send_message_shape() { return shape::describe(kSendMessage); }

front::Operation send_message(Queues& queues) {
  return bind(kSendMessage, kStyle,
              [&queues](const front::Request& request,
                        SendMessageRequest input) -> Task<Result<SendMessageResult>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY_OK(queues.exists(target));
                CO_TRY(penstock::sqs::NewMessage message, message_of(request, input));
                std::vector<penstock::sqs::NewMessage> messages;
                messages.push_back(std::move(message));
                CO_TRY(auto outcomes, co_await queues.send(std::move(target), std::move(messages)));
                CO_TRY(penstock::sqs::Sent sent, std::move(outcomes.front()));
                SendMessageResult result;
                tell(std::move(sent), result);
                co_return result;
              });
}

}  // namespace penstock::api::sqs
