#include "stream/sequence_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

namespace penstock::stream {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;

/// Anything the fields may hold, small and large values alike.
SequenceNumber random_number(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t end) {
    const std::uint64_t scale = random() % 3 == 0 ? 3 : end;
    return random() % std::min(scale, end);
  };
  return {.created_s = static_cast<std::int64_t>(below(SequenceNumber::kCreatedEnd)),
          .index = below(SequenceNumber::kIndexMax) + random() % 2,
          .time_s = static_cast<std::int64_t>(below(std::uint64_t{1} << 36)),
          .shard = static_cast<std::uint32_t>(below(std::uint64_t{1} << 31))};
}

/// Adds one to a decimal number of fixed width.
std::string successor(std::string digits) {
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return digits;
    }
    digits[i] = '0';
  }
  return digits;
}

/// Decimal digits of a number of any size, without leading zeros.
std::string decimal_of_hex(std::string_view hex) {
  std::string digits = "0";  // Least significant first.
  for (const char c : hex) {
    int carry = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    for (char& digit : digits) {
      carry += (digit - '0') * 16;
      digit = static_cast<char>('0' + carry % 10);
      carry /= 10;
    }
    for (; carry != 0; carry /= 10) digits.push_back(static_cast<char>('0' + carry % 10));
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return {digits.rbegin(), digits.rend()};
}

TEST(SequenceNumber, HasFiftySixDigitsAtBothEndsOfItsRange) {
  const SequenceNumber least{};
  const SequenceNumber greatest{.created_s = SequenceNumber::kCreatedEnd - 1,
                                .index = SequenceNumber::kIndexMax,
                                .time_s = (std::int64_t{1} << 36) - 1,
                                .shard = 0x7FFF'FFFF};
  for (const SequenceNumber& number : {least, greatest}) {
    const std::string text = number.to_string();
    EXPECT_EQ(text.size(), SequenceNumber::kDigits);
    EXPECT_NE(text.front(), '0');
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
  }
}

// A number Kinesis itself printed for shardId-000000000000 (AWS's documentation of GetRecords).
TEST(SequenceNumber, TakesApartANumberThatAwsPrinted) {
  const auto decoded = decode_number("49544985256907370027570885864065577703022652638596431874");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->version, 2);
  EXPECT_EQ(decoded->shard, 0);
  EXPECT_GT(decoded->created_s, 1'400'000'000);
  EXPECT_LT(decoded->created_s, 1'450'000'000);
  EXPECT_GE(decoded->time_s, decoded->created_s);
  const auto parsed =
      SequenceNumber::parse("49544985256907370027570885864065577703022652638596431874");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->to_string(), "49544985256907370027570885864065577703022652638596431874");
}

TEST(SequenceNumber, ComesBackFromItsTextUnchanged) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 5'000; ++i) {
    const SequenceNumber number = random_number(random);
    const auto parsed = SequenceNumber::parse(number.to_string());
    ASSERT_TRUE(parsed) << number.to_string();
    ASSERT_EQ(*parsed, number) << number.to_string();
  }
}

TEST(SequenceNumber, SortsAsItsTextDoes) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 5'000; ++i) {
    SequenceNumber a = random_number(random);
    SequenceNumber b = random_number(random);
    if (random() % 2 == 0) b.created_s = a.created_s;  // Otherwise the first field decides always.
    if (random() % 2 == 0) b.shard = a.shard;
    if (random() % 2 == 0) b.index = a.index;
    if (random() % 4 == 0) b.time_s = a.time_s;
    const auto order = a <=> b;
    const int texts = a.to_string().compare(b.to_string());
    ASSERT_EQ(order < 0, texts < 0) << a.to_string() << " " << b.to_string();
    ASSERT_EQ(order == 0, texts == 0) << a.to_string() << " " << b.to_string();
  }
}

