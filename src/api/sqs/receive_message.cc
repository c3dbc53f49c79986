#include "api/sqs/members.h"
#include "api/sqs/operations.h"
#include "api/sqs/structures.h"

#include <algorithm>

namespace penstock::api::sqs {
namespace {

struct ReceiveMessageRequest {
  std::optional<std::string> queue_url;
  std::optional<std::vector<std::string>> attribute_names;
  std::optional<std::vector<std::string>> system_attribute_names;
  std::optional<std::vector<std::string>> message_attribute_names;
  std::optional<std::int32_t> max;
  std::optional<std::int32_t> visibility_timeout;
  std::optional<std::int32_t> wait_time_seconds;
  std::optional<std::string> attempt_id;
  static constexpr auto shape() {
    using Self = ReceiveMessageRequest;
    return std::array{
        shape::member<&Self::queue_url>("QueueUrl", kRequired, "As CreateQueue gave it."),
        shape::member<&Self::attribute_names>("AttributeNames", {},
                                              "The older name of MessageSystemAttributeNames."),
        shape::member<&Self::system_attribute_names>("MessageSystemAttributeNames", {},
                                                     "All, or names."),
        shape::member<&Self::message_attribute_names>("MessageAttributeNames", {},
                                                      "All, names, or prefix.*"),
        shape::member<&Self::max>("MaxNumberOfMessages", {}, "1 to 10; 1 without it."),
        shape::member<&Self::visibility_timeout>("VisibilityTimeout", {}, "0 to 43,200 seconds."),
        shape::member<&Self::wait_time_seconds>("WaitTimeSeconds", {},
                                                "0 to 20; waits for the first message."),
        shape::member<&Self::attempt_id>("ReceiveRequestAttemptId", {}, "FIFO queues only."),
    };
  }
};

struct Message {
  std::optional<std::string> message_id;
  std::optional<std::string> receipt_handle;
  std::optional<std::string> md5_of_body;
  std::optional<std::string> body;
  std::optional<TextMap> attributes;
  std::optional<std::string> md5_of_attributes;
  std::optional<AttributeMap> message_attributes;
  static constexpr std::string_view kShapeName = "Message";
  static constexpr auto shape() {
    using Self = Message;
    return std::array{
        shape::member<&Self::message_id>("MessageId"),
        shape::member<&Self::receipt_handle>("ReceiptHandle"),
        shape::member<&Self::md5_of_body>("MD5OfBody"),
        shape::member<&Self::body>("Body"),
        shape::member<&Self::attributes>("Attributes"),
        shape::member<&Self::md5_of_attributes>("MD5OfMessageAttributes"),
        shape::member<&Self::message_attributes>("MessageAttributes"),
    };
  }
};

struct ReceiveMessageResult {
  std::optional<std::vector<Message>> messages;
  static constexpr auto shape() {
    using Self = ReceiveMessageResult;
    return std::array{
        shape::member<&Self::messages>("Messages", {}, "Absent when there are none."),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidAddress",      "InvalidSecurity", "KmsAccessDenied",   "KmsDisabled",
    "KmsInvalidKeyUsage",  "KmsInvalidState", "KmsNotFound",       "KmsOptInRequired",
    "KmsThrottled",        "OverLimit",       "QueueDoesNotExist", "RequestThrottled",
    "UnsupportedOperation"};
constexpr shape::Operation<ReceiveMessageRequest, ReceiveMessageResult> kReceiveMessage{
    .name = "ReceiveMessage",
    .errors = kErrors,
    .doc = "Up to ten messages, hidden from others for the visibility timeout."};

using Names = std::vector<std::string>;

constexpr std::array<std::string_view, 10> kSystemNames{"All",
                                                        "SenderId",
                                                        "SentTimestamp",
                                                        "ApproximateReceiveCount",
                                                        "ApproximateFirstReceiveTimestamp",
                                                        "SequenceNumber",
                                                        "MessageDeduplicationId",
                                                        "MessageGroupId",
                                                        "AWSTraceHeader",
                                                        "DeadLetterQueueSourceArn"};

Result<Names> system_names(ReceiveMessageRequest& input) {
  Names names = std::move(input.attribute_names).value_or(Names{});
  if (input.system_attribute_names) {
    names.insert(names.end(), input.system_attribute_names->begin(),
                 input.system_attribute_names->end());
  }
  for (const std::string& name : names) {
    if (std::find(kSystemNames.begin(), kSystemNames.end(), name) == kSystemNames.end()) {
      return Error{penstock::sqs::SqsErrc::kInvalidAttributeName,
                   "Unknown Attribute " + name + "."};
    }
  }
  return names;
}

bool is_asked(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& asked) {
    if (asked == "All" || asked == ".*" || asked == name) return true;
    return asked.ends_with(".*") &&
           name.starts_with(std::string_view(asked).substr(0, asked.size() - 2));
  });
}

TextMap system_attributes(const penstock::sqs::Received& received, const Names& names) {
  const penstock::sqs::Message& message = received.message;
  TextMap all{
      {"SenderId", message.sender_id},
      {"SentTimestamp", std::to_string(unix_millis(message.sent))},
      {"ApproximateReceiveCount", std::to_string(received.receive_count)},
      {"ApproximateFirstReceiveTimestamp", std::to_string(unix_millis(received.first_received))},
  };
  for (const auto& [name, value] : message.system) all.emplace(name, value.bytes);
  if (!message.source_arn.empty()) all.emplace("DeadLetterQueueSourceArn", message.source_arn);
  std::erase_if(all, [&](const auto& entry) { return !is_asked(names, entry.first); });
  return all;
}

Message message_to(penstock::sqs::Received received, const Names& system, const Names& attributes) {
  Message out{.message_id = received.message.id,
              .receipt_handle = std::move(received.receipt_handle),
              .md5_of_body = penstock::sqs::md5_of_body(received.message.body)};
  if (TextMap asked = system_attributes(received, system); !asked.empty()) {
    out.attributes = std::move(asked);
  }
  penstock::sqs::MessageAttributes& own = received.message.attributes;
  std::erase_if(own, [&](const auto& entry) { return !is_asked(attributes, entry.first); });
  if (!own.empty()) {
    out.message_attributes = wire(own);
    out.md5_of_attributes = penstock::sqs::md5_of_attributes(own);
  }
  out.body = std::move(received.message.body);
  return out;
}

}  // namespace

shape::OperationInfo receive_message_shape() { return shape::describe(kReceiveMessage); }

front::Operation receive_message(Queues& queues) {
  return bind(kReceiveMessage, kStyle,
              [&queues](const front::Request& request,
                        ReceiveMessageRequest input) -> Task<Result<ReceiveMessageResult>> {
                CO_TRY(QueueTarget target, target_of(request, input.queue_url));
                CO_TRY_OK(queues.exists(target));
                CO_TRY(const Names system, system_names(input));
                const Names attributes = std::move(input.message_attribute_names).value_or(Names{});
                const bool may_wait = input.wait_time_seconds.value_or(1) > 0;
                const penstock::sqs::Receive receive{
                    .max = input.max.value_or(1),
                    .visibility_seconds = input.visibility_timeout,
                    .wait_seconds = input.wait_time_seconds,
                    .gone = may_wait ? request.peer_gone() : CancelToken()};
                CO_TRY(auto received, co_await queues.receive(std::move(target), receive));
                ReceiveMessageResult result;
                for (penstock::sqs::Received& one : received) {
                  if (!result.messages) result.messages.emplace();
                  result.messages->push_back(message_to(std::move(one), system, attributes));
                }
                co_return result;
              });
}

}  // namespace penstock::api::sqs
