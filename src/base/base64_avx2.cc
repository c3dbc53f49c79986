#include "base/base64_kernels.h"

#include <immintrin.h>

// base64_sse.cc with twice the width. The file is compiled for the same machines as all others; the
// functions alone may use AVX2, so that nothing else does by accident.

#define PENSTOCK_AVX2 __attribute__((target("avx2")))

namespace penstock::detail {
namespace {

/// The same 16 bytes in both halves: shuffles do not cross them.
PENSTOCK_AVX2 __m256i both(__m128i half) { return _mm256_broadcastsi128_si256(half); }

/// 32 characters to 24 bytes (32 stored). False, and nothing meant by the store, on a bad
/// character.
PENSTOCK_AVX2 bool decode_block(const char* in, char* out) {
  const __m256i low_table = both(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                               0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
  const __m256i high_table = both(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                                                0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i roll_table =
      both(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i mask_2f = _mm256_set1_epi8(0x2F);

  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  const __m256i high_nibbles = _mm256_and_si256(_mm256_srli_epi32(text, 4), mask_2f);
  const __m256i low_nibbles = _mm256_and_si256(text, mask_2f);
  const __m256i high = _mm256_shuffle_epi8(high_table, high_nibbles);
  const __m256i low = _mm256_shuffle_epi8(low_table, low_nibbles);
  if (!_mm256_testz_si256(low, high)) return false;

  const __m256i is_slash = _mm256_cmpeq_epi8(text, mask_2f);
  const __m256i roll = _mm256_shuffle_epi8(roll_table, _mm256_add_epi8(is_slash, high_nibbles));
  const __m256i values = _mm256_add_epi8(text, roll);
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i halves = _mm256_shuffle_epi8(
      quads, both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
  return true;
}

/// 24 bytes (28 read) to 32 characters.
PENSTOCK_AVX2 void encode_block(const char* in, char* out) {
  const __m256i halves =
      _mm256_set_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 12)),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(in)));
  const __m256i bytes = _mm256_shuffle_epi8(
      halves, both(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10)));
  const __m256i first = _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0FC0FC00)),
                                           _mm256_set1_epi32(0x04000040));
  const __m256i second = _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003F03F0)),
                                            _mm256_set1_epi32(0x01000010));
  const __m256i values = _mm256_or_si256(first, second);
  const __m256i shift_table =
      both(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  const __m256i reduced = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
  const __m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
  const __m256i index = _mm256_or_si256(reduced, _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
  const __m256i text = _mm256_add_epi8(values, _mm256_shuffle_epi8(shift_table, index));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), text);
}

PENSTOCK_AVX2 Base64Decoded decode(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return {Base64Status::kLength, 0, 0};
  char* const start = out;
  std::size_t i = 0;
  // The wide store needs eight bytes more than it means: with 36 characters left there is room.
  for (; i + 36 <= text.size(); i += 32, out += 24) {
    if (!decode_block(text.data() + i, out)) break;
  }
  return base64_decode_sse_tail(text, i, start, out);
}

PENSTOCK_AVX2 void encode(std::string_view bytes, char* out) {
  std::size_t i = 0;
  for (; i + 28 <= bytes.size(); i += 24, out += 32) encode_block(bytes.data() + i, out);
  base64_encode_sse_tail(bytes.substr(i), out);
}

}  // namespace

const Base64Kernel kBase64Avx2{"avx2", decode, encode};

}  // namespace penstock::detail
