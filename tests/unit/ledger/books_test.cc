#include "ledger/books.h"

#include "ledger/audit.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace penstock::ledger {
namespace {

constexpr int kFates = static_cast<int>(Fate::kDiscarded) + 1;

TEST(ProducerBook, TheLawHoldsWhenEveryReceivedEntryWasDecided) {
  const ProducerBook book{
      .received = 15, .stored = 5, .throttled = 4, .rejected = 3, .failed = 2, .interrupted = 1};
  EXPECT_EQ(book.decided(), 15u);
  EXPECT_EQ(unaccounted(book), 0u);
}

TEST(ProducerBook, EntriesThatNobodyDecidedAreUnaccounted) {
  EXPECT_EQ(unaccounted({.received = 10, .stored = 7}), 3u);
}

TEST(ProducerBook, EntriesDecidedTwiceAreUnaccountedToo) {
  EXPECT_EQ(unaccounted({.received = 10, .stored = 12}), 2u)
      << "the distance, not a negative number";
}

TEST(ConsumerBook, StartsWithNothing) {
  const ConsumerBook book;
  EXPECT_EQ(book.settled(), 0u);
  EXPECT_TRUE(book.ranges().empty());
  EXPECT_EQ(balance(book, 0, 0).unaccounted, 0u);
}

class EveryFate : public ::testing::TestWithParam<int> {};
TEST_P(EveryFate, IsCountedOnceAndRememberedWithItsRange) {
  const auto fate = static_cast<Fate>(GetParam());
  ConsumerBook book;
  book.count(fate, 10, 19, 8, 77);
  EXPECT_EQ(book.settled(), 8u);
  EXPECT_EQ(book.succeeded, 0u);
  ASSERT_EQ(book.ranges().size(), 1u);
  EXPECT_EQ(book.ranges()[0], (FateRange{fate, 10, 19, 8, 77}));
}
TEST_P(EveryFate, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < kFates; ++i) names.insert(fate_name(static_cast<Fate>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kFates));
  EXPECT_NE(fate_name(static_cast<Fate>(GetParam())), "unknown");
}
INSTANTIATE_TEST_SUITE_P(All, EveryFate, ::testing::Range(0, kFates));

class EveryCause : public ::testing::TestWithParam<int> {};
TEST_P(EveryCause, IsAFateThatCountsAsDroppedUnderItsOwnName) {
  const auto cause = static_cast<DropCause>(GetParam());
  ConsumerBook book;
  book.count(fate_of(cause), 1, 3, 3, 0);
  EXPECT_EQ(book.dropped_total(), 3u);
  EXPECT_EQ(book.dropped[static_cast<std::size_t>(GetParam())], 3u);
  EXPECT_EQ(fate_name(fate_of(cause)), "dropped: " + std::string(drop_cause_name(cause)));
}
INSTANTIATE_TEST_SUITE_P(All, EveryCause, ::testing::Range(0, static_cast<int>(kDropCauses)));

TEST(ConsumerBook, SuccessIsCountedAndNotRemembered) {
  ConsumerBook book;
  book.count_succeeded(1'000'000);
  EXPECT_EQ(book.settled(), 1'000'000u);
  EXPECT_TRUE(book.ranges().empty());
}

TEST(ConsumerBook, CountingNothingLeavesNoRange) {
  ConsumerBook book;
  book.count(Fate::kFiltered, 5, 4, 0, 1);
  EXPECT_EQ(book, ConsumerBook{});
}

TEST(ConsumerBook, NeighboursOfOneFateAreOneRangeWithTheLaterTime) {
  ConsumerBook book;
  book.count(Fate::kFiltered, 1, 5, 5, 200);
  book.count(Fate::kFiltered, 6, 9, 4, 100);
  ASSERT_EQ(book.ranges().size(), 1u);
  EXPECT_EQ(book.ranges()[0], (FateRange{Fate::kFiltered, 1, 9, 9, 200}));
}

