#include "mapping/lane.h"

#include "unit/mapping/lane_probe.h"

#include <gtest/gtest.h>

namespace penstock::mapping {
namespace {

using test::LaneProbe;
using Stored = std::vector<StoredBatch>;

constexpr Millis kSecond{1'000};

// --- Forming batches -----------------------------------------------------------------------------

TEST(LaneBatch, HasAtMostItsSizeAndNothingIsBegunBesideIt) {
  LaneProbe lane({.batch_size = 3});
  EXPECT_EQ(lane.decide(), "nothing");
  lane.put(7);
  EXPECT_EQ(lane.decide(), "invoke 1-3");
  EXPECT_EQ(lane.decide(), "nothing") << "one invocation at a time";
  EXPECT_EQ(lane.succeed(), "1-3");
  EXPECT_EQ(lane.decide(), "invoke 4-6");
  EXPECT_EQ(lane.succeed(), "4-6");
  EXPECT_EQ(lane.decide(), "invoke 7") << "without a window nothing is waited for";
  EXPECT_EQ(lane.succeed(), "7");
  EXPECT_TRUE(lane.lane().empty());
  EXPECT_EQ(lane.lane().bytes(), 0u);
}

TEST(LaneBatch, AFailedBatchIsNotFilledUpWithNewRecords) {
  LaneProbe lane({.batch_size = 10});
  lane.put(2);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1-2");
  lane.put(2);
  lane.pass(Millis{500});
  EXPECT_EQ(lane.decide(), "invoke 1-2");
}

TEST(LaneBatch, AnEventOfExactlySixMebibytesGoesAsOneAndOneByteMoreAsTwo) {
  const std::size_t half = (kEventBytesMax - kEventFrameBytes) / 2;
  LaneProbe exact;
  exact.put(2, half);
  EXPECT_EQ(exact.decide(), "invoke 1-2");

  LaneProbe above;
  above.put(1, half).put(1, half + 1).put(1);
  EXPECT_EQ(above.decide(), "invoke 1");
  above.succeed();
  EXPECT_EQ(above.decide(), "invoke 2-3");
}

TEST(LaneBatch, ARecordThatExceedsAnEventAloneIsGivenUpWithoutAnInvocation) {
  LaneProbe lane;
  lane.put(1).put(1, kEventBytesMax - kEventFrameBytes).put(1, kEventBytesMax).put(1);
  EXPECT_EQ(lane.decide(), "invoke 1");
  lane.succeed();
  EXPECT_EQ(lane.decide(), "invoke 2") << "it fits to the byte";
  lane.succeed();
  EXPECT_EQ(lane.decide(), "give up 3 by too_large after 1");
  EXPECT_EQ(lane.settle(), "3");
  EXPECT_EQ(lane.decide(), "invoke 4");
}

// --- Windows -------------------------------------------------------------------------------------

TEST(LaneWindow, StartsWhenTheInvocationBeforeEndedAndEndsEarlyWhenTheBatchIsFull) {
  LaneProbe lane({.batch_size = 3, .window = 10 * kSecond});
  lane.pass(4 * kSecond);
  lane.put(1);
  EXPECT_EQ(lane.decide(), "wait 6000") << "counted from the lane's start";
  lane.pass(5 * kSecond);
  lane.put(1);
  EXPECT_EQ(lane.decide(), "wait 1000");
  lane.put(2);
  EXPECT_EQ(lane.decide(), "invoke 1-3") << "full before the window's end";
  lane.pass(20 * kSecond);
  lane.succeed();
  EXPECT_EQ(lane.decide(), "wait 10000") << "counted from the end of the invocation";
  lane.pass(10 * kSecond);
  EXPECT_EQ(lane.decide(), "invoke 4");
}

TEST(LaneWindow, OneThatEndsEmptyIsFollowedByTheNext) {
  LaneProbe lane({.window = 10 * kSecond});
  lane.pass(34 * kSecond);
  lane.put(1);
  EXPECT_EQ(lane.decide(), "wait 6000");
}

TEST(LaneWindow, IsNotWaitedForWhenThePayloadIsFullOrTheShardEnds) {
  LaneProbe full({.window = 10 * kSecond});
  full.put(2, kEventBytesMax / 2 + 1);
  EXPECT_EQ(full.decide(), "invoke 1");

  LaneProbe ending({.window = 10 * kSecond});
  ending.put(2);
  EXPECT_EQ(ending.decide(), "wait 10000");
  ending.read(true);
  EXPECT_EQ(ending.decide(), "invoke 1-2");
}

TEST(LaneWindow, IsLeftForARecordWhoseAgeEndsInsideIt) {
  LaneProbe lane({.window = 300 * kSecond, .max_age = 60 * kSecond});
  lane.put_aged(10 * kSecond);
  EXPECT_EQ(lane.decide(), "wait 50001");
  lane.pass(Millis{50'001});
  EXPECT_EQ(lane.decide(), "give up 1 by age after 1");
}

// --- Retries -------------------------------------------------------------------------------------

TEST(LaneRetry, ThePauseDoublesFromHalfASecondToAMinute) {
  LaneProbe lane;
  lane.put(1);
  lane.decide();
  for (const int pause : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
    EXPECT_EQ(lane.fail(), "none");
    EXPECT_EQ(lane.decide(), "wait " + std::to_string(pause));
    lane.pass(Millis{pause - 1});
    EXPECT_EQ(lane.decide(), "wait 1");
    lane.pass(Millis{1});
    EXPECT_EQ(lane.decide(), "invoke 1");
  }
}

TEST(LaneRetry, ABatchIsInvokedOnceMoreThanItsRetriesThenGivenUpWhole) {
  for (const std::uint32_t retries : {0u, 1u, 2u, 5u}) {
    LaneProbe lane({.batch_size = 3, .max_retries = retries, .retry_pause = Millis{0}});
    lane.put(4);
    for (std::uint32_t attempt = 0; attempt <= retries; ++attempt) {
      ASSERT_EQ(lane.decide_and_fail(), "invoke 1-3") << retries << " retries, " << attempt;
    }
    EXPECT_EQ(lane.decide(), "give up 1-3 by retries after " + std::to_string(retries + 1));
    EXPECT_EQ(lane.decide(), "nothing") << "until the destination has answered";
    EXPECT_EQ(lane.settle(), "1-3");
    EXPECT_EQ(lane.decide(), "invoke 4") << "with attempts of its own";
  }
}

TEST(LaneRetry, WithoutALimitItGoesOnUntilTheRecordLeavesTheStream) {
  LaneProbe lane({.retention = 24 * 3'600 * kSecond,
                  .retry_pause = 3'600 * kSecond,
                  .retry_pause_max = 3'600 * kSecond});
  lane.put(1);
  for (int hour = 0; hour <= 24; ++hour) {
    ASSERT_EQ(lane.decide_and_fail(), "invoke 1") << hour;
    if (hour < 24) lane.pass(3'600 * kSecond);
  }
  EXPECT_EQ(lane.decide(), "wait 1") << "retention ends the pause";
  lane.pass(Millis{1});
  EXPECT_EQ(lane.decide(), "expired 1");
  EXPECT_EQ(lane.settle(), "1");
  EXPECT_TRUE(lane.lane().empty());
}

TEST(LaneRetry, AThrottleIsNoAttemptAndPausesOnItsOwnCount) {
  LaneProbe lane({.max_retries = 1});
  lane.put(1);
  lane.decide();
  for (const char* pause : {"wait 500", "wait 1000", "wait 2000"}) {
    EXPECT_EQ(lane.throttle(), "none");
    EXPECT_EQ(lane.decide(), pause);
    lane.pass(Millis{2'000});
    ASSERT_EQ(lane.decide(), "invoke 1");
  }
  lane.fail();
  EXPECT_EQ(lane.decide(), "wait 500") << "the first attempt";
  lane.pass(Millis{500});
  ASSERT_EQ(lane.decide(), "invoke 1");
  lane.throttle();
  EXPECT_EQ(lane.decide(), "wait 500") << "the count of throttles was reset by the invocation";
  lane.pass(Millis{500});
  ASSERT_EQ(lane.decide_and_fail(), "invoke 1");
  EXPECT_EQ(lane.decide(), "give up 1 by retries after 2");
}

// --- Age and retention ---------------------------------------------------------------------------

TEST(LaneAge, OnlyThePrefixThatIsTooOldIsCutOff) {
  LaneProbe lane({.max_age = 60 * kSecond});
  lane.put_aged(60 * kSecond + Millis{1}).put_aged(60 * kSecond).put(3);
  EXPECT_EQ(lane.decide(), "give up 1 by age after 1") << "never invoked, and yet it counts 1";
  EXPECT_EQ(lane.settle(), "1");
  EXPECT_EQ(lane.decide(), "invoke 2-5") << "at the limit is not above it";
}

TEST(LaneAge, EndsThePauseBetweenAttemptsAndCountsThem) {
  LaneProbe lane({.max_age = 60 * kSecond, .retry_pause = 50 * kSecond});
  lane.put(1);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1");
  lane.pass(50 * kSecond);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1");
  EXPECT_EQ(lane.decide(), "wait 10001");
  lane.pass(Millis{10'001});
  EXPECT_EQ(lane.decide(), "give up 1 by age after 3");
}

TEST(LaneAge, IsLookedAtBeforeTheAttempts) {
  LaneProbe lane({.max_age = 60 * kSecond, .max_retries = 0});
  lane.put(2);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1-2");
  lane.pass(61 * kSecond);
  EXPECT_EQ(lane.decide(), "give up 1-2 by age after 2");
}

TEST(LaneAge, IsLookedAtDuringThrottles) {
  LaneProbe lane({.max_age = 60 * kSecond, .max_retries = 0});
  lane.put(1);
  lane.decide();
  lane.throttle();
  lane.pass(60 * kSecond);
  ASSERT_EQ(lane.decide(), "invoke 1") << "still young enough";
  lane.throttle();
  EXPECT_EQ(lane.decide(), "wait 1") << "age ends the pause";
  lane.pass(Millis{1});
  EXPECT_EQ(lane.decide(), "give up 1 by age after 1");
}

TEST(LaneRetention, WhatHasLeftTheStreamIsNotToldToAnybody) {
  LaneProbe lane({.max_age = 60 * kSecond, .max_retries = 0, .retention = 3'600 * kSecond});
  lane.put(1);
  lane.pass(3'600 * kSecond);
  lane.put(1);
  lane.pass(Millis{1});
  EXPECT_EQ(lane.decide(), "expired 1") << "before its age is looked at";
  EXPECT_EQ(lane.settle(), "1");
  EXPECT_EQ(lane.decide(), "invoke 2");
}

TEST(LaneRetention, ALongerOneKeepsWhatWouldHaveExpired) {
  LaneProbe lane({.retention = 3'600 * kSecond});
  lane.put(1);
  lane.pass(3'601 * kSecond);
  lane.lane().change_retention(7'200 * kSecond);
  EXPECT_EQ(lane.decide(), "invoke 1");
}

// --- Bisect --------------------------------------------------------------------------------------

/// Runs a lane whose function fails on the record `poison`, and nothing else; what was invoked.
std::vector<std::string> history_with_poison(LaneProbe& lane, std::uint64_t poison) {
  std::vector<std::string> history;
  for (int step = 0; step < 100; ++step) {
    const std::string said = lane.decide();
    if (said == "nothing") break;
    history.push_back(said);
    if (said.starts_with("invoke")) {
      const auto batch = lane.lane().batch();
      const bool has_poison = std::any_of(
          batch.begin(), batch.end(), [&](const Item& item) { return item.at().index == poison; });
      has_poison ? lane.fail() : lane.succeed();
    } else if (said.starts_with("wait")) {
      lane.pass(Millis{std::stoll(said.substr(5))});
    } else {
      lane.settle();
    }
  }
  return history;
}

TEST(LaneBisect, IsolatesThePoisonAndDeliversEverythingElseInOrder) {
  LaneProbe lane({.batch_size = 8, .max_retries = 0, .bisect = true});
  lane.put(8);
  EXPECT_EQ(
      history_with_poison(lane, 6),
      (std::vector<std::string>{"invoke 1-8", "invoke 1-4", "invoke 5-8", "invoke 5-6", "invoke 5",
                                "invoke 6", "give up 6 by retries after 1", "invoke 7-8"}))
      << "a half that fails is split again, at once, not the whole; splits are no attempts";
}

TEST(LaneBisect, TheRecordThatIsLeftHasAllItsRetries) {
  LaneProbe lane({.batch_size = 2, .max_retries = 2, .bisect = true});
  lane.put(2);
  EXPECT_EQ(history_with_poison(lane, 1),
            (std::vector<std::string>{"invoke 1-2", "invoke 1", "wait 500", "invoke 1", "wait 1000",
                                      "invoke 1", "give up 1 by retries after 3", "invoke 2"}));
}

TEST(LaneBisect, AnOddBatchGivesTheSmallerHalfFirst) {
  LaneProbe lane({.bisect = true});
  lane.put(3);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1-3");
  EXPECT_EQ(lane.decide(), "invoke 1");
  lane.succeed();
  EXPECT_EQ(lane.decide(), "invoke 2-3");
}

TEST(LaneBisect, AThrottleDoesNotSplit) {
  LaneProbe lane({.bisect = true});
  lane.put(4);
  lane.decide();
  lane.throttle();
  EXPECT_EQ(lane.decide(), "wait 500");
  lane.pass(Millis{500});
  EXPECT_EQ(lane.decide(), "invoke 1-4");
}

TEST(LaneBisect, APartialFailureSplitsWhereTheFunctionSays) {
  LaneProbe lane({.batch_size = 8, .max_retries = 0, .bisect = true});
  lane.put(8);
  lane.decide();
  EXPECT_EQ(lane.fail_from(4), "1-4");
  EXPECT_EQ(lane.decide(), "invoke 5-8");
  EXPECT_EQ(lane.fail_from(0), "none");
  EXPECT_EQ(lane.decide(), "invoke 5-6") << "no progress: as any failure";
}

TEST(LaneBisect, OffAPoisonedBatchGoesAsAWhole) {
  LaneProbe lane({.batch_size = 4, .max_retries = 1, .retry_pause = Millis{0}});
  lane.put(5);
  EXPECT_EQ(history_with_poison(lane, 3),
            (std::vector<std::string>{"invoke 1-4", "invoke 1-4", "give up 1-4 by retries after 2",
                                      "invoke 5"}));
}

TEST(LaneBisect, AgeCutsThePrefixOfAHalf) {
  LaneProbe lane({.max_age = 60 * kSecond, .bisect = true});
  lane.put(1);
  lane.pass(30 * kSecond);
  lane.put(3);
  EXPECT_EQ(lane.decide_and_fail(), "invoke 1-4");
  lane.pass(31 * kSecond);
  EXPECT_EQ(lane.decide(), "give up 1 by age after 1") << "of the first half, which starts afresh";
  lane.settle();
  EXPECT_EQ(lane.decide_and_fail(), "invoke 2");
  lane.pass(30 * kSecond);
  EXPECT_EQ(lane.decide(), "give up 2 by age after 2");
  EXPECT_EQ(lane.settle(), "2") << "the first half is gone";
  EXPECT_EQ(lane.decide(), "give up 3-4 by age after 1");
}

// --- Partial failures ----------------------------------------------------------------------------

TEST(LanePartialFailure, ProgressStartsTheAttemptsAfreshAtOnce) {
  LaneProbe lane({.batch_size = 3, .max_retries = 3, .retry_pause = Millis{0}});
  lane.put(3);
  EXPECT_EQ(lane.decide(), "invoke 1-3");
  EXPECT_EQ(lane.fail_from(2), "1-2");
  for (int attempt = 0; attempt < 4; ++attempt) {
    EXPECT_EQ(lane.decide(), "invoke 3") << attempt;
    EXPECT_EQ(lane.fail_from(0), "none");
  }
  EXPECT_EQ(lane.decide(), "give up 3 by retries after 4") << "the partial one does not count";
  EXPECT_FALSE(lane.lane().last()->function_error) << "null in the failure record";
}

TEST(LanePartialFailure, TheRestIsNotFilledUpAndKeepsItsOrder) {
  LaneProbe lane({.batch_size = 4});
  lane.put(6);
  lane.decide();
  EXPECT_EQ(lane.fail_from(1), "1");
  EXPECT_EQ(lane.decide(), "invoke 2-4");
  EXPECT_EQ(lane.succeed(), "2-4");
  EXPECT_EQ(lane.decide(), "invoke 5-6");
}

TEST(LanePartialFailure, WithoutProgressIsAnAttempt) {
  LaneProbe lane({.max_retries = 1});
  lane.put(2);
  lane.decide();
  lane.fail_from(0);
  EXPECT_EQ(lane.decide(), "wait 500");
  lane.pass(Millis{500});
  lane.decide();
  lane.fail_from(0);
  EXPECT_EQ(lane.decide(), "give up 1-2 by retries after 2");
}

// --- Restarts ------------------------------------------------------------------------------------

TEST(LaneRestart, AttemptsAreNotForgotten) {
  LaneProbe lane({.batch_size = 2, .max_retries = 2, .retry_pause = Millis{0}});
  lane.put(3);
  lane.decide_and_fail();
  lane.decide_and_fail();
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 2, .attempts = 2}}));
  LaneProbe again = lane.restarted();
  again.put(1);
  EXPECT_EQ(again.decide(), "nothing") << "the batch has not been read to its end";
  EXPECT_TRUE(again.lane().awaits_records());
  again.put(2);
  EXPECT_FALSE(again.lane().awaits_records());
  EXPECT_EQ(again.decide_and_fail(), "invoke 1-2") << "the batch, though more has come";
  EXPECT_EQ(again.decide(), "give up 1-2 by retries after 3");
  again.settle();
  EXPECT_EQ(again.decide(), "invoke 3");
}

TEST(LaneRestart, OneInterruptionIsForgivenTheNextOnesAreAttempts) {
  LaneProbe lane({.max_retries = 1});
  lane.put(1);
  EXPECT_EQ(lane.decide(), "invoke 1");
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 1, .interrupted = 1}}))
      << "stored before the invocation";
  LaneProbe second = lane.restarted();
  second.put(1);
  EXPECT_EQ(second.decide(), "invoke 1");
  LaneProbe third = second.restarted();
  third.put(1);
  EXPECT_EQ(third.decide(), "invoke 1") << "one attempt is counted, one retry is allowed";
  EXPECT_EQ(third.lane().stored(), (Stored{{.first = 1, .last = 1, .interrupted = 3}}));
  LaneProbe fourth = third.restarted();
  fourth.put(1);
  EXPECT_EQ(fourth.decide(), "give up 1 by retries after 1");
}

TEST(LaneRestart, AFailureThatWasSeenIsNoInterruption) {
  LaneProbe lane({.max_retries = 1, .retry_pause = Millis{0}});
  lane.put(1);
  lane.decide_and_fail();
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 1, .attempts = 1}}));
}

TEST(LaneRestart, SplitsAreNotForgotten) {
  LaneProbe lane({.batch_size = 8, .max_retries = 0, .bisect = true});
  lane.put(8);
  lane.decide_and_fail();
  lane.decide_and_fail();
  ASSERT_EQ(lane.decide(), "invoke 1-2");
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 2, .interrupted = 1},
                                          {.first = 3, .last = 4},
                                          {.first = 5, .last = 8}}));
  LaneProbe again = lane.restarted();
  again.put(9);
  EXPECT_EQ(history_with_poison(again, 6),
            (std::vector<std::string>{"invoke 1-2", "invoke 3-4", "invoke 5-8", "invoke 5-6",
                                      "invoke 5", "invoke 6", "give up 6 by retries after 1",
                                      "invoke 7-8", "invoke 9"}));
}

TEST(LaneRestart, WhatIsNotReachedAgainStaysStored) {
  LaneProbe lane({}, {{.first = 1, .last = 2, .attempts = 1}, {.first = 3, .last = 5}});
  lane.put(2);
  lane.decide();
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 2, .attempts = 1, .interrupted = 1},
                                          {.first = 3, .last = 5}}));
}

