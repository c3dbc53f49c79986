#include "base/base64.h"

#include "base/base64_kernels.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>
#include <string>

namespace penstock {

void PrintTo(const Base64Kernel& kernel, std::ostream* out) { *out << kernel.name; }

namespace {

std::string openssl_encode(const std::string& bytes) {
  std::string out(base64_encoded_size(bytes.size()) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

struct Outcome {
  Base64Status status;
  std::size_t size;
  std::size_t at;
  std::string bytes;
  bool operator==(const Outcome&) const = default;
};

template <class Decode>
Outcome run(Decode decode, const std::string& text) {
  std::string out(base64_decode_capacity(text.size()), '?');
  const Base64Decoded decoded = decode(text, out.data());
  out.resize(decoded.size);
  return {decoded.status, decoded.size, decoded.at, out};
}

/// Every way this machine has, whichever of them the public calls take.
class Base64Kernels : public testing::TestWithParam<Base64Kernel> {
 protected:
  const Base64Kernel& kernel = GetParam();
  std::string encoded(const std::string& bytes) const {
    std::string out(base64_encoded_size(bytes.size()), '?');
    kernel.encode(bytes, out.data());
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Base64Kernels, testing::ValuesIn(base64_kernels()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Base64Kernels, EncodeEveryLengthAsOpenSslDoes) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_bytes(random, size);
    ASSERT_EQ(encoded(bytes), openssl_encode(bytes)) << "size " << size;
  }
}

TEST_P(Base64Kernels, DecodeWhatOpenSslEncoded) {
  std::mt19937 random(2);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_bytes(random, size);
    const std::string text = openssl_encode(bytes);
    ASSERT_EQ(run(kernel.decode, text), (Outcome{Base64Status::kOk, size, 0, bytes}))
        << "size " << size;
    ASSERT_EQ(base64_decoded_size(text), size);
  }
}

TEST_P(Base64Kernels, JudgeEverySingleCharacterByTheAlphabet) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string good = openssl_encode(std::string(75, 'x'));  // 100 characters, no padding
  for (std::size_t at = 0; at < good.size(); at += 7) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const Outcome outcome = run(kernel.decode, text);
      if (alphabet.find(static_cast<char>(c)) != std::string::npos) {
        ASSERT_EQ(outcome.status, Base64Status::kOk) << "byte " << c << " at " << at;
      } else {
        ASSERT_EQ(outcome, (Outcome{Base64Status::kCharacter, 0, at, ""})) << "byte " << c;
      }
    }
  }
}

TEST_P(Base64Kernels, JudgeMutatedTextsAsTheScalarOneDoes) {
  const Base64Kernel& scalar = base64_kernels().front();
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = openssl_encode(random_bytes(random, random() % 120));
    for (unsigned change = random() % 3; change > 0 && !text.empty(); --change) {
      text[random() % text.size()] = "A+/=z0 -\xC3"[random() % 9];
    }
    if (random() % 8 == 0 && !text.empty()) text.pop_back();
    ASSERT_EQ(run(kernel.decode, text), run(scalar.decode, text)) << text;
  }
}

TEST(Base64, TakesTheQuickestKernelOfThoseThatRunHere) {
  EXPECT_EQ(base64_kernels().front().name, "scalar");
  const bool has_avx2 = __builtin_cpu_supports("avx2");
  EXPECT_EQ(base64_kernels().back().name, has_avx2 ? "avx2" : "sse");
}

struct BadCase {
  std::string text;
  Base64Status status;
  std::size_t at;
};
class Base64Bad : public testing::TestWithParam<BadCase> {};

TEST_P(Base64Bad, IsRefusedWithItsReason) {
  std::string out;
  const Base64Decoded decoded = base64_decode(GetParam().text, out);
  EXPECT_EQ(decoded.status, GetParam().status);
  EXPECT_EQ(decoded.at, GetParam().at);
  EXPECT_TRUE(out.empty());
}

INSTANTIATE_TEST_SUITE_P(All, Base64Bad,
                         testing::Values(BadCase{"23456", Base64Status::kLength, 0},
                                         BadCase{"=+/=", Base64Status::kCharacter, 0},
                                         BadCase{"+/+=", Base64Status::kLastCharacter, 2},
                                         BadCase{"aB==", Base64Status::kLastCharacter, 1},
                                         BadCase{"a===", Base64Status::kCharacter, 1},
                                         BadCase{"====", Base64Status::kCharacter, 0},
                                         BadCase{"ab=c", Base64Status::kCharacter, 2},
                                         BadCase{"aGk=aGk=", Base64Status::kCharacter, 3},
                                         BadCase{"aGk-", Base64Status::kCharacter, 3},
                                         BadCase{"a\nk=", Base64Status::kCharacter, 1}));

TEST(Base64, AppendKeepsWhatIsThere) {
  std::string out = "data:";
  base64_append(out, "hi");
  EXPECT_EQ(out, "data:aGk=");
}

}  // namespace
}  // namespace penstock
