#include "cli/shard_map.h"

#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <sstream>

namespace penstock::cli {
namespace {

std::vector<DrawnShard> shards_of(std::size_t count) {
  std::vector<DrawnShard> shards;
  for (const HashKeyRange& range : equal_hash_key_ranges(count)) {
    shards.push_back({.number = shards.size(), .range = range, .parents = {}, .load = {}});
  }
  return shards;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Use, IsOfTheLimitThatIsNearer) {
  EXPECT_DOUBLE_EQ(use_of({.records = 500, .bytes = 0}, {}), 0.5);
  EXPECT_DOUBLE_EQ(use_of({.records = 1, .bytes = 1'048'576}, {}), 1.0);
  EXPECT_DOUBLE_EQ(use_of({.records = 500, .bytes = 500}, {.records = 0, .bytes = 0}), 0.0);
}

TEST(KeySpace, GivesEachShardItsShare) {
  auto shards = shards_of(2);
  shards.push_back({.number = 2,
                    .range = {.start = shards[1].range.start,
                              .end = {shards[1].range.start.value + (Uint128{1} << 126) - 1}},
                    .parents = {1},
                    .load = {}});
  shards.push_back({.number = 3,
                    .range = {.start = {shards[2].range.end.value + 1}, .end = HashKey::max()},
                    .parents = {1},
                    .load = {}});
  shards[1].open = false;
  EXPECT_EQ(draw_key_space(shards, {}, 40),
            "0                   50 %           100 %\n"
            "│▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒│░░░░░░░░░│▒▒▒▒▒▒▒▒▒\n"
            "          0              2         3\n");
}

TEST(KeySpace, ShowsLoadAsHeight) {
  auto shards = shards_of(4);
  shards[0].load = ShardLoad{};
  shards[1].load = ShardLoad{.records = 10};
  shards[2].load = ShardLoad{.records = 500};
  shards[3].load = ShardLoad{.records = 1'000};
  EXPECT_EQ(lines_of(draw_key_space(shards, {}, 16))[1], "│···│▁▁▁│▄▄▄│███");
}

TEST(KeySpace, OfMoreShardsThanCellsShowsTheBusiestOfACell) {
  auto shards = shards_of(1'000);
  for (DrawnShard& shard : shards) shard.load = ShardLoad{};
  shards[501].load = ShardLoad{.records = 900};
  const auto lines = lines_of(draw_key_space(shards, {}, 20));
  ASSERT_EQ(lines.size(), 2u) << "there is no room for numbers";
  EXPECT_EQ(lines[1], "··········█·········");
}

TEST(KeySpace, IsNeverWiderThanTheTerminal) {
  for (const std::size_t count : {1u, 3u, 7u, 50u, 3'000u}) {
    for (const std::size_t width : {1u, 7u, 20u, 79u, 80u, 300u}) {
      for (const std::string& line : lines_of(draw_key_space(shards_of(count), {}, width))) {
        EXPECT_LE(columns_of(line), width) << count << " shards on " << width;
      }
    }
  }
}

TEST(KeySpace, OfAStreamWithoutShardsIsNothing) { EXPECT_EQ(draw_key_space({}, {}, 80), ""); }

TEST(OpenShards, HaveARowEachInTheOrderOfKeys) {
  auto shards = shards_of(2);
  std::swap(shards[0].range, shards[1].range);
  shards[0].load = ShardLoad{.records = 250, .bytes = 1'048'576 * 0.97, .refused = 3};
  shards[1].load = ShardLoad{.records = 5.5, .bytes = 1'500};
  shards[0].parents = {7, 8};
  EXPECT_EQ(draw_open_shards(shards, {}, 100, 32),
            "shard  keys from  share  records/s  bytes/s  of its limit      refused/s  made of\n"
            "─────────────────────────────────────────────────────────────────────────────────\n"
            "    1  00000000…   50 %        5.5  1.5 KiB  █░░░░░░░░░   1 %          0\n"
            "    0  80000000…   50 %        250  993 KiB  ██████████  97 %        3.0  7 + 8\n");
}

TEST(OpenShards, LoseColumnsOnANarrowTerminalTheLoadLast) {
  auto shards = shards_of(2);
  for (DrawnShard& shard : shards) shard.load = ShardLoad{.records = 1'000};
  EXPECT_EQ(lines_of(draw_open_shards(shards, {}, 40, 32))[0], "shard  share  of its limit");
  EXPECT_EQ(lines_of(draw_open_shards(shards, {}, 25, 32))[0], "shard  of its limit");
}

TEST(OpenShards, WithoutLimitsHaveNoMeter) {
  auto shards = shards_of(1);
  shards[0].load = ShardLoad{.records = 12};
  EXPECT_EQ(lines_of(draw_open_shards(shards, {.records = 0, .bytes = 0}, 80, 32))[0],
            "shard  keys from  share  records/s  bytes/s");
}

TEST(OpenShards, WithoutLoadShowOnlyWhereTheyAre) {
  EXPECT_EQ(lines_of(draw_open_shards(shards_of(1), {}, 80, 32))[0], "shard  keys from  share");
}

TEST(OpenShards, OfThousandsAreGroupsWithTheirBusiest) {
  auto shards = shards_of(3'000);
  for (DrawnShard& shard : shards) shard.load = ShardLoad{.records = 1};
  shards[40].load = ShardLoad{.records = 800};
  const auto lines = lines_of(draw_open_shards(shards, {}, 100, 20));
  ASSERT_EQ(lines.size(), 2u + 20u);
  EXPECT_EQ(lines[2],
            "150 shards  00000000…    5 %        949      0 B  ████████░░  80 %  most: shard 40");
}

TEST(Lineage, SaysWhatBecameOfClosedShards) {
  auto shards = shards_of(5);
  shards[0].open = shards[1].open = shards[2].open = false;
  shards[1].parents = shards[2].parents = {0};
  shards[3].parents = {1, 2};
  EXPECT_EQ(draw_lineage(shards, 10), "0 split into 1 and 2\n1 + 2 merged into 3\n");
  EXPECT_EQ(draw_lineage(shards, 1), "… and 1 before\n1 + 2 merged into 3\n");
}

TEST(Units, AreOfThousandTwentyFour) {
  EXPECT_EQ(with_unit(0), "0 B");
  EXPECT_EQ(with_unit(1'023), "1023 B");
  EXPECT_EQ(with_unit(1'024), "1.0 KiB");
  EXPECT_EQ(with_unit(10.0 * 1'048'576), "10 MiB");
}

}  // namespace
}  // namespace penstock::cli
