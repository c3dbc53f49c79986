#include "stream/token.h"

#include "base/base64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace penstock::stream {
namespace {

const std::string kSecret(32, 's');
constexpr ServiceTime kNow{Millis{1'790'000'000'123}};

Iterator some_iterator() {
  return {.log = LogId{77},
          .shard = 5,
          .from = {123'456'789},
          .issued = kNow,
          .stream = {{"123456789012", "eu-west-1"}, "orders"}};
}

void expect_equal(const Iterator& a, const Iterator& b) {
  EXPECT_EQ(a.log, b.log);
  EXPECT_EQ(a.shard, b.shard);
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.issued, b.issued);
  EXPECT_EQ(a.stream, b.stream);
}

TEST(TokenMaker, OpensWhatItSealed) {
  const TokenMaker maker(kSecret);
  const auto opened = maker.open_iterator(maker.seal(some_iterator()));
  ASSERT_TRUE(opened);
  expect_equal(*opened, some_iterator());
}

TEST(TokenMaker, OpensAnyIteratorItSealed) {
  const TokenMaker maker(kSecret);
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i) {
    Iterator iterator{.log = LogId{random()},
                      .shard = static_cast<std::uint32_t>(random()),
                      .from = {random()},
                      .issued = service_time(static_cast<std::int64_t>(random() >> 20)),
                      .stream = {{std::string(12, '1'), std::string(random() % 30, 'r')},
                                 std::string(1 + random() % 128, 'n')}};
    const std::string token = maker.seal(iterator);
    const auto opened = maker.open_iterator(token);
    ASSERT_TRUE(opened);
    expect_equal(*opened, iterator);
    ASSERT_GE(token.size(), 224u);
    ASSERT_LE(token.size(), 376u + 32u) << "AWS: up to 512 characters";
    ASSERT_EQ(token.find('='), std::string::npos);
  }
}

TEST(TokenMaker, BeginsAsTheIteratorsOfAwsDo) {
  EXPECT_TRUE(TokenMaker(kSecret).seal(some_iterator()).starts_with("AAAAAAAAAAE"));
}

TEST(TokenMaker, NoTwoIteratorsAreAlikeEvenForTheSamePlace) {
  const TokenMaker maker(kSecret);
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) tokens.insert(maker.seal(some_iterator()));
  EXPECT_EQ(tokens.size(), 100u);
}

TEST(TokenMaker, TheStreamsNameCannotBeReadFromAToken) {
  std::string bytes;
  ASSERT_EQ(base64_decode(TokenMaker(kSecret).seal(some_iterator()), bytes).status,
            Base64Status::kOk);
  EXPECT_EQ(bytes.find("orders"), std::string::npos);
  EXPECT_EQ(bytes.find("123456789012"), std::string::npos);
}

TEST(TokenMaker, SurvivesARestartWithTheSameSecret) {
  EXPECT_TRUE(TokenMaker(kSecret).open_iterator(TokenMaker(kSecret).seal(some_iterator())));
}

TEST(TokenMaker, RefusesTheTokensOfAnotherSecret) {
  const std::string token = TokenMaker(std::string(32, 't')).seal(some_iterator());
  EXPECT_FALSE(TokenMaker(kSecret).open_iterator(token));
}

TEST(TokenMaker, TakesATokenInDoubleQuotes) {
  const TokenMaker maker(kSecret);
  EXPECT_TRUE(maker.open_iterator("\"" + maker.seal(some_iterator()) + "\""));
  EXPECT_FALSE(maker.open_iterator("\"" + maker.seal(some_iterator())));
}

TEST(TokenMaker, EveryFlippedBitOfEveryByteIsNoticed) {
  const TokenMaker maker(kSecret);
  std::string bytes;
  ASSERT_EQ(base64_decode(maker.seal(some_iterator()), bytes).status, Base64Status::kOk);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      ASSERT_FALSE(maker.open_iterator(base64_encode(changed))) << "byte " << i << " bit " << bit;
    }
  }
}

