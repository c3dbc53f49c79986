#include "base/event_stream.h"

#include "base/check.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace penstock {
namespace {

constexpr std::size_t kLengthsBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kPreludeBytes = kLengthsBytes + kCrcBytes;
constexpr std::size_t kLeastBytes = kPreludeBytes + kCrcBytes;

std::uint32_t crc32(std::string_view bytes) {
  return crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

void put_number(char* out, std::size_t bytes, std::uint64_t value) {
  for (std::size_t i = bytes; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
}

void append_number(std::string& out, std::size_t bytes, std::uint64_t value) {
  out.resize(out.size() + bytes);
  put_number(out.data() + out.size() - bytes, bytes, value);
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

/// Bytes of a value of this type; nothing when it says its length itself.
std::optional<std::size_t> fixed_bytes(EventHeader::Type type) {
  switch (type) {
    case EventHeader::Type::kTrue:
    case EventHeader::Type::kFalse: return 0;
    case EventHeader::Type::kByte: return 1;
    case EventHeader::Type::kShort: return 2;
    case EventHeader::Type::kInt: return 4;
    case EventHeader::Type::kLong:
    case EventHeader::Type::kTimestamp: return 8;
    case EventHeader::Type::kUuid: return 16;
    case EventHeader::Type::kBytes:
    case EventHeader::Type::kText: return std::nullopt;
  }
  return std::nullopt;
}

Error corrupt(std::string_view what) {
  return {Errc::kCorrupt, "an event stream is damaged: " + std::string(what)};
}

/// Takes bytes off the front; never more than there are.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  std::optional<std::string_view> take(std::size_t count) {
    if (count > bytes_.size()) return std::nullopt;
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::optional<std::uint64_t> take_number(std::size_t count) {
    const auto taken = take(count);
    return taken ? std::optional(number(*taken)) : std::nullopt;
  }

 private:
  std::string_view bytes_;
};

std::optional<EventHeader> read_header(Cursor& cursor) {
  const auto name_bytes = cursor.take_number(1);
  if (!name_bytes || *name_bytes == 0) return std::nullopt;
  const auto name = cursor.take(*name_bytes);
  const auto type = cursor.take_number(1);
  if (!name || !type || *type > static_cast<std::uint8_t>(EventHeader::Type::kUuid)) {
    return std::nullopt;
  }
  EventHeader header{.name = *name, .type = static_cast<EventHeader::Type>(*type)};
  const auto size = fixed_bytes(header.type)
                        ? std::optional<std::uint64_t>(*fixed_bytes(header.type))
                        : cursor.take_number(2);
  const auto value = size ? cursor.take(*size) : std::nullopt;
  if (!value) return std::nullopt;
  header.value = *value;
  return header;
}

}  // namespace

EventFrame::EventFrame(std::string& out, std::initializer_list<EventHeader> headers)
    : out_(out), begin_(out.size()) {
  write_headers(headers.begin(), headers.size());
}

EventFrame::EventFrame(std::string& out, const std::vector<EventHeader>& headers)
    : out_(out), begin_(out.size()) {
  write_headers(headers.data(), headers.size());
}

void EventFrame::write_headers(const EventHeader* headers, std::size_t count) {
  out_.append(kPreludeBytes, '\0');
  for (const EventHeader* header = headers; header != headers + count; ++header) {
    PENSTOCK_CHECK(
        !header->name.empty() && header->name.size() <= 0xFF && header->value.size() <= 0xFFFF,
        "a header of an event fits its length");
    append_number(out_, 1, header->name.size());
    out_.append(header->name);
    append_number(out_, 1, static_cast<std::uint8_t>(header->type));
    if (!fixed_bytes(header->type)) append_number(out_, 2, header->value.size());
    out_.append(header->value);
  }
  put_number(out_.data() + begin_ + 4, 4, out_.size() - begin_ - kPreludeBytes);
}

void EventFrame::finish() {
  const std::size_t total = out_.size() - begin_ + kCrcBytes;
  PENSTOCK_CHECK(total <= kEventBytesMax, "an event fits what its readers take");
  char* const begin = out_.data() + begin_;
  put_number(begin, 4, total);
  put_number(begin + kLengthsBytes, kCrcBytes, crc32({begin, kLengthsBytes}));
  const std::uint32_t crc = crc32(std::string_view(out_).substr(begin_));
  append_number(out_, kCrcBytes, crc);
}

std::size_t event_frame_bytes(std::initializer_list<EventHeader> headers) {
  std::size_t bytes = kLeastBytes;
  for (const EventHeader& header : headers) {
    bytes += 2 + header.name.size() + header.value.size() + (fixed_bytes(header.type) ? 0 : 2);
  }
  return bytes;
}

std::string_view EventMessage::text(std::string_view name) const {
  for (const EventHeader& header : headers) {
    if (header.name == name && header.type == EventHeader::Type::kText) return header.value;
  }
  return {};
}

Result<std::optional<EventMessage>> read_event(std::string_view bytes) {
  if (bytes.size() < kPreludeBytes) return std::optional<EventMessage>();
  const std::uint64_t total = number(bytes.substr(0, 4));
  const std::uint64_t headers_bytes = number(bytes.substr(4, 4));
  if (number(bytes.substr(kLengthsBytes, kCrcBytes)) != crc32(bytes.substr(0, kLengthsBytes))) {
    return corrupt("the checksum of a message's lengths is wrong");
  }
  if (total > kEventBytesMax || headers_bytes > kEventHeadersBytesMax ||
      total < kLeastBytes + headers_bytes) {
    return corrupt("a message of " + std::to_string(total) + " bytes with " +
                   std::to_string(headers_bytes) + " of headers");
  }
  if (bytes.size() < total) return std::optional<EventMessage>();
  const std::string_view whole = bytes.substr(0, total);
  const std::string_view checked = whole.substr(0, total - kCrcBytes);
  if (number(whole.substr(checked.size())) != crc32(checked)) {
    return corrupt("the checksum of a message is wrong");
  }
  EventMessage message{.payload = checked.substr(kPreludeBytes + headers_bytes),
                       .bytes = static_cast<std::size_t>(total)};
  for (Cursor cursor(checked.substr(kPreludeBytes, headers_bytes)); !cursor.at_end();) {
    const std::optional<EventHeader> header = read_header(cursor);
    if (!header) return corrupt("a header does not end where its length says");
    const bool is_known =
        std::any_of(message.headers.begin(), message.headers.end(),
                    [&](const EventHeader& known) { return known.name == header->name; });
    if (is_known) return corrupt("a header stands twice");
    message.headers.push_back(*header);
  }
  return std::optional(std::move(message));
}

}  // namespace penstock
