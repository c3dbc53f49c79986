#pragma once

#include "api/sqs/structures.h"
#include "sqs/errors.h"
#include "sqs/types.h"

#include <optional>
#include <string>

/// What SendMessage and SendMessageBatch share.
namespace penstock::api::sqs {

inline std::optional<std::string> unless_empty(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

/// The message of a request or of an entry; takes the body out of it.
/// Errors: SqsErrc::kInvalidParameter.
template <class Input>
Result<penstock::sqs::NewMessage> message_of(const front::Request& request, Input& input) {
  if (input.deduplication_id) {
    return Error{
        penstock::sqs::SqsErrc::kInvalidParameter,
        "Value " + *input.deduplication_id +
            " for parameter MessageDeduplicationId is invalid. Reason: The request include "
            "parameter that is not valid for this queue type"};
  }
  penstock::sqs::NewMessage message{.body = std::move(*input.message_body),
                                    .sender_id = request.caller.tenant.account};
  TRY(message.attributes, attributes_of(input.message_attributes));
  TRY(message.system, system_of(input.message_system_attributes));
  if (input.delay_seconds) message.delay_seconds = *input.delay_seconds;
  return message;
}

/// Fills MessageId and the digests.
template <class Output>
void tell(penstock::sqs::Sent sent, Output& output) {
  output.message_id = std::move(sent.id);
  output.md5_of_body = std::move(sent.body_md5);
  output.md5_of_attributes = unless_empty(std::move(sent.attributes_md5));
  output.md5_of_system = unless_empty(std::move(sent.system_md5));
}

}  // namespace penstock::api::sqs
