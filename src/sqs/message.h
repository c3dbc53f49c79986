#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace penstock::sqs {

/// A typed value beside the body. `type` is String, Number or Binary, maybe with ".label" behind.
struct AttributeValue {
  std::string type;
  bool is_binary = false;
  std::string bytes;
  bool operator==(const AttributeValue&) const = default;
};
/// In the order of names, in which their digest is taken.
using MessageAttributes = std::map<std::string, AttributeValue>;

/// A message as it lies in its queue's log.
struct Message {
  std::string id;  ///< UUID, kept when the message moves to another queue.
  std::string body;
  MessageAttributes attributes;
  MessageAttributes system;  ///< AWSTraceHeader.
  std::string sender_id;
  std::string source_arn;   ///< The queue it was moved from; empty unless redriven.
  std::string delivery_id;  ///< Of an internal sender that must not deliver twice; else empty.
  ServiceTime sent;
  ServiceTime visible_at;  ///< Not before; later than `sent` for a delayed message.
  bool operator==(const Message&) const = default;
};

/// The record's data. Version byte, then fields in order, texts with a 32-bit length before them.
std::string encode_message(const Message& message);
/// Errors: Errc::kCorrupt.
Result<Message> decode_message(std::string_view data);

/// What a queue remembers of a message without reading its body.
struct MessageHead {
  ServiceTime sent;
  ServiceTime visible_at;
  std::string_view delivery_id;  ///< A view into the data.
};
/// Errors: Errc::kCorrupt.
Result<MessageHead> decode_message_head(std::string_view data);

/// 32 lower-case hex digits, as SDKs verify them.
std::string md5_of_body(std::string_view body);
/// The digest over names, types and values; empty without attributes.
std::string md5_of_attributes(const MessageAttributes& attributes);

/// Whether every character is one that SQS takes: #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD and above.
/// `text` is UTF-8.
bool is_message_text(std::string_view text);

/// What counts towards the size limit: body, and name, type and value of each attribute.
std::size_t size_of(std::string_view body, const MessageAttributes& attributes);

}  // namespace penstock::sqs
