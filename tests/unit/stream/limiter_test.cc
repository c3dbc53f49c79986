#include "stream/limiter.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

namespace penstock::stream {
namespace {

constexpr ServiceTime kStart{Millis{1'790'000'000'000}};

/// Puts as many records of one size as are admitted, at one moment.
int fill(WriteLimiter& limiter, ServiceTime now, std::int64_t bytes, int tries = 5'000) {
  limiter.refill(now);
  int admitted = 0;
  for (int i = 0; i < tries; ++i) admitted += limiter.admit(bytes) ? 1 : 0;
  return admitted;
}

TEST(WriteLimiter, TakesAThousandRecordsInOneMomentAndNoMore) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 10), 1'000);
  EXPECT_EQ(fill(limiter, kStart, 10), 0) << "a second call in the same moment is not a new second";
}

TEST(WriteLimiter, ManyAtOnceAreWhatManyCallsAdmit) {
  std::mt19937_64 random(3);
  WriteLimiter one(kMebibyte);
  WriteLimiter many(kMebibyte);
  ServiceTime now = kStart;
  for (int i = 0; i < 2'000; ++i) {
    now += Millis(random() % 1'200);
    const auto bytes = static_cast<std::int64_t>(random() % 5'000);
    const auto count = static_cast<int>(random() % 1'500);
    many.refill(now);
    ASSERT_EQ(many.admit_some(count, bytes), fill(one, now, bytes, count)) << i;
  }
}

TEST(WriteLimiter, TakesAMebibyteInOneMomentAndNoMore) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, kMebibyte / 4), 4);
  EXPECT_EQ(fill(limiter, kStart, 1), 0);
}

TEST(WriteLimiter, OneRecordOfExactlyAMebibyteFitsAndOneByteMoreNever) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, kMebibyte + 1, 1), 0);
  EXPECT_EQ(fill(limiter, kStart + Seconds(3'600), kMebibyte + 1, 1), 0);
  EXPECT_EQ(fill(limiter, kStart, kMebibyte, 1), 1);
}

TEST(WriteLimiter, EarnsOneRecordEachMillisecond) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 1), 1'000);
  EXPECT_EQ(fill(limiter, kStart + Millis(1), 1), 1);
  EXPECT_EQ(fill(limiter, kStart + Millis(251), 1), 250);
}

TEST(WriteLimiter, IsFullAgainAfterASecondAndNeverMoreThanFull) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 1), 1'000);
  EXPECT_EQ(fill(limiter, kStart + Seconds(1), 1), 1'000);
  EXPECT_EQ(fill(limiter, kStart + Seconds(86'400), 1), 1'000);
}

TEST(WriteLimiter, ARefusedRecordCostsNothing) {
  WriteLimiter limiter(kMebibyte);
  limiter.refill(kStart);
  EXPECT_TRUE(limiter.admit(kMebibyte - 100));
  for (int i = 0; i < 2'000; ++i) EXPECT_FALSE(limiter.admit(101));
  EXPECT_TRUE(limiter.admit(100));
}

TEST(WriteLimiter, ARefusedRecordDoesNotStopASmallerOneBehindIt) {
  WriteLimiter limiter(kMebibyte);
  limiter.refill(kStart);
  EXPECT_TRUE(limiter.admit(kMebibyte - 10));
  EXPECT_FALSE(limiter.admit(11));
  EXPECT_TRUE(limiter.admit(10));
}

TEST(WriteLimiter, AClockThatStandsOrGoesBackEarnsNothing) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 1), 1'000);
  EXPECT_EQ(fill(limiter, kStart, 1), 0);
  EXPECT_EQ(fill(limiter, kStart - Seconds(60), 1), 0);
  EXPECT_EQ(fill(limiter, kStart + Millis(5), 1), 5) << "time spent going back is not earned twice";
}

TEST(WriteLimiter, AStreamOfLargeRecordsMayBurstOneOfThemAndPaysItOff) {
  WriteLimiter limiter(10 * kMebibyte);
  limiter.refill(kStart);
  EXPECT_TRUE(limiter.admit(10 * kMebibyte));
  EXPECT_FALSE(limiter.admit(1));
  EXPECT_EQ(fill(limiter, kStart + Seconds(1), kMebibyte), 1) << "a mebibyte a second all the same";
}

/// Law: whatever happens, in no interval more is taken than a full bucket and what it earned.
TEST(WriteLimiter, NoIntervalTakesMoreThanABucketAndItsEarnings) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    WriteLimiter limiter(kMebibyte);
    struct Taken {
      std::int64_t ms;
      std::int64_t bytes;
    };
    std::vector<Taken> taken;
    std::int64_t now = 0;
    const std::int64_t largest = random() % 2 == 0 ? 2'000 : 200'000;
    for (int call = 0; call < 300; ++call) {
      now += random() % 3 == 0 ? static_cast<std::int64_t>(random() % 700) : 0;
      limiter.refill(kStart + Millis(now));
      for (std::uint64_t i = 0; i < random() % 500; ++i) {
        const auto bytes =
            static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(largest));
        if (limiter.admit(bytes)) taken.push_back({now, bytes});
      }
    }
    ASSERT_GT(taken.size(), 300u);
    for (std::size_t from = 0; from < taken.size(); from += 31) {
      std::int64_t records = 0;
      std::int64_t bytes = 0;
      for (std::size_t i = from; i < taken.size(); ++i) {
        const std::int64_t elapsed = taken[i].ms - taken[from].ms;
        records += 1;
        bytes += taken[i].bytes;
        ASSERT_LE(records, 1'000 + elapsed) << "seed " << seed;
        ASSERT_LE(bytes, kMebibyte + elapsed * kMebibyte / 1'000 + 1) << "seed " << seed;
      }
    }
  }
}

