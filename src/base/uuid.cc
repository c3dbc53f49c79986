#include "base/uuid.h"

#include <cstddef>

namespace penstock {

void write_uuid_v4(std::array<std::uint8_t, 16> random, char (&text)[kUuidBytes]) {
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0F) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3F) | 0x80);
  constexpr char kDigits[] = "0123456789abcdef";
  std::size_t at = 0;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kDigits[random[i] >> 4];
    text[at++] = kDigits[random[i] & 15];
  }
}

std::string uuid_v4(std::array<std::uint8_t, 16> random) {
  char text[kUuidBytes];
  write_uuid_v4(random, text);
  return {text, sizeof text};
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

}  // namespace penstock
