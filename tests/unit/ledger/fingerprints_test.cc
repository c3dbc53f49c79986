#include "ledger/fingerprints.h"

#include "ledger/producer_row.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace penstock::ledger {
namespace {

constexpr ServiceTime at(std::int64_t ms) { return ServiceTime{Millis{ms}}; }

TEST(Fingerprints, AStoredEntryThatWaitedIsRecoveredOnce) {
  Fingerprints waiting(10);
  EXPECT_TRUE(waiting.refused({7, 0, at(1)}));
  EXPECT_TRUE(waiting.stored(7));
  EXPECT_FALSE(waiting.stored(7));
  EXPECT_EQ(waiting.size(), 0u);
}

TEST(Fingerprints, AStoredEntryThatNeverWaitedIsNotRecovered) {
  Fingerprints waiting(10);
  EXPECT_FALSE(waiting.stored(7));
}

TEST(Fingerprints, ARepeatedRefusalIsOneEntryTimedFromTheFirst) {
  Fingerprints waiting(10);
  waiting.refused({7, 0, at(1)});
  waiting.refused({7, 0, at(100)});
  EXPECT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting.expire(at(1)).size(), 1u);
  EXPECT_TRUE(waiting.expire(at(1'000)).empty());
}

TEST(Fingerprints, ExpireAtExactlyTheirTimeAndNotBefore) {
  Fingerprints waiting(10);
  waiting.refused({7, 3, at(50)});
  EXPECT_TRUE(waiting.expire(at(49)).empty());
  const auto expired = waiting.expire(at(50));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0], (Waiting{7, 3, at(50)}));
}

TEST(Fingerprints, AnEntryRefusedAnewAfterItsRecoveryCountsFromThen) {
  Fingerprints waiting(10);
  waiting.refused({7, 0, at(1)});
  waiting.stored(7);
  waiting.refused({7, 0, at(100)});
  EXPECT_TRUE(waiting.expire(at(99)).empty()) << "the first refusal was made good";
  EXPECT_EQ(waiting.expire(at(100)).size(), 1u);
}

TEST(Fingerprints, RecoveredAndRefusedInOneMillisecondExpiresOnce) {
  Fingerprints waiting(10);
  waiting.refused({7, 0, at(1)});
  waiting.stored(7);
  waiting.refused({7, 0, at(1)});
  EXPECT_EQ(waiting.expire(at(1)).size(), 1u);
}

TEST(Fingerprints, BeyondTheirCapacityAnEntryIsTurnedAway) {
  Fingerprints waiting(2);
  EXPECT_TRUE(waiting.refused({1, 0, at(1)}));
  EXPECT_TRUE(waiting.refused({2, 0, at(1)}));
  EXPECT_FALSE(waiting.refused({3, 0, at(1)}));
  EXPECT_TRUE(waiting.refused({2, 0, at(2)})) << "one that waits already needs no room";
  waiting.stored(1);
  EXPECT_TRUE(waiting.refused({3, 0, at(3)}));
}

TEST(Fingerprints, RecoveriesWithoutEndDoNotDisturbTheOneThatWaits) {
  Fingerprints waiting(10);
  waiting.refused({1, 0, at(0)});
  for (std::int64_t i = 1; i < 20'000; ++i) {
    waiting.refused({2, 0, at(i)});
    ASSERT_TRUE(waiting.stored(2));
  }
  waiting.refused({2, 0, at(20'000)});
  EXPECT_EQ(waiting.expire(at(19'999)).size(), 1u);
  EXPECT_EQ(waiting.expire(at(20'000)).size(), 1u);
}

TEST(Fingerprints, AreListedInTheOrderOfRefusal) {
  Fingerprints waiting(10);
  waiting.refused({9, 0, at(1)});
  waiting.refused({3, 0, at(2)});
  waiting.refused({5, 0, at(2)});
  const auto list = waiting.list();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].fingerprint, 9u);
  EXPECT_EQ(list[1].fingerprint, 3u);
  EXPECT_EQ(list[2].fingerprint, 5u);
}

/// Against a map that does the same slowly: every refused entry is recovered, expired or waits.
TEST(Fingerprints, EachRefusedEntryEndsInExactlyOneWay) {
  for (const std::uint64_t seed : penstock::testing::seeds(30)) {
    std::mt19937_64 random(seed);
    Fingerprints waiting(20);
    std::map<std::uint64_t, std::int64_t> model;
    std::int64_t now = 0;
    for (int step = 0; step < 2'000; ++step) {
      now += static_cast<std::int64_t>(random() % 3);
      const std::uint64_t fingerprint = random() % 40;
      switch (random() % 3) {
        case 0: {
          const bool room = model.contains(fingerprint) || model.size() < 20;
          ASSERT_EQ(waiting.refused({fingerprint, 0, at(now)}), room);
          if (room) model.try_emplace(fingerprint, now);
          break;
        }
        case 1: ASSERT_EQ(waiting.stored(fingerprint), model.erase(fingerprint) == 1); break;
        default:
          for (const Waiting& entry : waiting.expire(at(now - 30))) {
            ASSERT_TRUE(model.contains(entry.fingerprint));
            ASSERT_LE(model[entry.fingerprint], now - 30);
            model.erase(entry.fingerprint);
          }
          for (const auto& [left, since] : model) ASSERT_GT(since, now - 30) << "seed " << seed;
      }
      ASSERT_EQ(waiting.size(), model.size()) << "seed " << seed;
    }
  }
}

// --- Rows
// -------------------------------------------------------------------------------------------

const RowKey kKey{
    {"123456789012", "eu-west-1"}, "orders", "AKIAX", "10.0.0.1", "aws-sdk-go/2.0 \"x\""};

ProducerRow some_row() {
  ProducerRow row(100);
  row.book = {
      .received = 21, .stored = 1, .throttled = 2, .rejected = 3, .failed = 4, .interrupted = 11};
  row.recovered = 6;
  row.probably_lost = 7;
  row.unknown = 8;
  row.stranded = 9;
  row.waiting.refused({~std::uint64_t{0}, 3, at(1'000)});
  row.waiting.refused({1, 2, at(2'000)});
  row.lost.push_back({5, 1, at(500)});
  return row;
}

TEST(ProducerRow, ComesBackWithEverythingItSays) {
  ProducerRow back(100);
  const auto key = decode_row(encode_row(kKey, some_row()), back);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(*key, kKey);
  const ProducerRow row = some_row();
  EXPECT_EQ(back.book, row.book);
  EXPECT_EQ(back.recovered, row.recovered);
  EXPECT_EQ(back.probably_lost, row.probably_lost);
  EXPECT_EQ(back.unknown, row.unknown);
  EXPECT_EQ(back.stranded, row.stranded);
  EXPECT_EQ(back.waiting.list(), row.waiting.list());
  EXPECT_EQ(back.lost, row.lost);
}

TEST(ProducerRow, WhatWasReceivedAndNotDecidedIsInterruptedByACrash) {
  ProducerRow row(10);
  row.book = {.received = 10, .stored = 6};
  row.begin_run(false);
  EXPECT_EQ(row.book.interrupted, 4u);
  EXPECT_EQ(unaccounted(row.book), 0u);
  EXPECT_TRUE(row.changed);
}

TEST(ProducerRow, WhatAStopLeftUndecidedIsNotInterruptedByALaterCrash) {
  ProducerRow row(10);
  row.book = {.received = 10, .stored = 6};
  row.begin_run(true);
  row.book.received += 2;
  ProducerRow back(10);
  ASSERT_TRUE(decode_row(encode_row(kKey, row), back).ok());
  back.begin_run(false);
  EXPECT_EQ(back.book.interrupted, 2u);
  EXPECT_EQ(unaccounted(back.book), 4u);
}

TEST(ProducerRow, AnOlderRowWithoutStrandedEntriesReadsBack) {
  ProducerRow row(10);
  ASSERT_TRUE(decode_row(R"({"counts":[9,1,1,1,1,1,6,7,8]})", row).ok());
  EXPECT_EQ(row.unknown, 8u);
  EXPECT_EQ(row.stranded, 0u);
}

TEST(ProducerRow, MoreDecidedThanReceivedStaysUnaccounted) {
  ProducerRow row(10);
  row.book = {.received = 5, .stored = 6};
  ProducerRow back(10);
  ASSERT_TRUE(decode_row(encode_row(kKey, row), back).ok());
  EXPECT_EQ(unaccounted(back.book), 1u) << "a restart does not hide it";
}

TEST(ProducerRow, KeepsTheNewestLostEntriesAndCountsAll) {
  ProducerRow row(10);
  for (std::uint64_t i = 0; i < ProducerRow::kLostKept + 5; ++i) row.lose({i, 0, at(1)});
  EXPECT_EQ(row.probably_lost, ProducerRow::kLostKept + 5);
  EXPECT_EQ(row.lost.size(), ProducerRow::kLostKept);
  EXPECT_EQ(row.lost.front().fingerprint, 5u);
}

TEST(ProducerRow, TheAuditSaysWhatTheRowSays) {
  const ProducerAudit audit = some_row().audit(kKey);
  EXPECT_EQ(audit.access_key, "AKIAX");
  EXPECT_EQ(audit.received, 21);
  EXPECT_EQ(audit.interrupted, 11);
  EXPECT_EQ(audit.waiting, 2);
  EXPECT_EQ(audit.probably_lost, 7);
  EXPECT_EQ(audit.unaccounted, 0);
}

TEST(ProducerRow, FitsIntoAMarkWithAllItMayRemember) {
  const std::size_t most = 15'000;  // LedgerSettings::fingerprints_max
  ProducerRow row(most);
  for (std::uint64_t i = 0; i < most; ++i) row.waiting.refused({~i, 65'535, at(1'790'000'000'000)});
  for (std::size_t i = 0; i < ProducerRow::kLostKept; ++i)
    row.lose({~i, 65'535, at(1'790'000'000'000)});
  EXPECT_LT(encode_row(kKey, row).size(), std::size_t{1} << 20);
}

class NoRow : public ::testing::TestWithParam<std::string> {};
TEST_P(NoRow, IsCorrupt) {
  ProducerRow row(10);
  const auto key = decode_row(GetParam(), row);
  ASSERT_FALSE(key.ok());
  EXPECT_TRUE(key.error().code == Errc::kCorrupt);
}
INSTANTIATE_TEST_SUITE_P(
    Garbage, NoRow,
    ::testing::Values(
        "", "{", "[]", "{}", R"({"counts":[1,2]})", R"({"counts":[1,2,3,4,5,6,7,8,9,10,11]})",
        R"({"counts":[1,2,3,4,5,6,7,8,9],"waiting":[{"f":"x","s":0,"t":0}]})",
        R"({"counts":[1,2,3,4,5,6,7,8,9],"waiting":[{"f":"","s":0,"t":0}]})",
        R"({"counts":[1,2,3,4,5,6,7,8,9],"lost":[{"f":"99999999999999999999999"}]})"));

// --- Books of logs
// --------------------------------------------------------------------------------

TEST(LogBook, ComesBackWithEverythingItSays) {
  const auto back = decode_log_book(encode_log_book({.log = LogId{7},
                                                     .stored = 1'000'000'000'000,
                                                     .failed = 2,
                                                     .unattributed = 3,
                                                     .unexplained = 4}));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->log, LogId{7});
  EXPECT_EQ(back->stored, 1'000'000'000'000u);
  EXPECT_EQ(back->failed, 2u);
  EXPECT_EQ(back->unattributed, 3u);
  EXPECT_EQ(back->unexplained, 4u);
  EXPECT_FALSE(decode_log_book("{").ok());
}

TEST(LogBook, ALogReadWhileProducersGoOnIsInStep) {
  const LogBook before{.stored = 10, .unattributed = 5};
  const LogBook after{.stored = 14, .unattributed = 5};
  for (std::uint64_t logged = 15; logged <= 19; ++logged)
    EXPECT_EQ(unaccounted(before, after, logged, 0), 0u) << logged;
  EXPECT_EQ(unaccounted(before, after, 14, 0), 1u);
  EXPECT_EQ(unaccounted(before, after, 22, 1), 2u);
}

}  // namespace
}  // namespace penstock::ledger
