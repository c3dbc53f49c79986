#include "base/event_stream.h"

#include "base/check.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

// A stream of events: nothing is read behind its end, a message that is read is written again to
// the same bytes, and no shorter piece of it counts as a message.
//
// A checksum that is right is seldom guessed: the first byte says whether those of the messages are
// put right first, as far as their lengths go.

namespace penstock {
namespace {

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

/// Bit by bit, from the definition.
std::uint32_t slow_crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

void put(char* out, std::uint32_t value) {
  for (int i = 4; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
}

void repair(std::string& stream) {
  for (std::size_t at = 0; stream.size() - at >= 16;) {
    char* const message = stream.data() + at;
    const std::uint32_t total = big_endian(message);
    if (total < 16 || total > stream.size() - at) return;
    put(message + 8, slow_crc32({message, 8}));
    put(message + total - 4, slow_crc32({message, total - 4}));
    at += total;
  }
}

void check_one(std::string_view bytes, const EventMessage& message) {
  PENSTOCK_CHECK(message.bytes <= bytes.size(), "a message lies inside what was read");
  std::string again;
  EventFrame frame(again, message.headers);
  again.append(message.payload);
  frame.finish();
  PENSTOCK_CHECK(again == bytes.substr(0, message.bytes), "written again it is the same");
  for (const std::size_t cut : {std::size_t{0}, std::size_t{11}, message.bytes - 1}) {
    const auto part = read_event(bytes.substr(0, std::min(cut, message.bytes - 1)));
    PENSTOCK_CHECK(part.ok() && !part->has_value(), "a piece of a message is not one");
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  if (size == 0) return 0;
  std::string stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) repair(stream);
  // Of exactly its size, so that a read behind it is seen.
  const auto copy = std::make_unique<char[]>(stream.size());
  std::memcpy(copy.get(), stream.data(), stream.size());
  std::string_view left(copy.get(), stream.size());
  while (true) {
    const auto read = read_event(left);
    if (!read.ok() || !read->has_value()) return 0;
    check_one(left, **read);
    left.remove_prefix((*read)->bytes);
  }
}