/// Law: a producer that stays below the limits at an even pace is never refused.
TEST(WriteLimiter, AnEvenThousandASecondIsNeverRefused) {
  WriteLimiter limiter(kMebibyte);
  for (int ms = 0; ms < 60'000; ++ms) {
    limiter.refill(kStart + Millis(ms));
    ASSERT_TRUE(limiter.admit(1'048)) << "at " << ms << " ms";
  }
}

TEST(WriteLimiter, SixtySecondsOfDemandGetSixtySecondsOfRoom) {
  WriteLimiter limiter(kMebibyte);
  std::int64_t admitted = 0;
  for (int ms = 0; ms <= 60'000; ms += 10) admitted += fill(limiter, kStart + Millis(ms), 1, 100);
  EXPECT_GE(admitted, 60'000);
  EXPECT_LE(admitted, 61'000);
}

TEST(ReadLimiter, GivesFiveReadsInOneMoment) {
  ReadLimiter limiter;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.admit(kStart));
  EXPECT_FALSE(limiter.admit(kStart));
  EXPECT_FALSE(limiter.admit(kStart + Millis(199)));
  EXPECT_TRUE(limiter.admit(kStart + Millis(200)));
  EXPECT_FALSE(limiter.admit(kStart + Millis(200)));
}

TEST(ReadLimiter, ARefusedReadCostsNothing) {
  ReadLimiter limiter;
  for (int i = 0; i < 5; ++i) limiter.admit(kStart);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limiter.admit(kStart + Millis(100)));
  EXPECT_TRUE(limiter.admit(kStart + Millis(200)));
}

// Kinesis: "if a call returns 10 MiB, subsequent calls made within the next 5 seconds throw".
TEST(ReadLimiter, APageOfTenMebibytesClosesTheShardForFiveSeconds) {
  ReadLimiter limiter;
  ASSERT_TRUE(limiter.admit(kStart));
  limiter.returned(10 * kMebibyte);
  EXPECT_FALSE(limiter.admit(kStart + Millis(4'999)));
  EXPECT_FALSE(limiter.admit(kStart + Millis(5'000)));
  EXPECT_TRUE(limiter.admit(kStart + Millis(5'001)));
}

TEST(ReadLimiter, LargePagesAreGivenAtTheSameRateAsSmallOnes) {
  ReadLimiter limiter;
  std::int64_t returned = 0;
  for (int ms = 0; ms <= 60'000; ms += 50) {
    if (!limiter.admit(kStart + Millis(ms))) continue;
    limiter.returned(6 * kMebibyte);
    returned += 6 * kMebibyte;
  }
  EXPECT_LE(returned, (2 * 60 + 6) * kMebibyte);
  EXPECT_GE(returned, (2 * 60 - 6) * kMebibyte);
}

TEST(Limiters, ALimitOfZeroIsNone) {
  const ShardLimits none = ShardLimits::none();
  WriteLimiter write(kMebibyte, none);
  ReadLimiter read(none);
  IteratorLimiter iterators(none);
  EXPECT_EQ(fill(write, kStart, 10 * kMebibyte), 5'000);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(read.admit(kStart));
    read.returned(10 * kMebibyte);
    ASSERT_TRUE(iterators.admit(kStart));
  }
}

TEST(Limiters, EachLimitHoldsByItself) {
  WriteLimiter records(kMebibyte, {.write_records = 3, .write_bytes = 0});
  EXPECT_EQ(fill(records, kStart, 10 * kMebibyte), 3);
  WriteLimiter bytes(kMebibyte, {.write_records = 0, .write_bytes = 10 * kMebibyte});
  EXPECT_EQ(fill(bytes, kStart, 1'024), 5'000);
  EXPECT_EQ(fill(bytes, kStart, 6 * kMebibyte, 1), 0);
  ReadLimiter calls({.read_calls = 2, .read_bytes = 0});
  calls.returned(100 * kMebibyte);
  EXPECT_TRUE(calls.admit(kStart));
  EXPECT_TRUE(calls.admit(kStart));
  EXPECT_FALSE(calls.admit(kStart));
}

TEST(Limiters, LimitsThatChangeHoldFromThenOn) {
  ReadLimiter read;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(read.admit(kStart));
  ASSERT_FALSE(read.admit(kStart));
  read.set(ShardLimits::none());
  EXPECT_TRUE(read.admit(kStart));
  read.set({.read_calls = 2});
  EXPECT_TRUE(read.admit(kStart + Millis(1)));
  EXPECT_TRUE(read.admit(kStart + Millis(1)));
  EXPECT_FALSE(read.admit(kStart + Millis(1)));
}

TEST(ReadLimiter, SmallPagesAreLimitedByTheirBytesToo) {
  ReadLimiter limiter;
  ASSERT_TRUE(limiter.admit(kStart));
  limiter.returned(2 * kMebibyte);
  EXPECT_FALSE(limiter.admit(kStart)) << "2 MiB are spent";
  EXPECT_TRUE(limiter.admit(kStart + Millis(1))) << "the debt is paid with the first byte earned";
}

TEST(ReadLimiter, TwoMebibytesASecondOverAMinute) {
  ReadLimiter limiter;
  std::int64_t returned = 0;
  for (int ms = 0; ms <= 60'000; ms += 50) {
    if (!limiter.admit(kStart + Millis(ms))) continue;
    limiter.returned(kMebibyte);
    returned += kMebibyte;
  }
  EXPECT_LE(returned, (2 * 60 + 2 + 1) * kMebibyte);
  EXPECT_GE(returned, 2 * 60 * kMebibyte);
}

TEST(IteratorLimiter, GivesFiveASecond) {
  IteratorLimiter limiter;
  int given = 0;
  for (int i = 0; i < 20; ++i) given += limiter.admit(kStart) ? 1 : 0;
  EXPECT_EQ(given, 5);
  EXPECT_TRUE(limiter.admit(kStart + Millis(200)));
  given = 0;
  for (int i = 0; i < 20; ++i) given += limiter.admit(kStart + Seconds(10)) ? 1 : 0;
  EXPECT_EQ(given, 5);
}

TEST(Bucket, ALongPauseDoesNotOverflow) {
  Bucket bucket(2 * kMebibyte, 2 * kMebibyte);
  bucket.spend(2 * kMebibyte);
  bucket.refill(ServiceTime{Millis{std::numeric_limits<std::int64_t>::max() / 2}});
  EXPECT_TRUE(bucket.has(2 * kMebibyte));
  EXPECT_FALSE(bucket.has(2 * kMebibyte + 1));
}

TEST(Bucket, ADeepDebtIsPaidOffAtTheRate) {
  Bucket bucket(10, 10);
  bucket.refill(kStart);
  bucket.spend(110);
  EXPECT_TRUE(bucket.in_debt());
  bucket.refill(kStart + Seconds(10));
  EXPECT_TRUE(bucket.in_debt()) << "exactly nothing left is still no room";
  bucket.refill(kStart + Seconds(10) + Millis(100));
  EXPECT_TRUE(bucket.has(1));
  EXPECT_FALSE(bucket.has(2));
}

TEST(WriteLimiter, ALargerRecordIsAllowedWhileItRuns) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 10 * kMebibyte, 1), 0);
  limiter.set({}, 10 * kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 10 * kMebibyte, 1), 1) << "a shard that was idle has all of it";
  EXPECT_EQ(fill(limiter, kStart + Seconds(9), 10 * kMebibyte, 1), 0);
  EXPECT_EQ(fill(limiter, kStart + Seconds(10), 10 * kMebibyte, 1), 1);
  limiter.set({}, kMebibyte);
  EXPECT_EQ(fill(limiter, kStart + Seconds(60), kMebibyte + 1, 1), 0);
  EXPECT_EQ(fill(limiter, kStart + Seconds(60), kMebibyte, 1), 1);
}

TEST(WriteLimiter, WhatIsSpentStaysSpentWhenTheLimitGrows) {
  WriteLimiter limiter(kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, kMebibyte, 1), 1);
  limiter.set({}, 10 * kMebibyte);
  EXPECT_EQ(fill(limiter, kStart, 10 * kMebibyte, 1), 0);
  EXPECT_EQ(fill(limiter, kStart, 9 * kMebibyte, 1), 1)
      << "what it may burst more is there at once";
  EXPECT_EQ(fill(limiter, kStart, 1, 1), 0);
  limiter.set({}, kMebibyte);
  EXPECT_EQ(fill(limiter, kStart + Millis(100), kMebibyte, 1), 0) << "less gives nothing back";
}

}  // namespace
}  // namespace penstock::stream
