#include "base/md5.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace penstock {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

using Word = std::uint32_t;
/// One word of each of eight digests; the compiler makes two SSE registers of it.
typedef Word Words __attribute__((vector_size(8 * sizeof(Word))));

template <class W>
struct State {
  W a = W{} + 0x67452301u, b = W{} + 0xEFCDAB89u, c = W{} + 0x98BADCFEu, d = W{} + 0x10325476u;
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

// Values are passed by reference: a vector of 32 bytes has no calling convention before AVX.

template <int Round, class W>
inline void mix(W& out, const W& x, const W& y, const W& z) {
  if constexpr (Round == 0) out = z ^ (x & (y ^ z));
  if constexpr (Round == 1) out = y ^ (z & (x ^ y));
  if constexpr (Round == 2) out = x ^ y ^ z;
  if constexpr (Round == 3) out = y ^ (x | ~z);
}

template <int Step, class W>
inline void step(W& a, const W& b, const W& c, const W& d, const W* words) {
  constexpr int kRound = Step / 16;
  constexpr int kWord = kRound == 0   ? Step % 16
                        : kRound == 1 ? (5 * Step + 1) % 16
                        : kRound == 2 ? (3 * Step + 5) % 16
                                      : (7 * Step) % 16;
  constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  constexpr int kShift = kShifts[kRound][Step % 4];
  W mixed;
  mix<kRound>(mixed, b, c, d);
  const W sum = a + mixed + words[kWord] + kSines[Step];
  a = b + (sum << kShift | sum >> (32 - kShift));
}

template <int Step, class W>
inline void steps(State<W>& s, const W* words) {
  step<Step>(s.a, s.b, s.c, s.d, words);
  step<Step + 1>(s.d, s.a, s.b, s.c, words);
  step<Step + 2>(s.c, s.d, s.a, s.b, words);
  step<Step + 3>(s.b, s.c, s.d, s.a, words);
  if constexpr (Step + 4 < 64) steps<Step + 4>(s, words);
}

template <class W>
void compress(State<W>& state, const W* words) {
  State<W> s = state;
  steps<0>(s, words);
  state.a += s.a;
  state.b += s.b;
  state.c += s.c;
  state.d += s.d;
}

void compress(State<Word>& state, const char* block) {
  Word words[16];
  std::memcpy(words, block, sizeof words);
  compress(state, words);
}

}  // namespace

Md5Digest md5(std::string_view bytes) {
  State<Word> state;
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

std::array<Md5Digest, 8> md5_of_eight(const std::array<std::string_view, 8>& texts) {
  alignas(32) Word lanes[16][8] = {};  // As the vectors lie: word by word, one of each text.
  for (std::size_t lane = 0; lane < 8; ++lane) {
    const std::string_view text = texts[lane];
    char block[56] = {};
    if (!text.empty()) std::memcpy(block, text.data(), text.size());
    block[text.size()] = static_cast<char>(0x80);
    for (std::size_t word = 0; word * sizeof(Word) <= text.size(); ++word) {
      std::memcpy(&lanes[word][lane], block + word * sizeof(Word), sizeof(Word));
    }
    lanes[14][lane] = static_cast<Word>(text.size() * 8);
  }
  Words words[16];
  std::memcpy(words, lanes, sizeof words);
  State<Words> state;
  compress(state, words);
  std::array<Md5Digest, 8> digests;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    const Word digest[4] = {state.a[lane], state.b[lane], state.c[lane], state.d[lane]};
    std::memcpy(digests[lane].data(), digest, sizeof digest);
  }
  return digests;
}

}  // namespace penstock
