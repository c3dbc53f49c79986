#include "base/aggregated_record.h"

#include "base/hex.h"
#include "base/md5.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock {
namespace {

using namespace std::literals;

/// The envelope of any bytes: right magic, right sum.
std::string sealed(std::string_view message) {
  const Md5Digest digest = md5(message);
  return "\xF3\x89\x9A\xC2" + std::string(message) + std::string(as_chars(digest));
}

std::string field(int number, std::string_view bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} +
         std::string(bytes);
}

constexpr std::string_view kKey = "\x0A\x01k"sv;
constexpr std::string_view kRecord = "\x1A\x07\x08\x00\x1A\x03xyz"sv;

std::string build(const std::vector<UserRecord>& records) {
  AggregateBuilder builder;
  for (const UserRecord& record : records) builder.add(record);
  return builder.take();
}

TEST(AggregatedRecord, IsWrittenAndReadAsTheProducerLibraryWritesIt) {
  const std::vector<UserRecord> records{{.partition_key = "a", .data = "hello"},
                                        {.partition_key = "b", .data = "world"}};
  const std::string envelope = build(records);
  EXPECT_EQ(hex_encode(envelope),
            "f3899ac20a01610a01621a0908001a0568656c6c6f1a0908011a05776f726c64"
            "7cf45228cd79941b056e6743990bf8ab");
  EXPECT_EQ(deaggregate(envelope), records);
}

