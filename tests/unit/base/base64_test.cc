#include "base/base64.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>
#include <string>

namespace penstock {
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

TEST(Base64, EncodesEveryLengthAsOpenSslDoes) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_bytes(random, size);
    ASSERT_EQ(base64_encode(bytes), openssl_encode(bytes)) << "size " << size;
    std::string scalar(base64_encoded_size(size), '?');
    detail::base64_encode_scalar(bytes, scalar.data());
    ASSERT_EQ(scalar, base64_encode(bytes)) << "size " << size;
  }
}

TEST(Base64, DecodesWhatOpenSslEncoded) {
  std::mt19937 random(2);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_bytes(random, size);
    const std::string text = openssl_encode(bytes);
    std::string back;
    ASSERT_EQ(base64_decode(text, back).status, Base64Status::kOk) << "size " << size;
    ASSERT_EQ(back, bytes) << "size " << size;
    ASSERT_EQ(base64_decoded_size(text), size);
  }
}

TEST(Base64, EverySingleCharacterIsJudgedAlikeByBothKernels) {
  const std::string good = base64_encode(std::string(45, 'x'));  // 60 characters, no padding
  for (std::size_t at = 0; at < good.size(); at += 7) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const Outcome fast = run(base64_decode_to, text);
      ASSERT_EQ(fast, run(detail::base64_decode_scalar, text)) << "byte " << c << " at " << at;
      const bool in_alphabet = c != 0 && std::string(
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "abcdefghijklmnopqrstuvwxyz0123456789+/")
                                                 .find(static_cast<char>(c)) != std::string::npos;
      ASSERT_EQ(fast.status == Base64Status::kOk, in_alphabet) << "byte " << c << " at " << at;
    }
  }
}

TEST(Base64, MutatedTextsAreJudgedAlikeByBothKernels) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = openssl_encode(random_bytes(random, random() % 120));
    for (unsigned change = random() % 3; change > 0 && !text.empty(); --change) {
      text[random() % text.size()] = "A+/=z0 -\xC3"[random() % 9];
    }
    if (random() % 8 == 0 && !text.empty()) text.pop_back();
    ASSERT_EQ(run(base64_decode_to, text), run(detail::base64_decode_scalar, text)) << text;
  }
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