TEST(ConsumerBook, AGapOrAnotherFateBeginsANewRange) {
  ConsumerBook book;
  book.count(Fate::kFiltered, 1, 5, 5, 1);
  book.count(Fate::kFiltered, 7, 9, 3, 1);
  book.count(Fate::kDelivered, 10, 10, 1, 1);
  EXPECT_EQ(book.ranges().size(), 3u);
}

TEST(ConsumerBook, ForgetsTheOldestFilteredRangesFirstAndCountsThem) {
  ConsumerBook book;
  book.count(Fate::kDroppedRetries, 1, 1, 1, 0);
  book.count(Fate::kFiltered, 3, 4, 2, 0);
  for (std::uint64_t i = 0; i < ConsumerBook::kRangesMax; ++i) {
    book.count(Fate::kDroppedAge, 10 + i * 2, 10 + i * 2, 1, 0);
  }
  EXPECT_EQ(book.ranges().size(), ConsumerBook::kRangesMax);
  EXPECT_EQ(book.ranges_forgotten(), 3u) << "the filtered two, then the oldest of the others";
  EXPECT_EQ(book.ranges()[0].fate, Fate::kDroppedAge);
  EXPECT_EQ(book.settled(), 3u + ConsumerBook::kRangesMax) << "counters forget nothing";
}

TEST(ConsumerBook, AddIsTheSumOfCountersAndTheRangesBehindEachOther) {
  ConsumerBook shard;
  shard.count_succeeded(10);
  shard.count(Fate::kFiltered, 1, 5, 5, 1);
  ConsumerBook lane;
  lane.count_succeeded(3);
  lane.count(Fate::kFiltered, 6, 7, 2, 2);
  lane.count(Fate::kDroppedTooLarge, 8, 8, 1, 2);
  shard.add(lane);
  EXPECT_EQ(shard.settled(), 21u);
  ASSERT_EQ(shard.ranges().size(), 2u) << "neighbours across books are one range";
  EXPECT_EQ(shard.ranges()[0].last, 7u);
}

/// Random settlements, a model that only adds up, and the law between them.
struct Settled {
  ConsumerBook book;
  std::uint64_t records = 0;
};
Settled random_settlements(std::uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  Settled out;
  std::uint64_t at = 1;
  for (int i = 0; i < steps; ++i) {
    at += random() % 2;
    const std::uint64_t count = 1 + random() % 50;
    if (random() % 2 == 0) {
      out.book.count_succeeded(count);
    } else {
      out.book.count(static_cast<Fate>(random() % kFates), at, at + count - 1, count,
                     static_cast<std::int64_t>(random() >> 20));
    }
    at += count;
    out.records += count;
  }
  return out;
}

TEST(ConsumerBook, WhateverIsSettledTheBalanceKnowsIt) {
  for (const std::uint64_t seed : penstock::testing::seeds(50)) {
    const Settled done = random_settlements(seed, 200);
    const Balance law = balance(done.book, done.records + 17, 17);
    EXPECT_EQ(law.settled, done.records);
    EXPECT_EQ(law.unaccounted, 0u) << "seed " << seed;
    EXPECT_EQ(balance(done.book, done.records + 18, 17).unaccounted, 1u);
    EXPECT_EQ(balance(done.book, done.records + 16, 17).unaccounted, 1u);
  }
}

