#include "engine/local/local_log.h"

#include "engine/errors.h"
#include "support/engine_stand.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::engine::local {
namespace {

using testing::EngineStand;

constexpr ShardRef kShard{LogId{1}, 0};
constexpr ShardRef kOther{LogId{1}, 1};
constexpr LogId kHog{2};

/// An engine in memory, of which a log that can be dropped holds so much that a large append waits
/// and a small one does not.
class WaitingAppends : public ::testing::Test {
 protected:
  EngineStand stand{1, {}, {}, 128u << 10};
  std::vector<std::string> ended;
  std::vector<Result<Appended>> outcomes;

  void SetUp() override {
    stand.open();
    ASSERT_TRUE(stand.ensure(LogId{1}, 2).ok());
    ASSERT_TRUE(stand.ensure(kHog, 1).ok());
    ASSERT_TRUE(stand.append(kShard, {"first"}).ok());
    ASSERT_TRUE(stand.append(kOther, {"first"}).ok());
    ASSERT_TRUE(stand.append(ShardRef{kHog, 0}, {std::string(60'000, 'h')}).ok());
  }
  /// Begins at once, in the order of the calls.
  void begin(ShardRef shard, std::string text, std::string name) {
    stand.world.spawn(
        [](WaitingAppends& test, ShardRef to, std::string data, std::string called) -> Task<> {
          const std::vector<NewRecord> records{{"key", data}};
          Append append{to, test.stand.fence(), records, {}, Appended{}};
          co_await test.stand.log().append(std::span(&append, 1));
          test.ended.push_back(called);
          test.outcomes.push_back(append.outcome);
        }(*this, shard, std::move(text), std::move(name)));
    stand.world.run_for(Millis{1});
  }
  void run_all(std::size_t count) {
    ASSERT_TRUE(
        stand.world.run_until([&] { return ended.size() == count; }, std::chrono::seconds(60)));
  }
};

TEST_F(WaitingAppends, AreNotOvertakenInTheirShard) {
  begin(kShard, std::string(40'000, 'l'), "large");
  begin(kShard, "small", "small");
  EXPECT_TRUE(ended.empty());
  ASSERT_TRUE(stand.world.run(stand.log().drop(kHog)).ok());
  run_all(2);
  EXPECT_EQ(ended, (std::vector<std::string>{"large", "small"}));
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok());
  const auto stored = stand.read_all(kShard);
  ASSERT_EQ(stored->size(), 3u);
  EXPECT_EQ((*stored)[1].size(), 40'000u);
  EXPECT_EQ((*stored)[2], "small");
}

TEST_F(WaitingAppends, DoNotHoldBackAnotherShard) {
  begin(kShard, std::string(40'000, 'l'), "large");
  begin(kOther, "small", "small");
  EXPECT_EQ(ended, std::vector<std::string>{"small"});
  run_all(2);
}

TEST_F(WaitingAppends, GiveUpInTimeAndThoseBehindThemGoOn) {
  begin(kShard, std::string(40'000, 'l'), "large");
  begin(kShard, "small", "small");
  const SteadyTime before = stand.world.env().clocks.steady_now();
  run_all(2);
  EXPECT_EQ(ended, (std::vector<std::string>{"large", "small"}));
  ASSERT_FALSE(outcomes[0].ok());
  EXPECT_EQ(outcomes[0].error().code, EngineErrc::kUnavailable);
  EXPECT_TRUE(outcomes[1].ok());
  EXPECT_LT(stand.world.env().clocks.steady_now() - before, std::chrono::milliseconds(2'100))
      << "simulated time";
  EXPECT_EQ(stand.read_all(kShard).value(), (std::vector<std::string>{"first", "small"}));
  EXPECT_TRUE(stand.append(kShard, {"at once"}).ok());
}

// --- Memory that trims and drops leave -------------------------------------------------------

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::size_t fill(EngineStand& stand, ShardRef shard, std::size_t mebibytes) {
  for (std::size_t i = 0; i < mebibytes * 2; ++i) {
    const auto appended =
        stand.append(shard, std::vector<std::string>(5, std::string(99'000, 'x')));
    PENSTOCK_CHECK(appended.ok(), "there is memory");
  }
  return stand.budget.used_bytes();
}

TEST(LetGo, WithoutFilesTheMemoryOfADropIsBackWhenItEnds) {
  EngineStand stand(1, {.free_chunk_bytes_max = 0});
  stand.open();
  ASSERT_TRUE(stand.ensure(kHog, 2).ok());
  ASSERT_TRUE(stand.ensure(LogId{1}, 1).ok());
  EXPECT_GT(fill(stand, {kHog, 0}, 40) + fill(stand, {kHog, 1}, 1), 40 * kMiB);
  ASSERT_TRUE(stand.world.run(stand.log().drop(kHog)).ok());
  EXPECT_EQ(stand.budget.used_bytes(), 0u);
}

TEST(LetGo, WithoutFilesTheMemoryOfATrimIsBackWhenItEnds) {
  EngineStand stand(1, {.free_chunk_bytes_max = 0});
  stand.open();
  ASSERT_TRUE(stand.ensure(LogId{1}, 1).ok());
  fill(stand, kShard, 40);
  const Position next = stand.log().bounds(kShard)->next;
  ASSERT_TRUE(stand.world.run(stand.log().trim(kShard, Position{next.index - 1})).ok());
  EXPECT_LE(stand.budget.used_bytes(), 2 * kMiB) << "of its last chunk a record is left";
  EXPECT_EQ(stand.read_all(kShard)->size(), 1u);
}

/// The loop goes on in between: a put on it need not wait until all of it is freed.
TEST(LetGo, WithoutFilesOthersHaveTheirTurnWhileItIsGivenBack) {
  EngineStand stand(1, {.free_chunk_bytes_max = 0});
  stand.open();
  ASSERT_TRUE(stand.ensure(kHog, 1).ok());
  fill(stand, {kHog, 0}, 60);
  std::vector<std::string> order;
  stand.world.spawn([](EngineStand& on, std::vector<std::string>& out) -> Task<> {
    (co_await on.log().drop(kHog)).ignore("it is looked at below");
    out.emplace_back("dropped");
  }(stand, order));
  stand.world.spawn([](std::vector<std::string>& out) -> Task<> {
    out.emplace_back("another");
    co_return;
  }(order));
  stand.world.run_until([&] { return order.size() == 2; });
  EXPECT_EQ(order, (std::vector<std::string>{"another", "dropped"}));
  EXPECT_EQ(stand.budget.used_bytes(), 0u);
}

local::Options with_files() {
  return {.folder = "/data", .durability = Durability::kSync, .free_chunk_bytes_max = 0};
}

TEST(LetGo, WithFilesTheStoreGivesMemoryAndSegmentsBack) {
  EngineStand stand(1, with_files(), {}, 64 * kMiB);
  stand.open();
  ASSERT_TRUE(stand.ensure(kHog, 1).ok());
  ASSERT_TRUE(stand.ensure(LogId{1}, 1).ok());
  fill(stand, {kHog, 0}, 200);  // Of which most is in segments.
  const auto segments = [&] {
    std::size_t count = 0;
    for (const std::string& path : stand.world.disk().files()) {
      count += path.starts_with("/data/segments/") ? 1 : 0;
    }
    return count;
  };
  EXPECT_GT(segments(), 0u);
  ASSERT_TRUE(stand.world.run(stand.log().drop(kHog)).ok());
  EXPECT_TRUE(stand.world.run_until(
      [&] { return segments() == 0 && stand.budget.used_bytes() <= 12 * kMiB; },
      std::chrono::seconds(10)))
      << segments() << " segments, " << stand.budget.used_bytes() << " bytes";
  EXPECT_TRUE(stand.append(kShard, {"goes on"}).ok());
}

TEST(LetGo, AStopRightBehindADropLeavesNothingBehind) {
  EngineStand stand(1, with_files());
  stand.open();
  ASSERT_TRUE(stand.ensure(kHog, 1).ok());
  ASSERT_TRUE(stand.ensure(LogId{1}, 1).ok());
  fill(stand, {kHog, 0}, 30);
  ASSERT_TRUE(stand.append(kShard, {"stays"}).ok());
  ASSERT_TRUE(stand.world.run(stand.log().drop(kHog)).ok());
  stand.stop();
  EXPECT_EQ(stand.budget.used_bytes(), 0u);
  stand.open();
  EXPECT_FALSE(stand.log().bounds({kHog, 0}).ok());
  EXPECT_EQ(stand.read_all(kShard).value(), std::vector<std::string>{"stays"});
}

// --- What a start says -----------------------------------------------------------------------

/// What a start says of the file system, for people.
OpenReport opened_on(env::sim::World& world) {
  Budget budget{8u << 20};
  OpenReport report;
  const auto engine =
      world.run(open({.folder = "/data", .durability = Durability::kSync, .report = &report},
                     world.env(), budget));
  PENSTOCK_CHECK(engine.ok(), "it starts all the same");
  world.run((*engine)->stop());
  return report;
}

TEST(LocalEngine, SaysWhenItsFileSystemHasNoWayPastThePageCache) {
  env::sim::World ordinary(1);
  EXPECT_FALSE(opened_on(ordinary).through_page_cache);
  env::sim::World without(2);
  without.disk().refuse_to_go_past_cache();
  EXPECT_TRUE(opened_on(without).through_page_cache);
}

}  // namespace
}  // namespace penstock::engine::local