TEST(TokenMaker, EveryOtherCharacterAtEveryPlaceIsNoticed) {
  const TokenMaker maker(kSecret);
  const std::string token = maker.seal(some_iterator());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char other : {'A', 'z', '0', '/', '+', '=', ' ', '\n', '-', '_', '"'}) {
      if (token[i] == other) continue;
      std::string changed = token;
      changed[i] = other;
      ASSERT_FALSE(maker.open_iterator(changed)) << "place " << i << " now " << other;
    }
  }
}

TEST(TokenMaker, EveryTruncationAndExtensionIsNoticed) {
  const TokenMaker maker(kSecret);
  const std::string token = maker.seal(some_iterator());
  for (std::size_t size = 0; size < token.size(); ++size) {
    ASSERT_FALSE(maker.open_iterator(token.substr(0, size))) << size;
  }
  for (const char* more : {"A", "AA", "AAA", "AAAA", "=", "====", " "}) {
    EXPECT_FALSE(maker.open_iterator(token + more)) << more;
  }
}

TEST(TokenMaker, TwoTokensCannotBeSplicedIntoOne) {
  const TokenMaker maker(kSecret);
  Iterator other = some_iterator();
  other.shard = 6;
  const std::string a = maker.seal(some_iterator());
  const std::string b = maker.seal(other);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t cut = 12; cut < a.size(); cut += 4) {
    const std::string spliced = a.substr(0, cut) + b.substr(cut);
    if (spliced != a && spliced != b) EXPECT_FALSE(maker.open_iterator(spliced)) << cut;
  }
}

class NoToken : public testing::TestWithParam<std::string> {};
TEST_P(NoToken, IsRefused) {
  const TokenMaker maker(kSecret);
  EXPECT_FALSE(maker.open_iterator(GetParam()));
  EXPECT_FALSE(maker.open_page(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Garbage, NoToken,
                         testing::Values("", "\"", "\"\"", "AAAAAAAAAAE", "not base64!",
                                         std::string(224, 'A'), std::string(224, '/'),
                                         "AAAAAAAAAAE" + std::string(213, 'A'),
                                         std::string(100'000, 'A')));

PageToken some_page() {
  return {.issued = kNow,
          .stream = {{"123456789012", "eu-west-1"}, "orders"},
          .log = LogId{9},
          .after_shard = 999,
          .filter = ShardFilterType::kAtTimestamp,
          .filter_shard = 0,
          .filter_time = service_time(0)};
}

TEST(PageToken, OpensWithEveryFieldAsItWas) {
  const TokenMaker maker(kSecret);
  const auto page = maker.open_page(maker.seal(some_page()));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->issued, kNow);
  EXPECT_EQ(page->stream, some_page().stream);
  EXPECT_EQ(page->log, LogId{9});
  EXPECT_EQ(page->after_shard, 999u);
  EXPECT_EQ(page->filter, ShardFilterType::kAtTimestamp);
  EXPECT_EQ(page->filter_shard, 0u) << "zero is not absent";
  EXPECT_EQ(page->filter_time, service_time(0)) << "zero is not absent";
}

TEST(PageToken, AbsentFiltersStayAbsent) {
  const TokenMaker maker(kSecret);
  PageToken page = some_page();
  page.filter.reset();
  page.filter_shard.reset();
  page.filter_time.reset();
  const auto opened = maker.open_page(maker.seal(page));
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->filter);
  EXPECT_FALSE(opened->filter_shard);
  EXPECT_FALSE(opened->filter_time);
}

TEST(PageToken, IsNoIteratorAndAnIteratorIsNoPage) {
  const TokenMaker maker(kSecret);
  EXPECT_FALSE(maker.open_iterator(maker.seal(some_page())));
  EXPECT_FALSE(maker.open_page(maker.seal(some_iterator())));
}

TEST(PageToken, EveryFlippedByteIsNoticed) {
  const TokenMaker maker(kSecret);
  std::string bytes;
  ASSERT_EQ(base64_decode(maker.seal(some_page()), bytes).status, Base64Status::kOk);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    ASSERT_FALSE(maker.open_page(base64_encode(changed))) << "byte " << i;
  }
}

TEST(PageToken, LivesThreeHundredSeconds) { EXPECT_EQ(kTokenLife, std::chrono::seconds(300)); }

}  // namespace
}  // namespace penstock::stream