TEST(SequenceNumber, GrowsWithTheIndexWhateverTheTimes) {
  const ShardStamp shard{3, kNow};
  std::mt19937_64 random(3);
  std::string last = shard.starting().to_string();
  std::uint64_t index = 0;
  for (int i = 0; i < 1'000; ++i) {
    index += 1 + random() % 1'000'000;
    const auto arrival = service_time((kNow + static_cast<std::int64_t>(random() % 1'000)) * 1'000);
    const std::string text = shard.number({index}, arrival).to_string();
    ASSERT_LT(last, text);
    last = text;
  }
  EXPECT_LE(last, shard.ending(kNow + 2'000).to_string());
}

TEST(SequenceNumber, OfAChildSortsBehindEveryNumberOfItsParent) {
  const ShardStamp parent{0, kNow};
  const ShardStamp child{16, kNow + 1};  // The same low digit: only the second tells them apart.
  EXPECT_LT(parent.ending(kNow + 100), child.starting());
  EXPECT_LT(parent.ending(kNow + 100).to_string(), child.starting().to_string());
}

TEST(SequenceNumber, TheNextDecimalNumberIsNotOneOfOurs) {
  // The last hex digit is the version: adding one makes it version 3, which was never issued.
  const std::string text =
      SequenceNumber{.created_s = kNow, .index = 9, .time_s = kNow, .shard = 2}.to_string();
  EXPECT_FALSE(SequenceNumber::parse(successor(text)));
}

TEST(SequenceNumber, NegativeShardsAreDecodedAndNotParsed) {
  // Bit 31 of the shard number set: eight hex digits F in place of the shard.
  SequenceNumber number{.created_s = kNow, .index = 1, .time_s = kNow, .shard = 0xFFFF'FFFF};
  const auto decoded = decode_number(number.to_string());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->shard, -1);
  EXPECT_FALSE(SequenceNumber::parse(number.to_string()));
}

TEST(SequenceNumber, AnIndexOfSixtyFourBitsIsInvalid) {
  SequenceNumber number{.created_s = kNow, .index = SequenceNumber::kIndexMax, .time_s = kNow};
  EXPECT_TRUE(decode_number(number.to_string()));
  number.index = SequenceNumber::kIndexMax + 1;
  EXPECT_FALSE(decode_number(number.to_string()));
}

TEST(SequenceNumber, CreationSecondsEndWhereAwsEndsThem) {
  SequenceNumber number{.created_s = SequenceNumber::kCreatedEnd - 1, .time_s = kNow};
  EXPECT_TRUE(decode_number(number.to_string()));
  number.created_s = SequenceNumber::kCreatedEnd;
  EXPECT_FALSE(decode_number(number.to_string()));
}

class NoSequenceNumber : public testing::TestWithParam<std::string> {};
TEST_P(NoSequenceNumber, IsRefused) {
  EXPECT_FALSE(decode_number(GetParam()));
  EXPECT_FALSE(SequenceNumber::parse(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(
    Garbage, NoSequenceNumber,
    testing::Values("", "x", "-1", "+1", " 1", "1 ", std::string(56, '0'), std::string(56, '9'),
                    std::string(57, '1'), std::string(58, '9'), std::string(200, '1'),
                    "0x49544985256907370027570885864065577703022652638596431874",
                    "049544985256907370027570885864065577703022652638596431874",
                    "4954498525690737002757088586406557770302265263859643187",
                    "49544985256907370027570885864065577703022652638596431873.0",
                    "4954498525690737002757088586406557770302265263859643187\n",
                    std::string("4954498525690737002757088586406557770302265263859643187\0", 56)));

TEST(SequenceNumber, RandomBytesNeverParseToSomethingThatPrintsDifferently) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(50 + random() % 9, '0');
    for (char& c : text) c = static_cast<char>('0' + random() % 10);
    if (random() % 2 == 0) text.replace(0, 2, "49");
    if (const auto parsed = SequenceNumber::parse(text)) ASSERT_EQ(parsed->to_string(), text);
  }
}

/// The layout as the header draws it, through a path of its own: hex digits to decimal ones.
std::string hex_form(const SequenceNumber& n) {
  char text[64];
  std::snprintf(text, sizeof text, "2%09llx%x%016llx00%09llx%08x2",
                static_cast<unsigned long long>(n.created_s), n.shard & 0xF,
                static_cast<unsigned long long>(n.index), static_cast<unsigned long long>(n.time_s),
                n.shard);
  return text;
}

TEST(SequenceNumber, IsTheDecimalFormOfItsFortySevenHexDigits) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 500; ++i) {
    const SequenceNumber number = random_number(random);
    const std::string hex = hex_form(number);
    ASSERT_EQ(hex.size(), 47u);
    ASSERT_EQ(number.to_string(), decimal_of_hex(hex)) << hex;
  }
}

TEST(DecodedNumber, ReadsVersionZero) {
  // 1 | 9 digits of seconds | 18 digits | 4 digits of the shard number
  const auto decoded =
      decode_number(decimal_of_hex("1055667788"
                                   "000000000000000000"
                                   "0009"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->version, 0);
  EXPECT_EQ(decoded->created_s, 0x055667788);
  EXPECT_EQ(decoded->shard, 9);
  EXPECT_EQ(decoded->index, 0u);
}

TEST(DecodedNumber, ReadsVersionOne) {
  // 2 | 9 of creation | 3 | 9 of time | 14 | 2 of index | 8 of the shard number | 1
  const auto decoded =
      decode_number(decimal_of_hex("2055667788"
                                   "000"
                                   "055667799"
                                   "00000000000000"
                                   "2A"
                                   "00000007"
                                   "1"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->version, 1);
  EXPECT_EQ(decoded->created_s, 0x055667788);
  EXPECT_EQ(decoded->time_s, 0x055667799);
  EXPECT_EQ(decoded->index, 0x2Au);
  EXPECT_EQ(decoded->shard, 7);
}

TEST(DecodedNumber, OldVersionsAreNotIssuedHere) {
  EXPECT_FALSE(
      SequenceNumber::parse(decimal_of_hex("1055667788"
                                           "000000000000000000"
                                           "0009")));
  EXPECT_FALSE(
      SequenceNumber::parse(decimal_of_hex("2055667788"
                                           "000"
                                           "055667799"
                                           "00000000000000"
                                           "2A"
                                           "00000007"
                                           "1")));
}

TEST(DecodedNumber, OtherVersionsAndHeadsAreInvalid) {
  const SequenceNumber good{.created_s = kNow, .index = 5, .time_s = kNow, .shard = 3};
  for (const char version : {'0', '3', '4', '9', 'f'}) {
    std::string hex = hex_form(good);
    hex.back() = version;
    EXPECT_FALSE(decode_number(decimal_of_hex(hex))) << hex;
  }
  for (const char head : {'0', '1', '3', 'f'}) {
    std::string hex = hex_form(good);
    hex.front() = head;
    EXPECT_FALSE(decode_number(decimal_of_hex(hex))) << hex;
  }
}

TEST(DecodedNumber, EverySmallNumberIsOneOfVersionZero) {
  for (const std::string& small : {std::string("0"), std::string("5"),
                                   decimal_of_hex("1000000000"
                                                  "000000000000000000"
                                                  "0005")}) {
    const auto decoded = decode_number(small);
    ASSERT_TRUE(decoded) << small;
    EXPECT_EQ(decoded->version, 0);
    EXPECT_EQ(decoded->created_s, 0);
    EXPECT_EQ(decoded->shard, small == "0" ? 0 : 5);
    EXPECT_FALSE(SequenceNumber::parse(small)) << "none of ours";
  }
}

TEST(ShardStamp, NumbersAreNeverTimedBeforeTheirShardWasCreated) {
  const ShardStamp child{7, kNow + 1};  // A child may be created a second ahead of the clock.
  EXPECT_EQ(child.number({1}, service_time(kNow * 1'000)).time_s, kNow + 1);
  EXPECT_EQ(child.number({1}, service_time((kNow + 5) * 1'000)).time_s, kNow + 5);
  EXPECT_LT(child.starting(), child.number({1}, service_time(0)));
}

TEST(ShardStamp, TheFirstRecordMayStandAtTheStartAndNoneBehindTheEnd) {
  const ShardStamp shard{1, kNow};
  const auto ending = shard.ending(kNow + 10);
  EXPECT_LT(shard.starting(), ending);
  EXPECT_EQ(ending.index, SequenceNumber::kIndexMax);
  EXPECT_LT(shard.number({SequenceNumber::kIndexMax - 1}, service_time((kNow + 10'000) * 1'000)),
            ending);
}

TEST(ShardStamp, AShardClosedWithinItsFirstSecondStillEndsBehindItsStart) {
  const ShardStamp shard{1, kNow + 1};
  EXPECT_LT(shard.starting(), shard.ending(kNow));
  EXPECT_EQ(shard.ending(kNow).time_s, kNow + 1);
}

TEST(ShardStamp, TheSameRecordAlwaysGetsTheSameNumber) {
  const ShardStamp shard{4, kNow};
  const ServiceTime arrival = service_time(kNow * 1'000 + 999);
  EXPECT_EQ(shard.number({17}, arrival).to_string(), shard.number({17}, arrival).to_string());
  EXPECT_EQ(shard.number({17}, arrival), shard.number({17}, arrival - Millis(999)))
      << "milliseconds are not part of it";
}

}  // namespace
}  // namespace penstock::stream