TEST(ConsumerBook, RangesTogetherCoverWhatIsNotPlainSuccess) {
  for (const std::uint64_t seed : penstock::testing::seeds(50)) {
    const Settled done = random_settlements(seed, 3'000);
    std::uint64_t remembered = done.book.ranges_forgotten();
    for (const FateRange& range : done.book.ranges()) remembered += range.count;
    EXPECT_EQ(remembered + done.book.succeeded, done.book.settled()) << "seed " << seed;
    EXPECT_LE(done.book.ranges().size(), ConsumerBook::kRangesMax);
  }
}

TEST(ConsumerBook, SplittingTheWorkOverLanesChangesNoCounter) {
  for (const std::uint64_t seed : penstock::testing::seeds(30)) {
    ConsumerBook sum;
    std::uint64_t records = 0;
    for (std::uint64_t lane = 0; lane < 4; ++lane) {
      const Settled done = random_settlements(seed * 10 + lane, 50);
      sum.add(done.book);
      records += done.records;
    }
    EXPECT_EQ(sum.settled(), records);
  }
}

TEST(ConsumerBook, ComesBackFromItsBytes) {
  for (const std::uint64_t seed : penstock::testing::seeds(100)) {
    const Settled done = random_settlements(seed, static_cast<int>(seed * 7));
    const auto decoded = ConsumerBook::decode(done.book.encode());
    ASSERT_TRUE(decoded.ok()) << "seed " << seed;
    ASSERT_EQ(*decoded, done.book) << "seed " << seed;
    ASSERT_LT(done.book.encode().size(), std::size_t{1} << 20);
  }
}

TEST(ConsumerBook, TheLargestNumbersComeBack) {
  ConsumerBook book;
  book.succeeded = ~std::uint64_t{0};
  book.count(Fate::kDiscarded, ~std::uint64_t{0} - 1, ~std::uint64_t{0}, 2, -1);
  const auto decoded = ConsumerBook::decode(book.encode());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, book);
}

TEST(ConsumerBook, NoCutBookReadsBack) {
  const std::string bytes = random_settlements(3, 40).book.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = ConsumerBook::decode(bytes.substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size;
    ASSERT_TRUE(decoded.error().code == Errc::kCorrupt);
  }
  EXPECT_FALSE(ConsumerBook::decode(bytes + '\0').ok());
}

TEST(ConsumerBook, AnotherVersionOrFateIsCorrupt) {
  std::string bytes = ConsumerBook{}.encode();
  bytes[0] = 2;
  EXPECT_FALSE(ConsumerBook::decode(bytes).ok());
  ConsumerBook book;
  book.count(Fate::kDiscarded, 1, 1, 1, 1);
  bytes = book.encode();
  bytes[bytes.size() - 5] = static_cast<char>(kFates);
  EXPECT_FALSE(ConsumerBook::decode(bytes).ok());
}

TEST(ConsumerBook, RandomBytesNeverCrashTheReader) {
  std::mt19937_64 random(5);
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 8);
    if (!bytes.empty()) bytes[0] = 1;
    const auto decoded = ConsumerBook::decode(bytes);
    if (!decoded.ok()) continue;
    ++read;
    ASSERT_TRUE(ConsumerBook::decode(decoded->encode()).ok());
  }
  EXPECT_GT(read, 0);
}

// --- Verdict
// ----------------------------------------------------------------------------------------

TEST(Verdict, OfNothingIsClean) { EXPECT_EQ(verdict_of({}).lost, 0); }

TEST(Verdict, AddsUpWhatIsLostAndNothingElse) {
  StreamAudit stream{.stored = 1'000};
  stream.producers.push_back({.throttled = 500,
                              .failed = 7,
                              .recovered = 3,
                              .waiting = 9,
                              .probably_lost = 1,
                              .unknown = 40,
                              .unaccounted = 2});
  ConsumerAudit consumer;
  consumer.shards.push_back({.filtered = 80,
                             .delivered = 90,
                             .dropped = 4,
                             .expired_unread = 8,
                             .skipped_by_start = 70,
                             .discarded = 60,
                             .pending = 30,
                             .unaccounted = 16});
  stream.consumers.push_back(consumer);
  const Verdict verdict = verdict_of({stream, stream});
  EXPECT_EQ(verdict.stored, 2'000);
  EXPECT_EQ(verdict.pending, 60);
  EXPECT_EQ(verdict.unknown, 80);
  EXPECT_EQ(verdict.lost, 2 * (1 + 2 + 4 + 8 + 16));
}

}  // namespace
}  // namespace penstock::ledger
