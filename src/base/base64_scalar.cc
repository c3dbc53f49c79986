#include "base/base64_kernels.h"

#include <array>

namespace penstock::detail {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kBad = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kBad);
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(kAlphabet[i])] = i;
  return values;
}();

std::uint8_t value_of(char c) { return kValues[static_cast<std::uint8_t>(c)]; }
char byte_of(std::uint32_t bits) { return static_cast<char>(bits & 0xFF); }

/// How many '=' end the text: at most two, a third one is a bad character.
std::size_t pad_count(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

Base64Decoded bad_character(std::size_t at) { return {Base64Status::kCharacter, 0, at}; }

Base64Decoded decode(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return {Base64Status::kLength, 0, 0};
  return base64_decode_tail(text, 0, out, out);
}

}  // namespace

Base64Decoded base64_decode_tail(std::string_view text, std::size_t from, char* const start,
                                 char* out) {
  const std::size_t pads = pad_count(text);
  const std::size_t whole = pads == 0 ? text.size() : text.size() - 4;
  std::size_t i = from;
  for (; i < whole; i += 4) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::uint8_t value = value_of(text[i + k]);
      if (value == kBad) return bad_character(i + k);
      bits = bits << 6 | value;
    }
    *out++ = byte_of(bits >> 16);
    *out++ = byte_of(bits >> 8);
    *out++ = byte_of(bits);
  }
  if (pads != 0) {
    std::uint32_t bits = 0;
    const std::size_t kept = 4 - pads;
    for (std::size_t k = 0; k < kept; ++k) {
      const std::uint8_t value = value_of(text[i + k]);
      if (value == kBad) return bad_character(i + k);
      bits = bits << 6 | value;
    }
    const std::uint32_t unused = pads == 1 ? 0x3 : 0xF;
    if ((bits & unused) != 0) return {Base64Status::kLastCharacter, 0, i + kept - 1};
    bits <<= 6 * pads;
    *out++ = byte_of(bits >> 16);
    if (pads == 1) *out++ = byte_of(bits >> 8);
  }
  return {Base64Status::kOk, static_cast<std::size_t>(out - start), 0};
}

void base64_encode_tail(std::string_view bytes, char* out) {
  std::size_t i = 0;
  const auto at = [&](std::size_t k) { return std::uint32_t{static_cast<std::uint8_t>(bytes[k])}; };
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    *out++ = kAlphabet[bits >> 18];
    *out++ = kAlphabet[bits >> 12 & 63];
    *out++ = kAlphabet[bits >> 6 & 63];
    *out++ = kAlphabet[bits & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  const std::uint32_t bits = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0);
  *out++ = kAlphabet[bits >> 18];
  *out++ = kAlphabet[bits >> 12 & 63];
  *out++ = left == 2 ? kAlphabet[bits >> 6 & 63] : '=';
  *out = '=';
}

const Base64Kernel kBase64Scalar{"scalar", decode, base64_encode_tail};

}  // namespace penstock::detail
