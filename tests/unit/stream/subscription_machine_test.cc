#include "stream/subscription_machine.h"

#include "stream/errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace penstock::stream {
namespace {

using Machine = SubscriptionMachine;
constexpr std::int64_t kRate = 2 * kMebibyte;
constexpr std::int64_t kUnlimited = 0;
using Outcome = Machine::Outcome;

constexpr std::int64_t kStartMs = 1'790'000'000'000;

/// A machine, a shard whose records have one size, and a clock that only moves when it waits.
struct Stand {
  explicit Stand(std::int64_t rate = kRate, std::uint64_t from = 1)
      : machine({from}, now(), rate) {}

  Machine::Now now() const { return {service_time(kStartMs + ms), SteadyTime{Millis(ms)}}; }
  /// One step in words: "read 5", "wait 4000" (from now), "beat", "end", the text of a failure.
  std::string step() {
    const Machine::Step step = machine.next(now());
    if (const auto* read = std::get_if<Machine::Read>(&step)) {
      limits = read->limits;
      return "read " + std::to_string(read->from.index);
    }
    if (const auto* wait = std::get_if<Machine::Wait>(&step)) {
      return "wait " + std::to_string((wait->until - now().steady) / Millis(1));
    }
    if (std::holds_alternative<Machine::Beat>(step)) return "beat";
    if (const auto* fail = std::get_if<Machine::Fail>(&step)) return fail->why.message;
    return "end";
  }
  Outcome found(std::size_t records, std::size_t bytes, bool end = false) {
    return machine.found({.records = records,
                          .bytes = bytes,
                          .next = {machine.position().index + records},
                          .end = end},
                         now());
  }

  std::int64_t ms = 0;
  engine::ReadLimits limits;
  Machine machine;
};

TEST(SubscriptionMachine, AnIdleSubscriptionSpeaksAtOnceAndEveryFiveSeconds) {
  Stand s;
  EXPECT_EQ(s.step(), "read 1");
  EXPECT_EQ(s.found(0, 0), Outcome::kNothing);
  EXPECT_EQ(s.step(), "beat");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(s.step(), "wait 5000");
    s.ms += 5'000;
    EXPECT_EQ(s.step(), "beat");
  }
}

TEST(SubscriptionMachine, ARecordPutsTheNextBeatOff) {
  Stand s;
  s.step();
  s.found(0, 0);
  s.step();
  s.ms += 4'000;
  EXPECT_EQ(s.step(), "wait 1000");
  s.machine.woken();
  EXPECT_EQ(s.step(), "read 1");
  EXPECT_EQ(s.found(3, 300), Outcome::kEvent);
  EXPECT_EQ(s.step(), "read 4") << "there may be more";
  EXPECT_EQ(s.found(0, 0), Outcome::kNothing);
  EXPECT_EQ(s.step(), "wait 5000");
}

TEST(SubscriptionMachine, AWakeDuringAReadIsNotForgotten) {
  Stand s;
  s.step();
  s.found(0, 0);
  s.machine.woken();
  EXPECT_EQ(s.step(), "read 1");
}

