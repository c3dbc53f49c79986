#include "base/md5.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace penstock {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

struct State {
  std::uint32_t a = 0x67452301, b = 0xEFCDAB89, c = 0x98BADCFE, d = 0x10325476;
};

constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

template <int Round>
inline std::uint32_t mix(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  if constexpr (Round == 0) return z ^ (x & (y ^ z));
  if constexpr (Round == 1) return y ^ (z & (x ^ y));
  if constexpr (Round == 2) return x ^ y ^ z;
  return y ^ (x | ~z);
}

template <int Step>
inline void step(std::uint32_t& a, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                 const std::uint32_t* words) {
  constexpr int kRound = Step / 16;
  constexpr int kWord = kRound == 0   ? Step % 16
                        : kRound == 1 ? (5 * Step + 1) % 16
                        : kRound == 2 ? (3 * Step + 5) % 16
                                      : (7 * Step) % 16;
  constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  a = b +
      std::rotl(a + mix<kRound>(b, c, d) + words[kWord] + kSines[Step], kShifts[kRound][Step % 4]);
}

template <int Step>
inline void steps(State& s, const std::uint32_t* words) {
  step<Step>(s.a, s.b, s.c, s.d, words);
  step<Step + 1>(s.d, s.a, s.b, s.c, words);
  step<Step + 2>(s.c, s.d, s.a, s.b, words);
  step<Step + 3>(s.b, s.c, s.d, s.a, words);
  if constexpr (Step + 4 < 64) steps<Step + 4>(s, words);
}

void compress(State& state, const char* block) {
  std::uint32_t words[16];
  std::memcpy(words, block, sizeof words);
  State s = state;
  steps<0>(s, words);
  state = {state.a + s.a, state.b + s.b, state.c + s.c, state.d + s.d};
}

}  // namespace

Md5Digest md5(std::string_view bytes) {
  State state;
  std::size_t done = 0;
  for (; bytes.size() - done >= 64; done += 64) compress(state, bytes.data() + done);

  const std::size_t left = bytes.size() - done;
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  alignas(16) char block[128] = {};
  if (left != 0) std::memcpy(block, bytes.data() + done, left);
  block[left] = static_cast<char>(0x80);
  const std::size_t tail = left < 56 ? 64 : 128;
  std::memcpy(block + tail - 8, &bits, 8);
  compress(state, block);
  if (tail == 128) compress(state, block + 64);

  Md5Digest digest;
  std::memcpy(digest.data(), &state, digest.size());
  return digest;
}

}  // namespace penstock
