#include "base/base64_kernels.h"

#include <smmintrin.h>
#include <tmmintrin.h>

// The vector kernels are those of Wojciech Mula and Daniel Lemire, "Faster Base64 Encoding and
// Decoding Using AVX2 Instructions" (2018), here in their SSE form. Bad input is found by a compare
// of the same lookup; which character it was, is then found by the scalar code.

namespace penstock::detail {
namespace {

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

Base64Decoded decode(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return {Base64Status::kLength, 0, 0};
  return base64_decode_sse_tail(text, 0, out, out);
}

}  // namespace

Base64Decoded base64_decode_sse_tail(std::string_view text, std::size_t from, char* start,
                                     char* out) {
  std::size_t i = from;
  // The last four characters may hold padding: they are for the scalar code.
  for (; i + 20 <= text.size(); i += 16, out += 12) {
    if (!decode_block(text.data() + i, out)) break;
  }
  return base64_decode_tail(text, i, start, out);
}

void base64_encode_sse_tail(std::string_view bytes, char* out) {
  std::size_t i = 0;
  for (; i + 16 <= bytes.size(); i += 12, out += 16) encode_block(bytes.data() + i, out);
  base64_encode_tail(bytes.substr(i), out);
}

const Base64Kernel kBase64Sse{"sse", decode, base64_encode_sse_tail};

}  // namespace penstock::detail
