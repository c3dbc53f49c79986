#include "base/hash_key.h"

#include "base/hex.h"
#include "base/md5.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>

namespace penstock {
namespace {

TEST(Md5, OfEightTogetherIsWhatItIsOfEach) {
  for (std::size_t longest = 0; longest <= kMd5OneBlockBytes; ++longest) {
    std::array<std::string, 8> texts;
    std::array<std::string_view, 8> views;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i].assign((longest + i * 7) % (longest + 1), static_cast<char>('a' + i));
      views[i] = texts[i];
    }
    texts[longest % 8].assign(longest, '\xFF');
    views[longest % 8] = texts[longest % 8];
    const auto digests = md5_of_eight(views);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      ASSERT_EQ(digests[i], md5(texts[i])) << "longest " << longest << ", text " << i;
    }
  }
}

TEST(HashKey, OfEightKeysIsWhatItIsOfEachLongOnesIncluded) {
  for (const std::size_t size : {0u, 20u, 55u, 56u, 256u}) {
    const std::string odd(size, 'k');
    std::array<std::string_view, 8> keys{"a", "bb", "ccc", odd, "", "dddd", "e", "ff"};
    const auto hashed = HashKey::of_partition_keys(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(hashed[i], HashKey::of_partition_key(keys[i])) << "size " << size << ", key " << i;
    }
  }
}

TEST(Md5, AgreesWithOpenSslOnEveryLengthAroundTheBlockBounds) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 400; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    Md5Digest expected;
    unsigned length = 0;
    ASSERT_EQ(EVP_Digest(bytes.data(), size, expected.data(), &length, EVP_md5(), nullptr), 1);
    ASSERT_EQ(md5(bytes), expected) << "size " << size;
  }
}

struct KeyCase {
  std::string key;
  std::string md5_hex;
  std::string decimal;
  std::vector<int> shard_of_2_3_4_5;
};
class PartitionKey : public testing::TestWithParam<KeyCase> {};

TEST_P(PartitionKey, HashesToItsPublishedPointAndShard) {
  const KeyCase& c = GetParam();
  EXPECT_EQ(hex_encode(as_chars(md5(c.key))), c.md5_hex);
  const HashKey key = HashKey::of_partition_key(c.key);
  EXPECT_EQ(key.to_string(), c.decimal);
  for (std::size_t n = 2; n <= 5; ++n) {
    const auto ranges = equal_hash_key_ranges(n);
    EXPECT_TRUE(ranges[static_cast<std::size_t>(c.shard_of_2_3_4_5[n - 2])].contains(key)) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PartitionKey,
                         testing::Values(KeyCase{"a",
                                                 "0cc175b9c0f1b6a831c399e269772661",
                                                 "16955237001963240173058271559858726497",
                                                 {0, 0, 0, 0}},
                                         KeyCase{"b",
                                                 "92eb5ffee6ae2fec3ad71c777531578f",
                                                 "195289424170611159128911017612795795343",
                                                 {1, 1, 2, 2}},
                                         KeyCase{"e",
                                                 "e1671797c52e15f763380b45e841ec32",
                                                 "299611584147932843547128611849858313266",
                                                 {1, 2, 3, 4}},
                                         KeyCase{"f",
                                                 "8fa14cdd754f91cc6554c9e71929cce7",
                                                 "190917122200326810055233066464581373159",
                                                 {1, 1, 2, 2}},
                                         KeyCase{"1",
                                                 "c4ca4238a0b923820dcc509a6f75849b",
                                                 "261578874264819908609102035485573088411",
                                                 {1, 2, 3, 3}},
                                         KeyCase{"\xC3\xA9",
                                                 "66ddcd97cfdeabb2f6fb8a999b4bc76f",
                                                 "136732923097551493579404309126273812335",
                                                 {0, 1, 1, 2}},
                                         KeyCase{"partitionKey-1",
                                                 "77fe6d8289696ba8510480fbe3887256",
                                                 "159499196025307651934328298402289840726",
                                                 {0, 1, 1, 2}},
                                         KeyCase{"key-0",
                                                 "b4428b7e85e1fa85481af6307d7f3cf7",
                                                 "239606560113066237791549349790285249783",
                                                 {1, 2, 2, 3}}));

TEST(HashKey, PrintsAndReadsBackEveryMagnitude) {
  for (Uint128 value = 1; value != 0; value <<= 1) {
    for (const Uint128 near : {value - 1, value, value + 1}) {
      const auto back = HashKey::parse(HashKey{near}.to_string());
      ASSERT_TRUE(back.has_value());
      ASSERT_EQ(back->value, near);
    }
  }
  EXPECT_EQ(HashKey::max().to_string(), "340282366920938463463374607431768211455");
  EXPECT_EQ(HashKey{}.to_string(), "0");
}

class BadHashKey : public testing::TestWithParam<std::string> {};
TEST_P(BadHashKey, IsNotANumberOfTheKeySpace) { EXPECT_FALSE(HashKey::parse(GetParam())); }
INSTANTIATE_TEST_SUITE_P(All, BadHashKey,
                         testing::Values("", "00", "01", "-1", "+1", " 1", "1 ", "1e3", "0x10",
                                         "340282366920938463463374607431768211456",
                                         "999999999999999999999999999999999999999",
                                         "1000000000000000000000000000000000000000"));

TEST(HashKeyRanges, CoverTheKeySpaceWithoutGapOrOverlap) {
  for (const std::size_t n : {1u, 2u, 3u, 7u, 255u, 256u, 257u, 1000u}) {
    const auto ranges = equal_hash_key_ranges(n);
    ASSERT_EQ(ranges.size(), n);
    EXPECT_EQ(ranges.front().start, HashKey{0});
    EXPECT_EQ(ranges.back().end, HashKey::max());
    for (std::size_t i = 1; i < n; ++i) {
      ASSERT_EQ(ranges[i].start.value, ranges[i - 1].end.value + 1) << n << " " << i;
    }
  }
}

TEST(HashKeyRanges, GiveTheRemainderToTheLastShard) {
  const auto three = equal_hash_key_ranges(3);
  EXPECT_EQ(three[0].end.to_string(), "113427455640312821154458202477256070484");
  EXPECT_EQ(three[1].start.to_string(), "113427455640312821154458202477256070485");
  EXPECT_EQ(three[1].end.to_string(), "226854911280625642308916404954512140969");
  EXPECT_EQ(equal_hash_key_ranges(2)[1].start.to_string(),
            "170141183460469231731687303715884105728");
  EXPECT_EQ(equal_hash_key_ranges(4)[1].start.to_string(),
            "85070591730234615865843651857942052864");
  EXPECT_EQ(equal_hash_key_ranges(5)[1].start.to_string(),
            "68056473384187692692674921486353642291");
}

}  // namespace
}  // namespace penstock
