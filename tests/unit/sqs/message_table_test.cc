#include "sqs/message_table.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::sqs {
namespace {

using std::chrono::seconds;

constexpr ServiceTime at(std::int64_t second) { return ServiceTime{Millis{second * 1'000}}; }

std::vector<std::uint64_t> indexes(const std::vector<Claim>& claims) {
  std::vector<std::uint64_t> out;
  for (const Claim& claim : claims) out.push_back(claim.index);
  return out;
}
using Indexes = std::vector<std::uint64_t>;

/// Messages 1..count, sent at their own second, visible at once.
MessageTable table_of(std::uint64_t count) {
  MessageTable table;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const ServiceTime sent = at(static_cast<std::int64_t>(i));
    table.add(i, sent, sent);
  }
  return table;
}

TEST(MessageTable, HandsOutTheOldestFirst) {
  MessageTable table = table_of(5);
  EXPECT_EQ(indexes(table.claim(at(100), 3, seconds(30))), (Indexes{1, 2, 3}));
  EXPECT_EQ(indexes(table.claim(at(100), 3, seconds(30))), (Indexes{4, 5}));
}

TEST(MessageTable, HidesAClaimedMessageForExactlyItsTimeout) {
  MessageTable table = table_of(1);
  ASSERT_EQ(table.claim(at(100), 1, seconds(30)).size(), 1u);
  EXPECT_TRUE(table.claim(at(130) - Millis(1), 1, seconds(30)).empty());
  EXPECT_EQ(table.claim(at(130), 1, seconds(30)).size(), 1u);
}

TEST(MessageTable, CountsEveryReceiveAndKeepsTheFirstTime) {
  MessageTable table = table_of(1);
  table.claim(at(100), 1, seconds(10));
  const auto again = table.claim(at(120), 1, seconds(10));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].receive_count, 2u);
  EXPECT_EQ(again[0].first_received, at(100));
  EXPECT_EQ(again[0].visible_at, at(130));
}

TEST(MessageTable, DoesNotHandOutADelayedMessageBeforeItsTime) {
  MessageTable table;
  table.add(1, at(0), at(60));
  EXPECT_TRUE(table.claim(at(59), 1, seconds(30)).empty());
  EXPECT_EQ(table.claim(at(60), 1, seconds(30)).size(), 1u);
}

TEST(MessageTable, TimeoutOfZeroLeavesTheMessageVisible) {
  MessageTable table = table_of(1);
  EXPECT_EQ(table.claim(at(100), 10, seconds(0)).size(), 1u);
  EXPECT_FALSE(table.is_in_flight(1, at(100)));
  EXPECT_EQ(table.claim(at(100), 10, seconds(0)).size(), 1u);
}

TEST(MessageTable, ErasedNeverComesAgain) {
  MessageTable table = table_of(2);
  table.claim(at(100), 1, seconds(30));
  EXPECT_TRUE(table.erase(1));
  EXPECT_FALSE(table.erase(1));
  EXPECT_EQ(indexes(table.claim(at(1'000), 10, seconds(30))), (Indexes{2}));
  table.add(1, at(1), at(1));
  EXPECT_FALSE(table.has(1));
}

TEST(MessageTable, UnclaimedIsVisibleAtOnceAndNotCounted) {
  MessageTable table = table_of(1);
  const auto claims = table.claim(at(100), 1, seconds(30));
  table.unclaim(claims[0]);
  const auto again = table.claim(at(100), 1, seconds(30));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].receive_count, 1u);
}

TEST(MessageTable, UnclaimAfterANewerClaimDoesNothing) {
  MessageTable table = table_of(1);
  const auto first = table.claim(at(100), 1, seconds(10));
  ASSERT_EQ(table.claim(at(110), 1, seconds(10)).size(), 1u);
  table.unclaim(first[0]);
  EXPECT_TRUE(table.claim(at(110), 1, seconds(10)).empty());
}

TEST(MessageTable, OnlyTheNewestReceiptIsTheLatest) {
  MessageTable table = table_of(1);
  table.claim(at(100), 1, seconds(10));
  EXPECT_TRUE(table.is_latest(1, 1));
  table.claim(at(110), 1, seconds(10));
  EXPECT_FALSE(table.is_latest(1, 1));
  EXPECT_TRUE(table.is_latest(1, 2));
  table.erase(1);
  EXPECT_TRUE(table.is_latest(1, 1)) << "of what is gone, every receipt is";
}

TEST(MessageTable, InFlightEndsWithTheTimeout) {
  MessageTable table = table_of(1);
  EXPECT_FALSE(table.is_in_flight(1, at(99)));
  table.claim(at(100), 1, seconds(10));
  EXPECT_TRUE(table.is_in_flight(1, at(109)));
  EXPECT_FALSE(table.is_in_flight(1, at(110)));
}

TEST(MessageTable, VisibilityCanBeProlongedAndEnded) {
  MessageTable table = table_of(1);
  table.claim(at(100), 1, seconds(10));
  table.set_visible_at(1, at(200), at(105));
  EXPECT_TRUE(table.claim(at(199), 1, seconds(10)).empty());
  EXPECT_EQ(table.claim(at(200), 1, seconds(10)).size(), 1u);
  table.set_visible_at(1, at(205), at(205));
  EXPECT_EQ(table.claim(at(205), 1, seconds(10)).size(), 1u);
}

TEST(MessageTable, CountsTellReadyInFlightAndDelayedApart) {
  MessageTable table = table_of(3);
  table.add(4, at(4), at(500));
  table.claim(at(100), 1, seconds(10));
  const auto counts = table.counts(at(100));
  EXPECT_EQ(counts.visible, 2u);
  EXPECT_EQ(counts.in_flight, 1u);
  EXPECT_EQ(counts.delayed, 1u);
  const auto later = table.counts(at(500));
  EXPECT_EQ(later.visible, 4u);
  EXPECT_EQ(later.in_flight + later.delayed, 0u);
}

TEST(MessageTable, NextVisibleIsTheEarliestAndNothingWhileOneIs) {
  MessageTable table;
  EXPECT_EQ(table.next_visible(at(0)), std::nullopt);
  table.add(1, at(0), at(90));
  table.add(2, at(0), at(60));
  EXPECT_EQ(table.next_visible(at(0)), at(60));
  EXPECT_EQ(table.next_visible(at(60)), std::nullopt);
}

TEST(MessageTable, ExpiresWhatWasSentBeforeAndNothingElse) {
  MessageTable table = table_of(10);
  table.claim(at(20), 2, seconds(1'000));
  EXPECT_EQ(table.expire(at(4)), 3u);
  EXPECT_EQ(table.first(), 4u);
  EXPECT_EQ(table.counts(at(20)).in_flight, 0u);
  EXPECT_EQ(table.oldest_sent(), at(4));
}

TEST(MessageTable, ExpiresAMovedMessageByWhenItWasSentWhereverItStands) {
  MessageTable table;
  table.add(1, at(50), at(50));
  table.add(2, at(10), at(50));  // Moved here.
  table.add(3, at(60), at(60));
  table.add(4, at(20), at(60));
  EXPECT_EQ(table.oldest_sent(), at(10));
  EXPECT_EQ(table.expire(at(15)), 1u);
  EXPECT_EQ(table.oldest_sent(), at(20));
  EXPECT_TRUE(table.erase(4));
  EXPECT_EQ(table.oldest_sent(), at(50));
  EXPECT_EQ(table.expire(at(55)), 1u);
  EXPECT_EQ(indexes(table.claim(at(100), 10, seconds(1))), (Indexes{3}));
}

TEST(MessageTable, BelowTheMarkNothingIsAddedAgain) {
  MessageTable table = table_of(10);
  EXPECT_EQ(table.drop_below(6), 5u);
  table.add(3, at(3), at(3));
  EXPECT_FALSE(table.has(3));
  EXPECT_EQ(indexes(table.claim(at(100), 10, seconds(1))), (Indexes{6, 7, 8, 9, 10}));
}

TEST(MessageTable, EraseBelowIsRememberedInReceipts) {
  MessageTable table = table_of(10);
  table.erase_below(6);
  MessageTable back;
  ASSERT_TRUE(back.restore_block(0, table.encode_block(0)).ok());
  for (std::uint64_t i = 1; i <= 10; ++i) back.add(i, at(1), at(1));
  EXPECT_EQ(back.first(), 6u);
}

TEST(MessageTable, ReceiptsSurviveInTheirBlocks) {
  MessageTable table;
  for (std::uint64_t i = 250; i < 262; ++i) table.add(i, at(1), at(1));
  table.claim(at(10), 3, seconds(50));   // 250, 251, 252
  table.claim(at(11), 3, seconds(5));    // 253, 254, 255
  table.claim(at(16), 10, seconds(50));  // 253..261, the first three a second time
  table.erase(251);
  table.erase(260);

  MessageTable back;
  for (const std::uint64_t block : {0u, 1u}) {
    ASSERT_TRUE(back.restore_block(block, table.encode_block(block)).ok());
  }
  for (std::uint64_t i = 250; i < 262; ++i) back.add(i, at(1), at(1));
  EXPECT_FALSE(back.has(251));
  EXPECT_FALSE(back.has(260));
  EXPECT_TRUE(back.claim(at(59), 10, seconds(1)).empty());
  const auto claims = back.claim(at(100), 20, seconds(1));
  EXPECT_EQ(indexes(claims), (Indexes{250, 252, 253, 254, 255, 256, 257, 258, 259, 261}));
  EXPECT_EQ(claims[2].receive_count, 3u);
  EXPECT_EQ(claims[2].first_received, at(11));
}

TEST(MessageTable, TornReceiptsAreCorrupt) {
  MessageTable table = table_of(3);
  table.claim(at(10), 3, seconds(10));
  const std::string value = table.encode_block(0);
  for (std::size_t size = 0; size < value.size(); ++size) {
    MessageTable back;
    EXPECT_FALSE(back.restore_block(0, value.substr(0, size)).ok()) << size;
  }
}

TEST(MessageTable, NamesOnlyWholeBlocksBelowAPosition) {
  MessageTable table;
  for (const std::uint64_t i : {10u, 300u, 600u}) {
    table.add(i, at(1), at(1));
  }
  table.claim(at(1), 10, seconds(10));
  EXPECT_EQ(table.blocks_below(255), (Indexes{}));
  EXPECT_EQ(table.blocks_below(256), (Indexes{0}));
  EXPECT_EQ(table.blocks_below(600), (Indexes{0, 1}));
  table.drop_below(600);
  EXPECT_EQ(table.blocks_below(10'000), (Indexes{2}));
}

/// A slow, obvious model: every message's state in one map, looked at in full each time.
struct Model {
  struct Entry {
    ServiceTime visible_at;
    std::uint32_t count = 0;
  };
  std::map<std::uint64_t, Entry> entries;
  Indexes claim(ServiceTime now, std::size_t max, Millis visibility) {
    Indexes out;
    for (auto& [index, entry] : entries) {
      if (out.size() == max) break;
      if (entry.visible_at > now) continue;
      entry.visible_at = now + visibility;
      ++entry.count;
      out.push_back(index);
    }
    return out;
  }
};

class MessageTableSeeds : public ::testing::TestWithParam<unsigned> {};
TEST_P(MessageTableSeeds, AgreesWithAModelThatLooksAtEverything) {
  std::mt19937 random(GetParam());
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random()) % bound; };
  MessageTable table;
  Model model;
  std::uint64_t next = 1;
  ServiceTime now = at(1'000);
  for (int step = 0; step < 600; ++step) {
    now += Millis(below(4'000));
    const unsigned choice = below(100);
    if (choice < 35) {
      const ServiceTime visible = below(4) == 0 ? now + Millis(below(20'000)) : now;
      table.add(next, now, visible);
      model.entries[next++] = {visible};
    } else if (choice < 70) {
      const std::size_t max = 1 + below(10);
      const Millis visibility(below(3) == 0 ? 0 : below(15'000));
      ASSERT_EQ(indexes(table.claim(now, max, visibility)), model.claim(now, max, visibility))
          << "step " << step;
    } else if (choice < 85) {
      const std::uint64_t index = 1 + below(static_cast<unsigned>(next));
      ASSERT_EQ(table.erase(index), model.entries.erase(index) == 1) << "step " << step;
    } else if (choice < 92) {
      const std::uint64_t index = 1 + below(static_cast<unsigned>(next));
      if (!table.has(index)) continue;
      const ServiceTime visible = now + Millis(below(10'000));
      table.set_visible_at(index, visible, now);
      model.entries[index].visible_at = visible;
    } else {
      // Forget everything but the receipts and the log, as a restart does.
      MessageTable back;
      for (std::uint64_t block = 0; block * kBlockPositions < next; ++block) {
        ASSERT_TRUE(back.restore_block(block, table.encode_block(block)).ok());
      }
      for (std::uint64_t index = 1; index < next; ++index) {
        // An unreceived message's visibility comes from its record.
        const auto entry = model.entries.find(index);
        back.add(index, now, entry == model.entries.end() ? now : entry->second.visible_at);
      }
      table = std::move(back);
    }
    std::size_t visible = 0;
    for (const auto& [index, entry] : model.entries) visible += entry.visible_at <= now ? 1 : 0;
    const auto counts = table.counts(now);
    ASSERT_EQ(counts.visible, visible) << "step " << step;
    ASSERT_EQ(counts.visible + counts.in_flight + counts.delayed, model.entries.size());
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, MessageTableSeeds, ::testing::Range(0u, 20u));

}  // namespace
}  // namespace penstock::sqs
