#include "stream/stream_service.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

// Pages when the memory for replies runs out: shorter ones, then an error, and nothing is missed.

namespace penstock::stream {
namespace {

using testing::StreamStand;

constexpr std::size_t kRecordBytes = 100'000;
constexpr int kRecords = 40;

struct PagesTest : ::testing::Test {
  PagesTest() {
    EXPECT_TRUE(stand.create("s", 1).ok());
    const std::string data(kRecordBytes, 'x');
    for (int i = 0; i < kRecords; ++i) keys.push_back(std::to_string(i));
    std::vector<PutEntry> entries;
    for (const std::string& key : keys) entries.push_back({.partition_key = key, .data = data});
    EXPECT_TRUE(stand.put("s", entries).ok());
  }
  std::string horizon() {
    return *stand.iterator({.stream = {.name = "s"},
                            .shard_id = "shardId-000000000000",
                            .type = IteratorType::kTrimHorizon});
  }
  Result<GetRecordsReply> get(const std::string& iterator) {
    return stand.world().run(
        stand.streams().get_records(StreamStand::caller(), {.iterator = iterator}));
  }
  /// The keys of all pages, which are let go one by one.
  std::vector<std::string> read_all() {
    std::vector<std::string> found;
    std::string iterator = horizon();
    while (true) {
      const Result<GetRecordsReply> page = get(iterator);
      EXPECT_TRUE(page.ok());
      if (!page.ok() || page->slice.records.empty()) return found;
      EXPECT_EQ(page->millis_behind_latest == 0, found.size() + page->slice.records.size() == 40u);
      for (const engine::Record& record : page->slice.records) found.emplace_back(record.key);
      iterator = page->next_iterator;
    }
  }

  StreamStand stand{1, {}, {.limits = StreamSettings::Limits::kOff}};
  std::vector<std::string> keys;
};

TEST_F(PagesTest, ALargePageIsChargedUntilItGoes) {
  {
    const auto page = get(horizon());
    ASSERT_EQ(page->slice.records.size(), std::size_t{kRecords});
    EXPECT_GE(stand.pages.used_bytes(), kRecords * kRecordBytes * 4 / 3);
  }
  EXPECT_EQ(stand.pages.used_bytes(), 0u);
}

TEST_F(PagesTest, PagesGetShorterWhenMemoryIsShort) {
  const auto others = stand.pages.try_take(15u << 20);
  ASSERT_TRUE(others);
  const auto page = get(horizon());
  EXPECT_LT(page->slice.records.size(), 8u) << "a mebibyte is left";
  EXPECT_GE(page->slice.records.size(), 1u);
  EXPECT_EQ(page->slice.bytes, page->slice.records.size() * (kRecordBytes + 1));
  EXPECT_FALSE(page->next_iterator.empty());
}

TEST_F(PagesTest, EveryRecordIsReadThroughShortPages) {
  const auto others = stand.pages.try_take(15u << 20);
  ASSERT_TRUE(others);
  EXPECT_EQ(read_all(), keys);
}

TEST_F(PagesTest, ReadersThatHoldTheirPagesAreBounded) {
  std::vector<GetRecordsReply> held;
  const std::string iterator = horizon();
  while (held.size() < 1'000) {
    auto page = get(iterator);
    EXPECT_LE(stand.pages.used_bytes(), 16u << 20);
    if (!page.ok()) {
      EXPECT_EQ(page.error().code, Errc::kUnavailable) << "a 503, which SDKs retry";
      break;
    }
    held.push_back(std::move(*page));
  }
  EXPECT_GT(held.size(), 3u);
  EXPECT_LT(held.size(), 200u);
  held.clear();
  EXPECT_EQ(read_all(), keys);
}

TEST_F(PagesTest, SmallPagesNeedNoMemoryForReplies) {
  const auto others = stand.pages.try_take(16u << 20);
  ASSERT_TRUE(others);
  const std::vector<PutEntry> one{{.partition_key = "k", .data = "small"}};
  ASSERT_TRUE(stand.create("t", 1).ok());
  ASSERT_TRUE(stand.put("t", one).ok());
  const auto iterator = stand.iterator({.stream = {.name = "t"},
                                        .shard_id = "shardId-000000000000",
                                        .type = IteratorType::kTrimHorizon});
  EXPECT_EQ(get(*iterator)->slice.records.size(), 1u);
  EXPECT_EQ(get(horizon()).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace penstock::stream