std::string random_text(std::mt19937_64& random, std::size_t most) {
  std::string text(random() % (most + 1), '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST(AggregatedRecord, ComesBackAsItWasAndIsAsLargeAsWasSaid) {
  for (const std::uint64_t seed : testing::seeds(200)) {
    std::mt19937_64 random(seed);
    std::vector<std::string> texts;
    for (int i = 0; i < 20; ++i) texts.push_back(random_text(random, i < 18 ? 40 : 3000));
    std::vector<std::string> hashes;
    for (int i = 0; i < 5; ++i) {
      hashes.push_back(HashKey{(Uint128{random()} << 64) | random()}.to_string());
    }
    std::vector<UserRecord> records(1 + random() % 300);
    AggregateBuilder builder;
    for (UserRecord& record : records) {
      record.partition_key = texts[random() % texts.size()];
      record.data = texts[random() % texts.size()];
      if (random() % 3 == 0) record.explicit_hash_key = hashes[random() % hashes.size()];
      const std::size_t size = builder.size_with(record);
      builder.add(record);
      ASSERT_EQ(builder.size(), size) << "seed " << seed;
    }
    const std::size_t size = builder.size();
    const std::string envelope = builder.take();
    ASSERT_EQ(envelope.size(), size) << "seed " << seed;
    ASSERT_EQ(deaggregate(envelope), records) << "seed " << seed;
    ASSERT_EQ(builder.count(), 0u);
  }
}

TEST(AggregatedRecord, IsAPlainRecordWhenAnyOfItsBytesIsAnother) {
  const std::string envelope =
      build({{.partition_key = "a", .data = "hello"}, {.partition_key = "b", .data = "world"}});
  for (std::size_t at = 0; at < envelope.size(); ++at) {
    std::string changed = envelope;
    changed[at] ^= 0x10;
    EXPECT_FALSE(deaggregate(changed)) << "byte " << at;
    EXPECT_FALSE(deaggregate(envelope.substr(0, at))) << "the first " << at << " bytes";
  }
}

struct Message {
  const char* what;
  std::string bytes;
  bool is_aggregate;
};

class Malformed : public ::testing::TestWithParam<Message> {};

TEST_P(Malformed, OrNot) {
  const Message& message = GetParam();
  EXPECT_EQ(deaggregate(sealed(message.bytes)).has_value(), message.is_aggregate) << message.what;
}

std::string with(std::string_view more) {
  return std::string(kKey) + std::string(kRecord) + std::string(more);
}

INSTANTIATE_TEST_SUITE_P(
    AggregatedRecord, Malformed,
    ::testing::Values(
        Message{"as it should be", with(""), true}, Message{"nothing inside", "", false},
        Message{"no record", std::string(kKey), true},
        Message{"a table behind what points into it", std::string(kRecord) + std::string(kKey),
                true},
        Message{"an index beyond the table", std::string(kRecord), false},
        Message{"a record without a key", with(field(3, field(3, "d"))), false},
        Message{"a record without data", with(field(3, "\x08\x00"sv)), false},
        Message{"a hash key beyond its table", with(field(3, "\x08\x00\x10\x00\x1A\x00"sv)), false},
        Message{"a hash key that is none",
                with(field(2, "x") + field(3, "\x08\x00\x10\x00\x1A\x00"sv)), false},
        Message{"a hash key with zeros in front",
                with(field(2, "007") + field(3, "\x08\x00\x10\x00\x1A\x00"sv)), true},
        Message{"a hash key that nobody uses is not looked at", with(field(2, "x")), true},
        Message{"a length beyond the end", with("\x1A\x7F"sv), false},
        Message{"a length near 2^64", with("\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv),
                false},
        Message{"a varint that does not end",
                with("\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv), false},
        Message{"an index near 2^64",
                with(field(3, "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x1A\x00"sv)), false},
        Message{"field 0", with("\x02\x00"sv), false},
        Message{"a wire type that is none", with("\x26"sv), false},
        Message{"unknown fields",
                with("\x28\x05\x31"s + "12345678" + "\x3D" + "1234" + field(8, "x")), true},
        Message{"a known number with another type", with("\x08\x05"sv), true},
        Message{"a group that nobody knows", with("\x2B\x33\x08\x01\x34\x2C"sv), true},
        Message{"groups that end crosswise", with("\x2B\x33\x2C\x34"sv), false},
        Message{"a group that does not end", with("\x2B"sv), false},
        Message{"the end of a group that did not begin", with("\x2C"sv), false},
        Message{"groups as deep as protobuf goes",
                with(std::string(100, '\x2B') + std::string(100, '\x2C')), true},
        Message{"groups beyond", with(std::string(101, '\x2B') + std::string(101, '\x2C')), false},
        Message{"a tag",
                with(field(3, "\x08\x00\x1A\x00"s + field(4, field(1, "n") + field(2, "v")))),
                true},
        Message{"a tag without its name",
                with(field(3, "\x08\x00\x1A\x00"s + field(4, field(2, "v")))), false},
        Message{"the last of two values counts", with(field(3, "\x08\x09\x08\x00\x1A\x00"sv)),
                true}));

TEST(AggregatedRecord, OfTenMebibytesOfSmallestRecordsHasEachOfThem) {
  std::string message(kKey);
  constexpr std::string_view kSmallest = "\x1A\x04\x08\x00\x1A\x00"sv;
  constexpr std::size_t kCount = (10u << 20) / kSmallest.size();
  for (std::size_t i = 0; i < kCount; ++i) message += kSmallest;
  const auto records = deaggregate(sealed(message));
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), kCount);
}

TEST(UserRecord, BelongsWhereItsKeyOrItsExplicitHashKeyPoints) {
  const UserRecord by_key{.partition_key = "a"};
  EXPECT_EQ(by_key.hash_key(), HashKey::of_partition_key("a"));
  const UserRecord by_hash{.partition_key = "a", .explicit_hash_key = "0012"};
  EXPECT_EQ(by_hash.hash_key(), HashKey{12});
  const UserRecord beyond{.partition_key = "a",
                          .explicit_hash_key = "340282366920938463463374607431768211456"};
  EXPECT_EQ(beyond.hash_key(), std::nullopt);
}

TEST(UserRecord, TheEnvelopeGoesWithOneThatBelongsElsewhere) {
  const std::vector<UserRecord> records{{.partition_key = "a", .explicit_hash_key = "5"},
                                        {.partition_key = "a", .explicit_hash_key = "9"}};
  EXPECT_TRUE(belong_to(records, {.start = {5}, .end = {9}}));
  EXPECT_FALSE(belong_to(records, {.start = {6}, .end = {9}}));
  EXPECT_FALSE(belong_to(records, {.start = {5}, .end = {8}}));
  EXPECT_TRUE(belong_to({}, {.start = {5}, .end = {8}}));
}

}  // namespace
}  // namespace penstock
