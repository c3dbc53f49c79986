#include "sqs/message.h"

#include "base/hex.h"
#include "base/md5.h"
#include "sqs/bytes.h"

#include <limits>

namespace penstock::sqs {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kBinary = 2;

void append_attributes(ByteWriter& out, const MessageAttributes& attributes) {
  out.u32(static_cast<std::uint32_t>(attributes.size()));
  for (const auto& [name, value] : attributes) {
    out.text(name);
    out.text(value.type);
    out.u8(value.is_binary ? kBinary : kText);
    out.text(value.bytes);
  }
}

MessageAttributes read_attributes(ByteReader& in) {
  MessageAttributes attributes;
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    std::string name(in.text());
    AttributeValue value;
    value.type = in.text();
    value.is_binary = in.u8() == kBinary;
    value.bytes = in.text();
    attributes.emplace(std::move(name), std::move(value));
  }
  return attributes;
}

Error corrupt() { return {Errc::kCorrupt, "a stored message does not have a message's form"}; }

}  // namespace

std::string encode_message(const Message& message) {
  std::string data;
  ByteWriter out(data);
  out.u8(kVersion);
  out.i64(unix_millis(message.sent));
  out.i64(unix_millis(message.visible_at));
  out.text(message.delivery_id);
  out.text(message.id);
  out.text(message.sender_id);
  out.text(message.source_arn);
  append_attributes(out, message.attributes);
  append_attributes(out, message.system);
  out.text(message.body);
  return data;
}

Result<MessageHead> decode_message_head(std::string_view data) {
  ByteReader in(data);
  if (in.u8() != kVersion) return corrupt();
  MessageHead head;
  head.sent = service_time(in.i64());
  head.visible_at = service_time(in.i64());
  head.delivery_id = in.text();
  if (!in.ok()) return corrupt();
  return head;
}

Result<Message> decode_message(std::string_view data) {
  ByteReader in(data);
  if (in.u8() != kVersion) return corrupt();
  Message message;
  message.sent = service_time(in.i64());
  message.visible_at = service_time(in.i64());
  message.delivery_id = in.text();
  message.id = in.text();
  message.sender_id = in.text();
  message.source_arn = in.text();
  message.attributes = read_attributes(in);
  message.system = read_attributes(in);
  message.body = in.text();
  if (!in.at_end()) return corrupt();
  return message;
}

std::string md5_of_body(std::string_view body) { return hex_encode(as_chars(md5(body))); }

std::string md5_of_attributes(const MessageAttributes& attributes) {
  if (attributes.empty()) return {};
  std::string summed;
  ByteWriter out(summed);
  for (const auto& [name, value] : attributes) {
    out.text(name);
    out.text(value.type);
    out.u8(value.is_binary ? kBinary : kText);
    out.text(value.bytes);
  }
  return hex_encode(as_chars(md5(summed)));
}

bool is_message_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x20 && byte != 0x9 && byte != 0xA && byte != 0xD) return false;
    // U+FFFE and U+FFFF; surrogates cannot occur in UTF-8.
    if (byte == 0xEF && at + 2 < text.size() && static_cast<std::uint8_t>(text[at + 1]) == 0xBF &&
        static_cast<std::uint8_t>(text[at + 2]) >= 0xBE) {
      return false;
    }
  }
  return true;
}

std::size_t size_of(std::string_view body, const MessageAttributes& attributes) {
  std::size_t size = body.size();
  for (const auto& [name, value] : attributes) {
    size += name.size() + value.type.size() + value.bytes.size();
  }
  return size;
}

}  // namespace penstock::sqs
