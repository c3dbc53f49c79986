#include "stream/reshard_plan.h"

#include "stream/entry.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace penstock::stream {
namespace {

constexpr ServiceTime at(std::int64_t seconds) { return ServiceTime{Millis{seconds * 1'000}}; }
constexpr std::int64_t kNow = 1'790'000'000;

StreamEntry new_stream(std::uint32_t shards) {
  StreamEntry entry{.name = {{"123456789012", "eu-west-1"}, "orders"},
                    .log = LogId{5},
                    .created = at(kNow),
                    .shards_wanted = shards};
  add_first_shards(entry, at(kNow));
  return entry;
}

ReshardPlan plan_of(const StreamEntry& entry) {
  return ReshardPlan(entry.open_by_key(), entry.next_shard);
}

/// What is open after the plan, as the plan says and as the entry says, is the same and covers
/// every key once; every shard lies behind its parents.
void make(StreamEntry& entry, ReshardPlan plan, ServiceTime now) {
  const std::vector<OpenShard> planned = plan.open();
  const std::uint32_t next = plan.next_shard();
  entry.steps = std::move(plan).take();
  finish_steps(entry, now);
  ASSERT_TRUE(entry.steps.empty());
  ASSERT_EQ(entry.open_by_key(), planned);
  ASSERT_EQ(entry.next_shard, next);
  Uint128 expected = 0;
  for (const OpenShard& shard : planned) {
    ASSERT_EQ(shard.range.start.value, expected) << "a gap or an overlap";
    ASSERT_LE(shard.range.start, shard.range.end);
    expected = shard.range.end.value + 1;
  }
  ASSERT_EQ(expected, Uint128{0}) << "the end is not covered";
  for (const ShardEntry& shard : entry.shards) {
    for (const auto& parent : {shard.parent, shard.adjacent_parent}) {
      if (!parent || entry.find(*parent) == nullptr) continue;
      ASSERT_LT(*entry.find(*parent)->ending(), shard.stamp().starting()) << shard.number;
      ASSERT_TRUE(entry.find(*parent)->closed) << shard.number;
    }
  }
}

// Totals of open and closed shards that users of AWS have counted after one call.
struct Counted {
  std::uint32_t from;
  std::uint32_t to;
  std::size_t total;
};
class ScaleTo : public ::testing::TestWithParam<Counted> {};
TEST_P(ScaleTo, LeavesAsManyShardsAsAwsDoes) {
  StreamEntry entry = new_stream(GetParam().from);
  ReshardPlan plan = plan_of(entry);
  plan.scale_to(GetParam().to);
  make(entry, std::move(plan), at(kNow + 60));
  EXPECT_EQ(entry.open_shards(), GetParam().to);
  EXPECT_EQ(entry.shards.size(), GetParam().total);
}
INSTANTIATE_TEST_SUITE_P(Counted, ScaleTo,
                         ::testing::Values(Counted{2, 4, 6}, Counted{4, 5, 15}, Counted{10, 13, 37},
                                           Counted{4, 2, 6}, Counted{5, 3, 7}, Counted{10, 3, 17}),
                         [](const auto& info) {
                           return std::to_string(info.param.from) + "To" +
                                  std::to_string(info.param.to);
                         });

TEST(ReshardPlan, DoublingHalvesEveryShard) {
  StreamEntry entry = new_stream(3);
  ReshardPlan plan = plan_of(entry);
  plan.scale_to(6);
  EXPECT_EQ(plan.open_peak(), 6u);
  EXPECT_EQ(plan.steps(), (std::vector<ReshardStep>{{.shard = 0}, {.shard = 1}, {.shard = 2}}));
  make(entry, std::move(plan), at(kNow + 1));
  std::uint32_t number = 3;
  for (const OpenShard& shard : entry.open_by_key()) {
    EXPECT_EQ(shard.number, number++) << "numbered in the order of keys";
    EXPECT_NEAR(static_cast<double>(shard.range.end.value - shard.range.start.value),
                static_cast<double>(HashKey::max().value) / 6, 1e24);
  }
}

TEST(ReshardPlan, ShardsOpenForAMomentAreCounted) {
  const StreamEntry entry = new_stream(4);
  ReshardPlan plan = plan_of(entry);
  plan.scale_to(5);
  EXPECT_EQ(plan.open().size(), 5u);
  EXPECT_EQ(plan.open_peak(), 8u);
}

TEST(ReshardPlan, GenerationsWithinOneMomentAreASecondApart) {
  StreamEntry entry = new_stream(4);
  ReshardPlan plan = plan_of(entry);
  plan.scale_to(5);
  make(entry, std::move(plan), at(kNow + 60));
  std::set<std::int64_t> seconds;
  for (const ShardEntry& shard : entry.shards) seconds.insert(shard.created_s - kNow);
  EXPECT_EQ(seconds, (std::set<std::int64_t>{0, 61, 62}));
}

TEST(ReshardPlan, AShardOfOneKeyIsNotSplit) {
  // [0,0] [1,1] [2,max]: only the last one can give more.
  const std::vector<OpenShard> open{{0, {{0}, {0}}}, {1, {{1}, {1}}}, {2, {{2}, HashKey::max()}}};
  ReshardPlan plan(open, 3);
  plan.scale_to(6);
  EXPECT_EQ(plan.open().size(), 6u);
  EXPECT_EQ(plan.open()[0].number, 0u);
  EXPECT_EQ(plan.open()[1].number, 1u);
}

TEST(ReshardPlan, MergingTheNarrowestUndoesSplittingTheWidest) {
  ReshardPlan plan(new_stream(4).open_by_key(), 4);
  plan.split_widest_to(11);
  plan.merge_narrowest_to(4);
  std::vector<HashKeyRange> ranges;
  for (const OpenShard& shard : plan.open()) ranges.push_back(shard.range);
  EXPECT_EQ(ranges, equal_hash_key_ranges(4));
}

TEST(ReshardPlan, TheWidestShardsAreSplitFirst) {
  const Uint128 quarter = Uint128{1} << 126;
  const std::vector<OpenShard> open{{0, {{0}, {quarter - 1}}},
                                    {1, {{quarter}, {2 * quarter - 1}}},
                                    {2, {{2 * quarter}, HashKey::max()}}};
  ReshardPlan plan(open, 3);
  plan.split_widest_to(4);
  EXPECT_EQ(plan.steps(), (std::vector<ReshardStep>{{.shard = 2}}));
  plan.split_widest_to(4);
  EXPECT_EQ(plan.steps().size(), 1u) << "there are as many already";
  plan.split_widest_to(8);
  for (const OpenShard& shard : plan.open()) {
    EXPECT_EQ(shard.range.end.value - shard.range.start.value + 1, quarter / 2);
  }
}

/// Law: whatever was done before, any target keeps the key space covered and children behind
/// parents, and comes back from its document, before and after.
TEST(ReshardPlan, AnySequenceOfTargetsKeepsTheKeySpaceCovered) {
  for (const std::uint64_t seed : penstock::testing::seeds(60)) {
    std::mt19937_64 random(seed);
    StreamEntry entry = new_stream(1 + static_cast<std::uint32_t>(random() % 9));
    std::int64_t now = kNow;
    for (int step = 0; step < 12; ++step) {
      now += static_cast<std::int64_t>(random() % 3);
      ReshardPlan plan = plan_of(entry);
      const auto open = static_cast<std::size_t>(entry.open_shards());
      switch (random() % 5) {
        case 0: plan.split_widest_to(open + random() % 20); break;
        case 1: plan.split(random() % open); break;
        case 2: plan.merge_narrowest_to(1 + random() % open); break;
        default: plan.scale_to(1 + random() % (2 * open)); break;
      }
      StreamEntry pending = entry;
      pending.steps = plan.steps();
      pending.transition = {.kind = Transition::Kind::kReshard, .due = at(now)};
      const auto decoded = decode_entry("k", encode(pending));
      ASSERT_TRUE(decoded.ok());
      ASSERT_EQ(*decoded, pending);
      make(entry, std::move(plan), at(now));
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " step " << step;
    }
    const auto decoded = decode_entry("k", encode(entry));
    ASSERT_TRUE(decoded.ok());
    ASSERT_EQ(*decoded, entry);
  }
}

TEST(ReshardStep, IsReadBackFromItsText) {
  for (const ReshardStep& step :
       {ReshardStep{.shard = 0}, ReshardStep{.shard = 12, .merged_with = 13}}) {
    EXPECT_EQ(parse_step(to_text(step)), step);
  }
  EXPECT_EQ(to_text(ReshardStep{.shard = 12, .merged_with = 13}), "12+13");
  for (const char* text : {"", "+", "1+", "+1", "x", "1+2+3", "-1", "4294967296"}) {
    EXPECT_FALSE(parse_step(text)) << text;
  }
}

TEST(Middle, LiesInTheRangeAndCutsItInTwo) {
  EXPECT_EQ(middle_of({{0}, HashKey::max()}).value, Uint128{1} << 127);
  EXPECT_EQ(middle_of({{0}, {1}}).value, Uint128{1});
  EXPECT_EQ(middle_of({{7}, {9}}).value, Uint128{9});
}

}  // namespace
}  // namespace penstock::stream