TEST(SubscriptionMachine, ItEndsAfterFiveMinutesWhateverHappens) {
  Stand idle;
  while (idle.ms < 300'000) {
    ASSERT_NE(idle.step(), "end") << "after " << idle.ms << " ms";
    idle.found(0, 0);
    idle.ms += 1'000;
  }
  EXPECT_EQ(idle.step(), "end");
  EXPECT_EQ(idle.step(), "end");

  Stand busy(kUnlimited);
  while (busy.ms < 300'000) {
    ASSERT_EQ(busy.step().substr(0, 4), "read") << "after " << busy.ms << " ms";
    busy.found(1, 1'000);
    busy.ms += 1'000;
  }
  EXPECT_EQ(busy.step(), "end");
}

TEST(SubscriptionMachine, AClosedShardEndsWithItsLastEvent) {
  Stand s;
  s.step();
  EXPECT_EQ(s.found(2, 20, true), Outcome::kLastEvent);
  EXPECT_EQ(s.step(), "end");

  Stand empty;
  empty.step();
  EXPECT_EQ(empty.found(0, 0, true), Outcome::kLastEvent) << "also without records";
  EXPECT_EQ(empty.step(), "end");
}

TEST(SubscriptionMachine, AFailureIsSaidOnceThenItEnds) {
  Stand s;
  s.step();
  s.found(5, 50);
  s.machine.fail({StreamErrc::kInUse, "displaced"});
  s.machine.fail({StreamErrc::kNotFound, "deregistered"});
  EXPECT_EQ(s.step(), "displaced") << "the first cause counts";
  EXPECT_EQ(s.step(), "end");

  Stand late;
  late.ms = 400'000;
  late.machine.fail({StreamErrc::kInUse, "displaced"});
  EXPECT_EQ(late.step(), "displaced");
}

/// Reads all of an endless shard for `seconds`, in events as large as they may be.
std::int64_t bytes_given(Stand& s, std::int64_t record_bytes, std::int64_t seconds) {
  std::int64_t given = 0;
  const std::int64_t until = s.ms + seconds * 1'000;
  while (s.ms < until) {
    const std::string step = s.step();
    if (step.starts_with("read")) {
      const std::int64_t fit = static_cast<std::int64_t>(s.limits.bytes_max) / record_bytes;
      const std::int64_t records =
          std::clamp<std::int64_t>(fit, 1, static_cast<std::int64_t>(s.limits.records_max));
      given += records * record_bytes;
      s.found(static_cast<std::size_t>(records), static_cast<std::size_t>(records * record_bytes));
    } else if (step.starts_with("wait")) {
      s.ms += std::max(1, std::stoi(step.substr(5)));
    }
  }
  return given;
}

class PaceOfRecords : public testing::TestWithParam<std::int64_t> {};
TEST_P(PaceOfRecords, IsTwoMebibytesASecondAndTwoAtOnce) {
  Stand s;
  const std::int64_t given = bytes_given(s, GetParam(), 60);
  const std::int64_t largest = std::max<std::int64_t>(GetParam(), 1 << 20);
  EXPECT_LE(given, 62 * 2 * kMebibyte + largest);
  EXPECT_GE(given, 60 * 2 * kMebibyte - largest);
}
TEST(PaceOfSubscription, MayBeSet) {
  for (const std::int64_t rate : {std::int64_t{100'000}, 10 * kMebibyte}) {
    Stand s(rate);
    const std::int64_t given = bytes_given(s, 1'000, 60);
    const std::int64_t burst = std::max(rate, Machine::kTurnBytes) + kMebibyte;
    EXPECT_LE(given, 60 * rate + burst) << rate;
    EXPECT_GE(given, 60 * rate - burst) << rate;
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, PaceOfRecords,
                         testing::Values(100, 1'000, 50'000, kMebibyte, 3 * kMebibyte,
                                         10 * kMebibyte));

TEST(SubscriptionMachine, ALargeRecordFitsAndIsPaidOffWhileBeatsGoOn) {
  Stand s;
  s.step();
  EXPECT_EQ(s.found(1, 10u << 20), Outcome::kEvent);
  std::vector<std::string> steps;
  while (s.ms < 4'500 && (steps.empty() || !steps.back().starts_with("read"))) {
    steps.push_back(s.step());
    if (steps.back().starts_with("wait")) s.ms += std::stoi(steps.back().substr(5));
  }
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.back(), "read 2");
  EXPECT_GE(s.ms, 4'000) << "eight mebibytes of debt at two a second";
}

TEST(SubscriptionMachine, SlowedDownItGivesFewEventsInsteadOfMany) {
  Stand s;
  int reads = 0;
  while (s.ms < 10'000) {
    const std::string step = s.step();
    if (step.starts_with("read")) {
      ++reads;
      s.found(1, s.limits.bytes_max);
    } else {
      s.ms += std::max(1, std::stoi(step.substr(5)));
    }
  }
  EXPECT_LE(reads, 2 + 10 * 8 + 1);
}

TEST(SubscriptionMachine, AnEventIsAboutAMebibyteAtMost) {
  Stand s(kUnlimited);
  s.step();
  EXPECT_EQ(s.limits.bytes_max, std::size_t{1} << 20);
  EXPECT_EQ(s.limits.records_max, 10'000u);
}

TEST(SubscriptionMachine, ShortMemoryIsAskedForAgainAfterAPause) {
  Stand s;
  EXPECT_EQ(s.step(), "read 1");
  s.machine.refused(s.now());
  EXPECT_EQ(s.step(), "beat") << "it says something all the same";
  EXPECT_EQ(s.step(), "wait 100");
  s.ms += 100;
  EXPECT_EQ(s.step(), "read 1");
  EXPECT_EQ(s.found(1, 10), Outcome::kEvent);
  EXPECT_EQ(s.step(), "read 2");
}

TEST(SubscriptionMachine, WhatLeftRetentionIsPassedOver) {
  Stand s;
  s.step();
  EXPECT_EQ(s.machine.found({.next = {77}}, s.now()), Outcome::kNothing);
  EXPECT_EQ(s.machine.position(), engine::Position{77});
  s.machine.woken();
  EXPECT_EQ(s.step(), "read 77");
}

}  // namespace
}  // namespace penstock::stream