TEST(LaneRestart, ABatchThatHasLeftTheStreamIsForgotten) {
  LaneProbe lane({}, {{.first = 1, .last = 2, .attempts = 5}});
  lane.read_to(3);
  EXPECT_EQ(lane.decide(), "nothing");
  lane.put(1);
  EXPECT_EQ(lane.decide(), "invoke 3");
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 3, .last = 3, .interrupted = 1}}));
}

TEST(LaneRestart, RecordsBeforeTheStoredBatchAreNoPartOfIt) {
  // Another lane held the checkpoint back at 1; 2 and 4 had succeeded here.
  LaneProbe lane({.batch_size = 2}, {{.first = 6, .last = 8, .attempts = 1}});
  lane.put_only({2, 4});
  EXPECT_EQ(lane.decide(), "invoke 2,4");
  lane.put_only({6, 8, 9});
  lane.succeed();
  EXPECT_EQ(lane.decide(), "invoke 6,8");
  EXPECT_EQ(lane.lane().stored(),
            (Stored{{.first = 6, .last = 8, .attempts = 1, .interrupted = 1}}));
}

TEST(LaneRestart, AStoredBatchThatGrewGoesInPiecesThatFit) {
  // Filters that let more through now, or a smaller batch size.
  LaneProbe lane({.batch_size = 2, .max_retries = 2}, {{.first = 1, .last = 5, .attempts = 1}});
  lane.put(5);
  EXPECT_EQ(lane.decide(), "invoke 1-2");
  EXPECT_EQ(lane.lane().stored(), (Stored{{.first = 1, .last = 2, .attempts = 1, .interrupted = 1},
                                          {.first = 3, .last = 5, .attempts = 1}}));
  lane.succeed();
  EXPECT_EQ(lane.decide(), "invoke 3-4");
  lane.succeed();
  EXPECT_EQ(lane.decide(), "invoke 5");

  LaneProbe large({}, {{.first = 1, .last = 2}});
  large.put(2, kEventBytesMax / 2 + 1);
  EXPECT_EQ(large.decide(), "invoke 1");
}

TEST(LaneRestart, PausesStartOverAndAgeDoesNot) {
  LaneProbe lane({.max_age = 60 * kSecond}, {{.first = 1, .last = 2, .attempts = 4}});
  lane.put_aged(61 * kSecond).put(1);
  EXPECT_EQ(lane.decide(), "give up 1 by age after 5");
  lane.settle();
  EXPECT_EQ(lane.decide(), "invoke 2");
}

}  // namespace
}  // namespace penstock::mapping
