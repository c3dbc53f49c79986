#include "base/base64.h"

#include <smmintrin.h>
#include <tmmintrin.h>

#include <array>

// The vector kernels are those of Wojciech Mula and Daniel Lemire, "Faster Base64 Encoding and
// Decoding Using AVX2 Instructions" (2018), in their SSE form. Bad input is found by a compare of
// the same lookup; which character it was, is then found by the scalar code.

namespace penstock {
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

/// Decodes from `from` (a multiple of four) to the end; `out` is where that part goes.
Base64Decoded decode_tail(std::string_view text, std::size_t from, char* const start, char* out) {
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

/// 16 characters to 12 bytes (16 stored). False, and nothing meant by the store, on a bad
/// character.
bool decode_block(const char* in, char* out) {
  const __m128i low_table = _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                          0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
  const __m128i high_table = _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10,
                                           0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m128i roll_table =
      _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i mask_2f = _mm_set1_epi8(0x2F);

  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  const __m128i high_nibbles = _mm_and_si128(_mm_srli_epi32(text, 4), mask_2f);
  const __m128i low_nibbles = _mm_and_si128(text, mask_2f);
  const __m128i high = _mm_shuffle_epi8(high_table, high_nibbles);
  const __m128i low = _mm_shuffle_epi8(low_table, low_nibbles);
  if (!_mm_testz_si128(low, high)) return false;

  const __m128i is_slash = _mm_cmpeq_epi8(text, mask_2f);
  const __m128i roll = _mm_shuffle_epi8(roll_table, _mm_add_epi8(is_slash, high_nibbles));
  const __m128i values = _mm_add_epi8(text, roll);
  const __m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi32(0x01400140));
  const __m128i quads = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
  const __m128i bytes = _mm_shuffle_epi8(
      quads, _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  return true;
}

/// 12 bytes (16 read) to 16 characters.
void encode_block(const char* in, char* out) {
  const __m128i bytes =
      _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)),
                       _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m128i first =
      _mm_mulhi_epu16(_mm_and_si128(bytes, _mm_set1_epi32(0x0FC0FC00)), _mm_set1_epi32(0x04000040));
  const __m128i second =
      _mm_mullo_epi16(_mm_and_si128(bytes, _mm_set1_epi32(0x003F03F0)), _mm_set1_epi32(0x01000010));
  const __m128i values = _mm_or_si128(first, second);
  const __m128i shift_table =
      _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                    '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  const __m128i reduced = _mm_subs_epu8(values, _mm_set1_epi8(51));
  const __m128i is_upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), values);
  const __m128i index = _mm_or_si128(reduced, _mm_and_si128(is_upper, _mm_set1_epi8(13)));
  const __m128i text = _mm_add_epi8(values, _mm_shuffle_epi8(shift_table, index));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), text);
}

}  // namespace

namespace detail {

Base64Decoded base64_decode_scalar(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return {Base64Status::kLength, 0, 0};
  return decode_tail(text, 0, out, out);
}

void base64_encode_scalar(std::string_view bytes, char* out) {
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

}  // namespace detail

Base64Decoded base64_decode_to(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return {Base64Status::kLength, 0, 0};
  char* const start = out;
  std::size_t i = 0;
  // The last four characters may hold padding: they are for the scalar code.
  for (; i + 20 <= text.size(); i += 16, out += 12) {
    if (!decode_block(text.data() + i, out)) break;
  }
  return decode_tail(text, i, start, out);
}

Base64Decoded base64_decode(std::string_view text, std::string& out) {
  out.resize(base64_decode_capacity(text.size()));
  const Base64Decoded decoded = base64_decode_to(text, out.data());
  out.resize(decoded.size);
  return decoded;
}

void base64_encode_to(std::string_view bytes, char* out) {
  std::size_t i = 0;
  for (; i + 16 <= bytes.size(); i += 12, out += 16) encode_block(bytes.data() + i, out);
  detail::base64_encode_scalar(bytes.substr(i), out);
}

void base64_append(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + base64_encoded_size(bytes.size()));
  base64_encode_to(bytes, out.data() + before);
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  base64_append(out, bytes);
  return out;
}

}  // namespace penstock
