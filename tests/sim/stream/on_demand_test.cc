#include "sim/on_demand_model.h"
#include "support/seeds.h"
#include "support/stream_stand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

// On-demand streams over hours and weeks of virtual time: what AWS promises of them, and what not.

namespace penstock::stream {
namespace {

using namespace std::chrono_literals;
using sim::equal_keys;
using sim::OnDemandModel;
using sim::OnDemandOptions;
using sim::TrafficKey;
using testing::StreamStand;

constexpr Millis kDay{24h};

/// The invariant of every layout.
::testing::AssertionResult covers_every_key_once(const StreamEntry& entry) {
  Uint128 next = 0;
  for (const OpenShard& shard : entry.open_by_key()) {
    if (shard.range.start.value != next) {
      return ::testing::AssertionFailure() << "gap or overlap at " << shard.number;
    }
    next = shard.range.end.value + 1;
  }
  if (next != 0) return ::testing::AssertionFailure() << "the end is not covered";
  return ::testing::AssertionSuccess();
}

TEST(OnDemand, ANewStreamTakesFourThousandRecords) {
  OnDemandModel model(equal_keys(20'000), {});
  EXPECT_EQ(model.run(1'900, 1h).refused, 0);
  EXPECT_EQ(model.open_shards(), 4) << "below half nothing is split";
}

/// From nothing to 12,000 a second at once: 8,000 a second are refused for ten minutes, then 4,000
/// for ten more, and nothing after that.
TEST(OnDemand, AStepIsRefusedUntilShardsWereAdded) {
  OnDemandModel model(equal_keys(20'000), {.record_bytes = 100});
  const auto first = model.run(12'000, 10min);
  EXPECT_NEAR(static_cast<double>(first.refused), 8'000.0 * 600, 100'000);
  EXPECT_EQ(model.open_shards(), 8);
  const auto second = model.run(12'000, 10min);
  EXPECT_NEAR(static_cast<double>(second.refused), 4'000.0 * 600, 100'000);
  EXPECT_EQ(model.open_shards(), 16);
  EXPECT_EQ(model.run(12'000, 1h).refused, 0);
}

/// AWS's promise: what does not more than double within fifteen minutes is taken.
TEST(OnDemand, ALoadThatDoublesEveryFifteenMinutesIsNeverRefused) {
  OnDemandModel model(equal_keys(200'000), {.record_bytes = 100});
  ASSERT_EQ(model.run(1'900, 1h).refused, 0);
  double rate = 1'900;
  for (int minute = 0; minute < 75; ++minute) {
    ASSERT_EQ(model.run(rate, 1min).refused, 0) << "minute " << minute << " at " << rate;
    rate *= std::pow(2.0, 1.0 / 15);
  }
  EXPECT_GT(rate, 60'000) << "five doublings";
  EXPECT_TRUE(covers_every_key_once(model.entry()));
}

/// And the other half of the rule: after a peak that was held, twice as much is taken at once,
/// weeks later.
TEST(OnDemand, TwiceThePeakOfThirtyDaysIsTakenAtOnce) {
  OnDemandModel model(equal_keys(200'000), {.record_bytes = 100});
  model.run(1'900, 20min);
  for (double rate = 2'000; rate < 8'000; rate *= 1.05) model.run(rate, 1min);
  model.run(8'000, 1h);
  const std::int64_t shards = model.open_shards();
  for (int day = 0; day < 29; ++day) model.run(500, kDay);
  EXPECT_GE(model.open_shards(), 16) << "twice 8,000";
  EXPECT_LE(model.open_shards(), shards);
  EXPECT_EQ(model.run(15'000, 5min).refused, 0);
}

TEST(OnDemand, AHotKeyIsRefusedForEverAndShardsDoNotHelp) {
  // One key of 1,500 a second beside others with 1,500 together.
  std::vector<TrafficKey> keys = equal_keys(20'000);
  for (TrafficKey& key : keys) key.share /= 2;
  keys.push_back({HashKey::of_partition_key("the one"), 0.5});
  OnDemandModel model(std::move(keys), {.shards = 16, .record_bytes = 100});
  model.run(3'000, 6h);
  const std::int64_t shards = model.open_shards();
  EXPECT_EQ(shards, 19) << "three splits, then the reason is said";
  const auto outcome = model.run(3'000, 6h);
  EXPECT_EQ(model.open_shards(), shards);
  EXPECT_NEAR(static_cast<double>(outcome.refused), 500.0 * 6 * 3'600, 500'000);
  EXPECT_NE(model.steps().back().reason.find("one key, or a few that lie together"),
            std::string::npos)
      << model.steps().back().reason;
}

TEST(OnDemand, AQuietMonthBringsTheShardsBackSlowly) {
  OnDemandModel model(equal_keys(20'000), {.record_bytes = 100});
  model.run(12'000, 2h);
  const std::int64_t peak = model.open_shards();
  ASSERT_GE(peak, 24);
  for (int day = 0; day < 29; ++day) model.run(100, kDay);
  EXPECT_GE(model.open_shards(), 24) << "twice the peak is kept for 30 days";
  std::int64_t before = model.open_shards();
  for (int day = 0; day < 30; ++day) {
    model.run(100, kDay);
    EXPECT_GE(model.open_shards(), before - std::max<std::int64_t>(1, before / 8));
    before = model.open_shards();
  }
  EXPECT_EQ(model.open_shards(), 4);
  EXPECT_TRUE(covers_every_key_once(model.entry()));
}

TEST(OnDemand, ARestartInTheMiddleKeepsThePeakAndLooksForTenMinutesAgain) {
  OnDemandModel model(equal_keys(20'000), {.record_bytes = 100});
  model.run(6'000, 1h);
  const std::int64_t shards = model.open_shards();
  const std::int64_t needed = model.scaler().shards_needed(model.now());
  model.run(12'000, 5min);
  model.restart();
  EXPECT_EQ(model.scaler().shards_needed(model.now()), needed);
  model.run(12'000, 9min);
  EXPECT_EQ(model.open_shards(), shards);
  model.run(12'000, 2min);
  EXPECT_GT(model.open_shards(), shards);
}

TEST(OnDemand, AProvisionedStreamIsLeftAloneAndTakenUpWhereItWasLeft) {
  OnDemandModel model(equal_keys(20'000), {.shards = 2, .record_bytes = 100});
  model.set_on_demand(false);
  model.run(1'900, 3h);
  EXPECT_EQ(model.open_shards(), 2);
  model.set_on_demand(true);
  model.run(10, 2min);
  EXPECT_EQ(model.open_shards(), 4);
  model.run(6'000, 1h);
  const std::int64_t shards = model.open_shards();
  model.set_on_demand(false);
  model.run(10, kDay * 3);
  EXPECT_EQ(model.open_shards(), shards);
}

TEST(OnDemand, WarmThroughputIsThereBeforeTheTraffic) {
  OnDemandModel model(equal_keys(20'000), {.record_bytes = 100, .shards_min = 32});
  model.run(10, 2min);
  EXPECT_EQ(model.open_shards(), 32);
  EXPECT_EQ(model.run(24'000, 10min).refused, 0);
}

/// Law: whatever the traffic, the layout covers every key once, stays between floor and ceiling,
/// never more than doubles within ten minutes, and no record is refused by a shard that was below
/// its limits.
TEST(OnDemand, AnyTrafficKeepsTheLaws) {
  for (const std::uint64_t seed : penstock::testing::seeds_or_one(8)) {
    std::mt19937_64 random(seed);
    std::vector<TrafficKey> keys = equal_keys(500 + random() % 20'000);
    // Some keys are more popular than the others.
    double total = 0;
    for (TrafficKey& key : keys) {
      key.share = random() % 50 == 0 ? 40 : 1;
      total += key.share;
    }
    for (TrafficKey& key : keys) key.share /= total;
    OnDemandModel model(std::move(keys),
                        {.shards = 1 + static_cast<std::int64_t>(random() % 20),
                         .record_bytes = 1 + static_cast<std::int64_t>(random() % 2'000),
                         .shards_max = 64});
    std::int64_t before = 0;
    for (int span = 0; span < 40; ++span) {
      const double rate = static_cast<double>(random() % 40'000);
      const Millis length = random() % 4 == 0 ? Millis(2h) : Millis(10min);
      model.run(rate, length);
      ASSERT_TRUE(covers_every_key_once(model.entry())) << "seed " << seed;
      ASSERT_GE(model.open_shards(), 4);
      ASSERT_LE(model.open_shards(), 64);
      if (length == Millis(10min) && before >= 4) {
        ASSERT_LE(model.open_shards(), 2 * before) << "seed " << seed;
      }
      if (random() % 10 == 0) model.restart();
      before = model.open_shards();
    }
  }
}

// --- The server itself ---------------------------------------------------------------------------

struct Served : ::testing::Test {
  explicit Served(engine::local::Options options = {.folder = "/data"})
      : stand(1, std::move(options)) {
    EXPECT_TRUE(
        stand.world().run(stand.streams().create(StreamStand::caller(), {.name = "s"})).ok());
    for (int i = 0; i < 500; ++i) keys.push_back("key-" + std::to_string(i));
  }

  /// So many minutes in which every second 500 keys send `each` records.
  void run(int minutes, int each = 1) {
    std::vector<PutEntry> entries;
    for (const std::string& key : keys) entries.push_back({.partition_key = key, .data = "d"});
    for (int second = 0; second < minutes * 60; ++second) {
      for (int i = 0; i < each; ++i) {
        const auto reply = stand.put("s", entries);
        ASSERT_TRUE(reply.ok());
        stored += entries.size() - reply->not_stored;
      }
      stand.world().run_for(1s);
    }
  }
  StreamSummary summary() { return *stand.streams().summary(StreamStand::caller(), {.name = "s"}); }
  ScalingView scaling() {
    return *stand.streams().scaling({.tenant = StreamStand::tenant(), .name = "s"});
  }

  StreamStand stand;
  std::vector<std::string> keys;
  std::uint64_t stored = 0;
};

TEST_F(Served, ScalesByItsTrafficAndSaysWhy) {
  run(12, 5);  // 2,500 a second: 625 for each of four shards.
  EXPECT_EQ(summary().status, StreamStatus::kActive);
  EXPECT_EQ(summary().open_shards, 8);
  const ScalingView view = scaling();
  ASSERT_EQ(view.steps.size(), 1u);
  EXPECT_EQ(view.steps[0].from, 4);
  EXPECT_EQ(view.steps[0].to, 8);
  EXPECT_NE(view.steps[0].reason.find("4 of 4 shards"), std::string::npos) << view.steps[0].reason;
  EXPECT_NEAR(static_cast<double>(view.now.records), 2'500, 60);
  // Nothing that was acknowledged is lost over it.
  std::uint64_t found = 0;
  for (const ShardView& shard : stand.shards("s")) {
    std::string iterator = *stand.iterator(
        {.stream = {.name = "s"}, .shard_id = shard.id(), .type = IteratorType::kTrimHorizon});
    while (!iterator.empty()) {
      const auto page = stand.page(iterator);
      if (!page.ok()) {  // Five pages and 2 MiB a second.
        stand.world().run_for(1s);
        continue;
      }
      found += page->records.size();
      iterator = page->next_iterator;
      if (page->records.empty()) break;
    }
    EXPECT_EQ(iterator.empty(), shard.ending.has_value());
  }
  EXPECT_EQ(found, stored);
}

TEST_F(Served, RemembersOverARestart) {
  run(12, 5);
  ASSERT_EQ(scaling().steps.size(), 1u);
  const ScalingView before = scaling();
  stand.restart();
  EXPECT_EQ(scaling().steps, before.steps);
  EXPECT_EQ(scaling().shards_needed, before.shards_needed);
  EXPECT_EQ(summary().open_shards, 8);
}

TEST_F(Served, LowerWarmThroughputKeepsWhatTheLastHourNeeds) {
  const auto warm = [this](std::int64_t mibps) {
    const auto made = stand.world().run(
        stand.streams().set_warm_throughput(StreamStand::caller(), {.name = "s"}, mibps));
    EXPECT_TRUE(made.ok()) << made.error().message;
  };
  ASSERT_TRUE(stand.world().run(stand.streams().set_commitment(StreamStand::caller(), true)).ok());
  warm(20);
  ASSERT_EQ(summary().open_shards, 20);
  run(4, 6);  // 3,000 a second: six shards take twice that.
  warm(1);
  EXPECT_EQ(summary().open_shards, 6);
  stand.advance(2h);
  stand.world().run_for(2min);
  warm(2);
  warm(1);
  EXPECT_EQ(summary().open_shards, 4);
}

/// A mode change between the look and the decision must not meet a layout that has gone.
TEST_F(Served, ModesAndCapacityAreChangedWhileItScales) {
  ASSERT_TRUE(stand.world().run(stand.streams().set_commitment(StreamStand::caller(), true)).ok());
  std::mt19937_64 random(7);
  for (int minute = 0; minute < 40; ++minute) {
    run(1, 5);
    if (minute % 8 != 7) continue;
    const auto made = stand.world().run(stand.streams().set_warm_throughput(
        StreamStand::caller(), {.name = "s"}, static_cast<std::int64_t>(random() % 24)));
    ASSERT_TRUE(made.ok()) << made.error().message;
    std::vector<ShardView> open = stand.shards("s");
    std::erase_if(open, [](const ShardView& shard) { return shard.ending.has_value(); });
    ASSERT_EQ(static_cast<std::int64_t>(open.size()), summary().open_shards);
  }
}

TEST_F(Served, AnIdleStreamIsLeftAlone) {
  for (int hour = 0; hour < 30; ++hour) {
    stand.advance(1h);
    stand.world().run_for(1s);
  }
  EXPECT_EQ(summary().open_shards, 4);
  EXPECT_TRUE(scaling().steps.empty());
}

TEST_F(Served, WhatItRemembersGoesWithTheStream) {
  run(12, 5);
  ASSERT_EQ(stand.machine.engine().meta().list("stream-scaling/").size(), 1u);
  ASSERT_TRUE(stand.world()
                  .run(stand.streams().remove(StreamStand::caller(), {.name = "s"},
                                              ConsumerRemoval::kRefused))
                  .ok());
  EXPECT_TRUE(stand.machine.engine().meta().list("stream-scaling/").empty());
  EXPECT_FALSE(stand.streams().scaling({.tenant = StreamStand::tenant(), .name = "s"}).ok());
}

/// A machine that dies while shards are added goes on with it, and takes records at once.
TEST(ServedScaling, ADeathInTheMiddleIsGoneOnWith) {
  int in_the_middle = 0;
  const auto seeds = penstock::testing::seeds_or_one(6);
  for (const std::uint64_t seed : seeds) {
    std::mt19937_64 random(seed);
    StreamStand stand(seed, {.folder = "/data"});
    ASSERT_TRUE(
        stand.world().run(stand.streams().create(StreamStand::caller(), {.name = "s"})).ok());
    std::vector<std::string> keys;
    for (int i = 0; i < 500; ++i) keys.push_back("key-" + std::to_string(i));
    std::vector<PutEntry> entries;
    for (const std::string& key : keys) entries.push_back({.partition_key = key, .data = "d"});
    const auto pending = [&] {
      const auto documents = stand.machine.engine().meta().list("stream/");
      return documents.front().value.find("\"steps\":[\"") != std::string::npos;
    };
    // Until the decision is stored; then some microseconds more, and the end.
    for (int second = 0; second < 15 * 60 && !pending(); ++second) {
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(stand.put("s", entries).ok());
      stand.world().run_until(pending, 1s);
    }
    if (pending()) stand.world().run_for(std::chrono::microseconds(random() % 400));
    in_the_middle += pending() ? 1 : 0;
    random() % 2 == 0 ? stand.crash() : stand.kill();
    stand.world().run_for(100ms);
    const auto summary = stand.streams().summary(StreamStand::caller(), {.name = "s"});
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->status, StreamStatus::kActive);
    EXPECT_EQ(summary->open_shards, 8) << "seed " << seed;
    const auto reply = stand.put("s", entries);
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(reply->not_stored, 0u) << "seed " << seed;
  }
  EXPECT_GE(in_the_middle, static_cast<int>(penstock::testing::share_of(2, seeds.size(), 6)));
}

}  // namespace
}  // namespace penstock::stream
