#include "mapping/shard_work.h"

#include "unit/mapping/lane_probe.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace penstock::mapping {
namespace {

using ledger::Fate;
using test::positions;
using Step = Lane::Step;

const ServiceTime kNow = service_time((test::kCreated + 60) * 1'000);
constexpr bool kPasses = true;

ShardState at_start() {
  ShardState state;
  state.checkpoint = {1};
  return state;
}

/// The keys outlive every item.
const std::string& key_of(std::uint64_t number) {
  static std::map<std::uint64_t, std::string> keys;
  return keys.try_emplace(number, "key-" + std::to_string(number)).first->second;
}

Item item(std::uint64_t at, std::string_view key = "k", std::size_t event_bytes = 400) {
  Item made = test::item_at(at, "data", key);
  made.arrival = kNow;
  made.event_bytes = event_bytes;
  return made;
}

/// Records 1..count, each with a key of its own.
void fill(ShardWork& work, std::uint64_t count) {
  while (work.next().index <= count)
    work.take(item(work.next().index, key_of(work.next().index)), kPasses, kNow);
  work.read_to({count + 1}, false);
}

std::set<std::uint64_t> indices(std::span<const Item> items) {
  std::set<std::uint64_t> out;
  for (const Item& one : items) out.insert(one.at().index);
  return out;
}

TEST(ShardWork, AKeyAlwaysGoesToOneLaneAndTheLanesOvertakeEachOther) {
  ShardWork work({.batch_size = 100}, 3, kNow, at_start());
  for (std::uint64_t at = 1; at <= 60; ++at) work.take(item(at, key_of(at % 12)), kPasses, kNow);
  work.read_to({61}, false);
  std::map<std::uint64_t, std::size_t> lane_of_key;
  std::uint64_t in_lanes = 0;
  for (std::size_t lane = 0; lane < 3; ++lane) {
    ASSERT_EQ(work.decide(lane, kNow).step, Step::kInvoke) << "twelve keys reach three lanes";
    std::uint64_t last = 0;
    for (const Item& one : work.batch(lane)) {
      const auto [known, is_new] = lane_of_key.try_emplace(one.at().index % 12, lane);
      EXPECT_EQ(known->second, lane);
      EXPECT_LT(last, one.at().index);
      last = one.at().index;
      ++in_lanes;
    }
  }
  EXPECT_EQ(in_lanes, 60u);
  // The lane with the first record is slow.
  const std::size_t slow = lane_of_key.at(1);
  for (std::size_t lane = 0; lane < 3; ++lane) {
    if (lane != slow) work.invoked(lane, {}, kNow);
  }
  EXPECT_EQ(work.checkpoint().index, 1u);
  EXPECT_EQ(work.book().settled(), 0u);
  work.invoked(slow, {}, kNow);
  EXPECT_EQ(work.checkpoint().index, 61u);
  EXPECT_EQ(work.book().succeeded, 60u);
}

TEST(ShardWork, RecordsWithoutAKeyGoAroundTheLanes) {
  ShardWork work({.batch_size = 100}, 3, kNow, at_start());
  for (std::uint64_t at = 1; at <= 60; ++at) work.take(item(at, ""), kPasses, kNow);
  work.read_to({61}, false);
  for (std::size_t lane = 0; lane < 3; ++lane) {
    ASSERT_EQ(work.decide(lane, kNow).step, Step::kInvoke);
    EXPECT_EQ(work.batch(lane).size(), 20u);
    work.invoked(lane, {}, kNow);
  }
  EXPECT_EQ(work.checkpoint().index, 61u);
}

TEST(ShardWork, FilteredRecordsAreSettledWithoutALane) {
  ShardWork work({}, 1, kNow, at_start());
  work.take(item(1), !kPasses, kNow);
  work.take(item(2), kPasses, kNow);
  work.take(item(3), !kPasses, kNow);
  work.read_to({4}, false);
  EXPECT_EQ(work.checkpoint().index, 2u);
  ASSERT_EQ(work.decide(0, kNow).step, Step::kInvoke);
  EXPECT_EQ(positions(work.batch(0)), "2");
  work.invoked(0, {}, kNow);
  EXPECT_EQ(work.checkpoint().index, 4u);
  EXPECT_EQ(work.book().filtered, 2u);
  EXPECT_EQ(work.book().succeeded, 1u);
}

TEST(ShardWork, WhatWasGivenUpIsInTheBookByItsFate) {
  ShardWork work({.batch_size = 2, .max_retries = 0}, 1, kNow, at_start());
  fill(work, 3);
  work.decide(0, kNow);
  work.invoked(0, {.kind = Invoked::Kind::kFailed}, kNow);
  const Lane::Decision decision = work.decide(0, kNow);
  ASSERT_EQ(decision.step, Step::kGiveUp);
  work.given_up(0, decision.count, Fate::kDelivered, kNow);
  EXPECT_EQ(work.book().delivered, 2u);
  EXPECT_EQ(work.checkpoint().index, 3u);
}

TEST(ShardWork, ExpiredRecordsAreSettledAndTheLaneIsToBeAskedAgain) {
  ShardWork work({.batch_size = 2, .retention = Millis{1'000}}, 1, kNow, at_start());
  fill(work, 3);
  const ServiceTime later = kNow + Millis{1'001};
  EXPECT_EQ(work.decide(0, later).step, Step::kExpired);
  EXPECT_EQ(work.checkpoint().index, 3u);
  EXPECT_EQ(work.decide(0, later).step, Step::kExpired);
  EXPECT_EQ(work.decide(0, later).step, Step::kNothing);
  EXPECT_EQ(work.book().expired_unread, 3u);
}

TEST(ShardWork, IsDrainedWhenTheShardHasEndedAndEverythingIsSettled) {
  ShardWork work({}, 2, kNow, at_start());
  work.take(item(1), kPasses, kNow);
  work.read_to({2}, false);
  EXPECT_FALSE(work.drained());
  work.read_to({2}, true);
  EXPECT_FALSE(work.drained()) << "a record is open";
  for (std::size_t lane = 0; lane < 2; ++lane) {
    if (work.decide(lane, kNow).step == Step::kInvoke) work.invoked(lane, {}, kNow);
  }
  EXPECT_TRUE(work.drained());
  EXPECT_TRUE(work.state().drained);
  EXPECT_TRUE(ShardWork({}, 2, kNow, work.state()).drained()) << "after a restart, too";
}

TEST(ShardWork, AShardThatLeavesTheStreamIsDrainedWithWhatWasNotSettled) {
  ShardWork work({.batch_size = 2}, 1, kNow, at_start());
  fill(work, 5);
  work.decide(0, kNow);
  work.invoked(0, {}, kNow);
  work.decide(0, kNow);
  work.expire_rest({9}, kNow);
  EXPECT_TRUE(work.drained());
  EXPECT_EQ(work.book().succeeded, 2u);
  EXPECT_EQ(work.book().expired_unread, 6u);
  EXPECT_TRUE(work.state().drained);
  EXPECT_EQ(work.state().checkpoint.index, 9u);
}

TEST(ShardWork, ReadsNoFurtherThanItsLookAhead) {
  ShardWork small({.batch_size = 10}, 2, kNow, at_start());
  EXPECT_EQ(small.room(), 1'000u);
  EXPECT_EQ(ShardWork({.batch_size = 2'000}, 3, kNow, at_start()).room(), 12'000u);
  fill(small, 990);
  EXPECT_EQ(small.room(), 10u);
  fill(small, 1'000);
  EXPECT_EQ(small.room(), 0u);
  const auto lane = small.decide(0, kNow).step == Step::kInvoke ? 0u : 1u;
  const std::set<std::uint64_t> batch = indices(small.batch(lane));
  small.invoked(lane, {}, kNow);
  // What is settled behind the checkpoint still counts: it would be read again after a restart.
  EXPECT_EQ(small.room(), batch.contains(1) ? small.checkpoint().index - 1 : 0u);
}

TEST(ShardWork, ReadsNoFurtherThanTwentyMebibytes) {
  ShardWork work({.batch_size = 1}, 1, kNow, at_start());
  for (std::uint64_t at = 1; at <= 20; ++at) work.take(item(at, "k", 1u << 20), kPasses, kNow);
  work.read_to({21}, false);
  EXPECT_EQ(work.room(), 0u);
  work.decide(0, kNow);
  work.invoked(0, {}, kNow);
  EXPECT_GT(work.room(), 0u);
}

TEST(ShardWork, AStoredBatchBeyondTheLookAheadIsReadToItsEnd) {
  // The batch size was 5,000 when it was formed, and is 1 now.
  ShardState stored = at_start();
  stored.lanes = {{{.first = 1, .last = 5'000, .attempts = 1}}};
  ShardWork work({.batch_size = 1}, 1, kNow, stored);
  while (work.next().index <= 5'000) {
    const std::size_t room = work.room();
    ASSERT_GT(room, 0u) << "it would wait for records that are never read";
    for (std::size_t i = 0; i < room && work.next().index <= 5'000; ++i)
      work.take(item(work.next().index), kPasses, kNow);
    work.read_to(work.next(), false);
  }
  EXPECT_EQ(work.decide(0, kNow).step, Step::kInvoke);
  EXPECT_EQ(work.room(), 0u);
}

TEST(ShardWork, ARestartGoesOnWhereTheStateSays) {
  ShardWork work({.batch_size = 2, .max_retries = 0}, 1, kNow, at_start());
  fill(work, 6);
  work.decide(0, kNow);
  work.invoked(0, {}, kNow);
  work.decide(0, kNow);
  const ShardState state = work.state();
  EXPECT_EQ(state.checkpoint.index, 3u);
  EXPECT_EQ(state.book.succeeded, 2u);
  EXPECT_FALSE(state.drained);
  EXPECT_EQ(state.lanes,
            (std::vector<std::vector<StoredBatch>>{{{.first = 3, .last = 4, .interrupted = 1}}}));

  ShardWork again({.batch_size = 3, .max_retries = 0}, 1, kNow, state);
  EXPECT_EQ(again.next().index, 3u);
  fill(again, 6);
  again.decide(0, kNow);
  EXPECT_EQ(positions(again.batch(0)), "3-4");
  again.invoked(0, {}, kNow);
  again.decide(0, kNow);
  EXPECT_EQ(positions(again.batch(0)), "5-6");
  EXPECT_EQ(again.book().succeeded, 4u);
}

TEST(ShardWork, ARestartNeitherInvokesNorCountsTwiceWhatWasGivenUp) {
  ShardState stored = at_start();
  stored.ahead = {{Fate::kDelivered, 2, 2, 1, 20}};
  ShardWork work({}, 1, kNow, stored);
  fill(work, 3);
  work.decide(0, kNow);
  EXPECT_EQ(positions(work.batch(0)), "1,3");
  work.invoked(0, {}, kNow);
  EXPECT_EQ(work.book().succeeded, 2u);
  EXPECT_EQ(work.book().delivered, 1u);
  EXPECT_EQ(work.book().ranges(),
            (std::vector<ledger::FateRange>{{Fate::kDelivered, 2, 2, 1, 20}}));
}

TEST(ShardWork, AnotherNumberOfLanesFormsItsBatchesAfresh) {
  ShardState stored = at_start();
  stored.lanes = {{{.first = 1, .last = 2, .attempts = 5}}, {}};
  ShardWork work({.batch_size = 3, .max_retries = 0}, 1, kNow, stored);
  fill(work, 3);
  ASSERT_EQ(work.decide(0, kNow).step, Step::kInvoke);
  EXPECT_EQ(positions(work.batch(0)), "1-3");
}

TEST(OutcomeOf, TellsWhatAReplyMeans) {
  using Failures = ItemFailures::Kind;
  EXPECT_EQ(outcome_of({.kind = Failures::kNone}).kind, Invoked::Kind::kSucceeded);
  EXPECT_EQ(outcome_of({.kind = Failures::kBatch}).kind, Invoked::Kind::kFailed);
  const Invoked partial = outcome_of({.kind = Failures::kFrom, .first = 3});
  EXPECT_EQ(partial.kind, Invoked::Kind::kFailedFrom);
  EXPECT_EQ(partial.first, 3u);
  EXPECT_FALSE(partial.function_error) << "the function did not fail";
}

}  // namespace
}  // namespace penstock::mapping
