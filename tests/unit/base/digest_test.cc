#include "base/hex.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "support/slow_digests.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <random>
#include <string>

namespace penstock {
namespace {

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Sha256, OfNothingIsThePublishedDigest) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(Sha256, IsWhatItIsDefinedToBeAtEveryLengthAroundTheBlockBounds) {
  std::mt19937 random(4);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_bytes(random, size);
    ASSERT_EQ(sha256(bytes), testing::SlowSha256::of(bytes)) << "size " << size;
  }
}

TEST(Sha256, InPiecesEqualsInOneAndStartsAnewAfterwards) {
  std::mt19937 random(5);
  Sha256 pieces;
  for (int round = 0; round < 50; ++round) {
    std::string whole;
    for (int i = 0; i < 5; ++i) {
      const std::string piece = random_bytes(random, random() % 200);
      whole += piece;
      pieces.update(piece);
    }
    ASSERT_EQ(pieces.finish(), sha256(whole)) << round;
  }
}

TEST(HmacSha256, AgreesWithOpenSslOnKeysShorterAndLongerThanABlock) {
  std::mt19937 random(6);
  for (std::size_t key_size = 0; key_size < 140; ++key_size) {
    const std::string key = random_bytes(random, key_size);
    const std::string text = random_bytes(random, random() % 300);
    Sha256Digest expected;
    unsigned size = 0;
    ASSERT_NE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                   expected.data(), &size),
              nullptr);
    const HmacSha256 hmac{key};
    ASSERT_EQ(hmac.sign(text), expected) << "key of " << key_size;
    ASSERT_EQ(hmac.sign(text), expected) << "a second signature differs, key of " << key_size;
  }
}

TEST(ConstantTimeCompare, SeesLengthAndEveryByte) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("bbc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Hex, RoundTripsAndRefusesWhatIsNoHex) {
  EXPECT_EQ(hex_encode(std::string("\x00\x7F\xFF", 3)), "007fff");
  EXPECT_EQ(hex_decode("007fFF"), std::string("\x00\x7F\xFF", 3));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
  EXPECT_FALSE(hex_decode("-1"));
}

TEST(Uuid, CarriesVersionAndVariantWhateverTheBytes) {
  std::array<std::uint8_t, 16> bytes;
  bytes.fill(0xFF);
  EXPECT_EQ(uuid_v4(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  bytes.fill(0);
  EXPECT_EQ(uuid_v4(bytes), "00000000-0000-4000-8000-000000000000");
  EXPECT_TRUE(is_uuid(uuid_v4(bytes)));
  EXPECT_FALSE(is_uuid("00000000-0000-4000-8000-00000000000"));
  EXPECT_FALSE(is_uuid("00000000x0000-4000-8000-000000000000"));
  EXPECT_FALSE(is_uuid("0000000g-0000-4000-8000-000000000000"));
}

}  // namespace
}  // namespace penstock
