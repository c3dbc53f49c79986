#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages of application/vnd.amazon.eventstream: how SubscribeToShard and streamed invocations
/// answer. Integers are big-endian, checksums CRC-32 as in zlib:
///
///     total length 4 | headers length 4 | CRC of these 8 | headers | payload | CRC of all before
///     a header:  name length 1 | name | type 1 | value, of a text: length 2 | bytes
namespace penstock {

struct EventHeader {
  /// Types 0 to 9 as the format numbers them; those that are written here are texts.
  enum class Type : std::uint8_t {
    kTrue,
    kFalse,
    kByte,
    kShort,
    kInt,
    kLong,
    kBytes,
    kText,
    kTimestamp,
    kUuid
  };
  std::string_view name;
  std::string_view value;  ///< Its bytes, without a length; of kTrue and kFalse none.
  Type type = Type::kText;
  bool operator==(const EventHeader&) const = default;
};

/// A message that is being written: its payload is whatever is appended to `out` before finish().
class EventFrame {
 public:
  /// Names of 1..255 bytes, values of at most 65,535.
  EventFrame(std::string& out, std::initializer_list<EventHeader> headers);
  EventFrame(std::string& out, const std::vector<EventHeader>& headers);
  EventFrame(const EventFrame&) = delete;
  EventFrame& operator=(const EventFrame&) = delete;
  void finish();

 private:
  void write_headers(const EventHeader* headers, std::size_t count);
  std::string& out_;
  std::size_t begin_;
};

/// What a message takes without its payload.
std::size_t event_frame_bytes(std::initializer_list<EventHeader> headers);

/// A message as it was read; views into the bytes.
struct EventMessage {
  std::vector<EventHeader> headers;
  std::string_view payload;
  std::size_t bytes = 0;  ///< Of the whole message: the next one begins there.
  /// The value of a text; empty when there is none of this name.
  std::string_view text(std::string_view name) const;
};

/// Larger ones are refused before they have come: no service sends them.
inline constexpr std::size_t kEventBytesMax = 24u << 20;
inline constexpr std::size_t kEventHeadersBytesMax = 128u << 10;

/// The message at the start of `bytes`; nothing when it has not come whole.
///
/// fails     Errc::kCorrupt  a checksum, a length or a header is wrong; there is no way to find the
///                           next message
Result<std::optional<EventMessage>> read_event(std::string_view bytes);

}  // namespace penstock
