#include "engine/local/commit_queue.h"

#include "engine/local/commit.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <map>

namespace penstock::engine::local {
namespace {

/// A queue over three loops, whose writer is the test.
class CommitQueueTest : public ::testing::Test {
 protected:
  env::sim::World world{1, {.loops = 3}};
  int wakes = 0;
  CommitQueue queue{world.env().loops, world.env().clocks, [this] { ++wakes; }};
  Budget budget{64u << 20};
  std::shared_ptr<ChunkPool> pool = std::make_shared<ChunkPool>(budget, 0);
  std::shared_ptr<Shard> shard = std::make_shared<Shard>(ShardState{.ref = kShard});

  std::shared_ptr<Waiter> stage(std::size_t lane, const Strings& data,
                                std::shared_ptr<Shard> into = nullptr) {
    if (into == nullptr) into = shard;
    CommitQueue::Staging staging(queue, lane);
    std::vector<std::span<const std::uint8_t>> frames;
    const auto appended = into->stage(records_of(data), {}, *pool, &frames);
    for (const auto frame : frames) staging.bytes()->append(frame);
    staging.staged_records(into, Position{appended->first.index + data.size()}, data.size());
    return staging.finish();
  }
  std::shared_ptr<Waiter> stage_state(std::function<void(Wakeups&)> apply) {
    Bytes frame;
    encode(frame, BootFrame{1});
    CommitQueue::Staging staging(queue, 0);
    staging.staged_state(frame, std::move(apply));
    return staging.finish();
  }
};

TEST_F(CommitQueueTest, ACutHoldsEverythingThatWasNumberedBeforeIt) {
  env::sim::Prng random(7);
  for (int round = 0; round < 50; ++round) {
    Position staged = shard->bounds().next;
    for (std::uint64_t i = random.between(1, 6); i > 0; --i) {
      stage(random.below(3), {"x"});
      ++staged.index;
    }
    Cut cut;
    queue.take(cut);
    std::uint64_t records = 0;
    Position highest;
    for (const LaneBatch& lane : cut.lanes) {
      records += lane.records;
      for (const auto& publish : lane.publishes) highest = std::max(highest, publish.next);
    }
    EXPECT_EQ(highest, staged);
    EXPECT_EQ(records, staged.index - shard->bounds().next.index);
    queue.complete(cut, ok());
    EXPECT_EQ(shard->bounds().next, staged);
  }
}

TEST_F(CommitQueueTest, ALanesBytesAreRoomForAHeaderAndItsFramesInOrder) {
  stage(1, {"a"});
  stage(1, {"b", "c"});
  Cut cut;
  queue.take(cut);
  EXPECT_TRUE(cut.lanes[0].empty());
  auto left = cut.lanes[1].bytes.bytes().subspan(kCommitHeaderBytes);
  std::vector<Position> firsts;
  while (const auto frame = first_frame(left)) {
    firsts.push_back(records_header(frame->bytes.data()).first);
    left = left.subspan(frame->bytes.size());
  }
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(firsts, (std::vector<Position>{{1}, {2}}));
  queue.complete(cut, ok());
}

TEST_F(CommitQueueTest, NothingIsSeenBeforeTheCommitIsComplete) {
  bool applied = false;
  stage(0, {"a"});
  stage_state([&](Wakeups&) { applied = true; });
  EXPECT_FALSE(queue.idle());
  Cut cut;
  queue.take(cut);
  EXPECT_TRUE(queue.idle());
  EXPECT_EQ(shard->bounds().next, Position{1});
  EXPECT_FALSE(applied);
  queue.complete(cut, ok());
  EXPECT_EQ(shard->bounds().next, Position{2});
  EXPECT_TRUE(applied);
  EXPECT_TRUE(cut.empty());
}

TEST_F(CommitQueueTest, StateIsAppliedInTheOrderItWasStagedAndBehindTheRecords) {
  std::vector<int> order;
  stage_state([&](Wakeups&) {
    order.push_back(1);
    EXPECT_EQ(shard->bounds().next, Position{2}) << "records come first";
  });
  stage(2, {"a"});
  stage_state([&](Wakeups&) { order.push_back(2); });
  Cut cut;
  queue.take(cut);
  queue.complete(cut, ok());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(CommitQueueTest, AFailedCommitShowsNothingAndTellsEveryWaiter) {
  bool applied = false;
  std::vector<std::shared_ptr<Waiter>> waiters{stage(0, {"a"}), stage(2, {"b"}),
                                               stage_state([&](Wakeups&) { applied = true; })};
  Cut cut;
  queue.take(cut);
  queue.complete(cut, Error{EngineErrc::kUnknownOutcome, "torn"});
  EXPECT_EQ(shard->bounds().next, Position{1});
  EXPECT_FALSE(applied);
  for (const auto& waiter : waiters) {
    const Status status = world.run(CommitQueue::wait(waiter));
    EXPECT_EQ(status.error().code, EngineErrc::kUnknownOutcome);
  }
}

TEST_F(CommitQueueTest, WaitersGoOnInTheOrderOfTheirCommits) {
  std::vector<int> order;
  const auto wait = [](std::shared_ptr<Waiter> waiter, std::vector<int>& out,
                       int number) -> Task<> {
    EXPECT_TRUE((co_await CommitQueue::wait(waiter)).ok());
    out.push_back(number);
  };
  const auto first = stage(0, {"a"});
  Cut one;
  queue.take(one);
  const auto second = stage(0, {"b"});
  Cut two;
  queue.take(two);
  world.spawn(wait(second, order, 2));
  world.spawn(wait(first, order, 1));
  world.run_idle();
  EXPECT_TRUE(order.empty());
  queue.complete(one, ok());
  world.run_idle();
  EXPECT_EQ(order, std::vector<int>{1});
  queue.complete(two, ok());
  world.run_idle();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(CommitQueueTest, NothingStagedIsNothingToWaitFor) {
  {
    CommitQueue::Staging staging(queue, 0);
    EXPECT_EQ(staging.finish(), nullptr);
  }
  EXPECT_EQ(wakes, 0);
  EXPECT_TRUE(world.run(CommitQueue::wait(nullptr)).ok());
  stage(0, {"a"});
  EXPECT_EQ(wakes, 1);
  Cut cut;
  queue.take(cut);
  queue.complete(cut, ok());
}

TEST_F(CommitQueueTest, TheFirstRefusalStaysAndIsSeenOnEveryLane) {
  queue.refuse(Error{EngineErrc::kFailed, "first"});
  queue.refuse(Error{EngineErrc::kFailed, "second"});
  for (std::size_t lane = 0; lane < 3; ++lane) {
    CommitQueue::Staging staging(queue, lane);
    ASSERT_TRUE(staging.refusal().has_value());
    EXPECT_EQ(staging.refusal()->message, "first");
  }
}

TEST_F(CommitQueueTest, ARefusalOfRecordsIsLiftedAndLeavesStateAlone) {
  queue.decide([](CommitQueue::Refusals& refusals) {
    refusals.records = Error{EngineErrc::kNoSpace, "full"};
  });
  {
    CommitQueue::Staging staging(queue, 1);
    EXPECT_TRUE(staging.record_refusal().has_value());
    EXPECT_FALSE(staging.refusal().has_value());
  }
  queue.decide([](CommitQueue::Refusals& refusals) { refusals = {}; });
  CommitQueue::Staging staging(queue, 1);
  EXPECT_FALSE(staging.record_refusal().has_value());
}

TEST_F(CommitQueueTest, ALaneIsCrowdedWhenSixteenMibWait) {
  const std::string large(9u << 20, 'x');
  stage(0, {large});
  EXPECT_FALSE(CommitQueue::Staging(queue, 0).is_crowded());
  stage(0, {large});
  EXPECT_TRUE(CommitQueue::Staging(queue, 0).is_crowded());
  EXPECT_FALSE(CommitQueue::Staging(queue, 1).is_crowded());
  Cut cut;
  queue.take(cut);
  queue.complete(cut, ok());
  EXPECT_FALSE(CommitQueue::Staging(queue, 0).is_crowded());
}

TEST_F(CommitQueueTest, MarksAreCountedApartFromOtherState) {
  Bytes frame;
  encode(frame, MarksFrame{1, {{"k", "v"}}});
  {
    CommitQueue::Staging staging(queue, 0);
    staging.staged_state(frame, [](Wakeups&) {});
    staging.finish();
  }
  stage_state([](Wakeups&) {});
  Cut cut;
  queue.take(cut);
  EXPECT_EQ(cut.lanes[0].marks, 1u);
  EXPECT_EQ(cut.lanes[0].applies.size(), 2u);
  EXPECT_EQ(cut.lanes[0].frames, 2u);
  queue.complete(cut, ok());
}

TEST(CommitQueueWithoutAJournal, WhatIsStagedIsDurableAtOnce) {
  env::sim::World world{1};
  CommitQueue queue{world.env().loops, world.env().clocks, nullptr};
  Budget budget{64u << 20};
  const auto pool = std::make_shared<ChunkPool>(budget, 0);
  const auto shard = std::make_shared<Shard>(ShardState{.ref = kShard});
  CommitQueue::Staging staging(queue, 0);
  EXPECT_EQ(staging.bytes(), nullptr);
  ASSERT_TRUE(shard->stage(records_of({"a"}), {}, *pool, nullptr).ok());
  staging.staged_records(shard, Position{2}, 1);
  EXPECT_EQ(staging.finish(), nullptr);
  EXPECT_EQ(shard->bounds().next, Position{2});
}

TEST_F(CommitQueueTest, WhatARoundOfALoopStagesWakesTheWriterTogether) {
  constexpr int kPuts = 40;
  for (int i = 0; i < kPuts; ++i)
    post(world.env().loops[1]->executor(), [this] { stage(1, {"x"}); });
  world.run_idle();
  EXPECT_GE(wakes, 1);
  EXPECT_LT(wakes, kPuts / 2);
}

/// A wake may come before the last put of a round; the put behind it must have one of its own.
TEST(CommitQueueRounds, NothingStaysStagedUnannounced) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    env::sim::World world{seed, {.loops = 2}};
    std::unique_ptr<CommitQueue> queue;
    const auto commit = [&queue] {
      Cut cut;
      queue->take(cut);
      queue->complete(cut, ok());
    };
    queue = std::make_unique<CommitQueue>(world.env().loops, world.env().clocks, commit);
    int applied = 0;
    for (std::size_t i = 0; i < 30; ++i) {
      post(world.env().loops[i % 2]->executor(), [&, i] {
        Bytes frame;
        encode(frame, BootFrame{1});
        CommitQueue::Staging staging(*queue, i % 2);
        staging.staged_state(frame, [&applied](Wakeups&) { ++applied; });
        staging.finish();
      });
    }
    world.run_idle();
    EXPECT_EQ(applied, 30) << "seed " << seed;
    EXPECT_TRUE(queue->idle()) << "seed " << seed;
  }
}

/// A tenth of a millisecond passes whenever somebody looks.
class HastyClocks final : public env::Clocks {
 public:
  SteadyTime steady_now() const override { return now_ += std::chrono::microseconds(100); }
  WallTime wall_now() const override { return {}; }
  ServiceTime service_now() const override { return {}; }
  void advance_service(Millis) override {}
  Millis service_offset() const override { return Millis{0}; }

 private:
  mutable SteadyTime now_{};
};

TEST(CommitQueueRounds, RoundsThatGoOnStagingDoNotPutTheCommitOffForLong) {
  env::sim::World world{1, {.loops = 1}};
  const HastyClocks clocks;
  int wakes = 0;
  CommitQueue queue{world.env().loops, clocks, [&wakes] { ++wakes; }};
  constexpr int kPuts = 400;
  int puts = 0;
  std::function<void()> put = [&] {
    Bytes frame;
    encode(frame, BootFrame{1});
    CommitQueue::Staging staging(queue, 0);
    staging.staged_state(frame, [](Wakeups&) {});
    staging.finish();
    if (++puts < kPuts) post(world.env().loops[0]->executor(), put);
  };
  post(world.env().loops[0]->executor(), put);
  world.run_idle();
  EXPECT_GE(wakes, kPuts / 20);
  Cut cut;
  queue.take(cut);
  queue.complete(cut, ok());
}

TEST_F(CommitQueueTest, ALaneThatIsWorthACommitWakesTheWriterAtOnce) {
  int wakes_before_the_round_ended = 0;
  post(world.env().loops[1]->executor(), [&] {
    stage(1, {std::string(300u << 10, 'x')});
    wakes_before_the_round_ended = wakes;
  });
  world.run_idle();
  EXPECT_EQ(wakes_before_the_round_ended, 1);
}

TEST(CommitQueueMemory, WhatWaitsToBeWrittenIsChargedUntilItIsWritten) {
  env::sim::World world{1, {}};
  Budget budget{64u << 10};
  CommitQueue queue{world.env().loops, world.env().clocks, [] {}, &budget};
  {
    CommitQueue::Staging staging(queue, 0);
    EXPECT_TRUE(staging.reserve(20'000));
    EXPECT_FALSE(staging.reserve(100'000)) << "more than the budget has";
    Bytes frame;
    encode(frame, BootFrame{1});
    staging.staged_state(frame, [](Wakeups&) {});
    staging.finish();
  }
  EXPECT_GE(budget.used_bytes(), 20'000u);
  Cut cut;
  queue.take(cut);
  EXPECT_GE(budget.used_bytes(), 20'000u) << "the writer has it";
  queue.complete(cut, ok());
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace penstock::engine::local
