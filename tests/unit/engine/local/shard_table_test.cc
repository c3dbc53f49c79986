#include "engine/local/shard_table.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

constexpr LogId kLog{7};

std::vector<ShardRef> refs(const std::vector<std::shared_ptr<Shard>>& shards) {
  std::vector<ShardRef> out;
  for (const auto& shard : shards) out.push_back(shard->ref());
  return out;
}

TEST(ShardTable, EnsureAddsWhatIsMissingAndKeepsTheRest) {
  ShardTable table;
  table.ensure(kLog, 2);
  const auto first = table.find({kLog, 0});
  table.ensure(kLog, 3);
  EXPECT_EQ(table.count(kLog), 3u);
  EXPECT_EQ(table.find({kLog, 0}), first);
  EXPECT_NE(table.find({kLog, 2}), nullptr);
  EXPECT_EQ(table.find({kLog, 3}), nullptr);
  EXPECT_EQ(table.find({LogId{8}, 0}), nullptr);
}

TEST(ShardTable, ShardsMayComeInAnyOrderAndWithGaps) {
  ShardTable table;
  ShardState state;
  state.ref = {kLog, 3};
  table.add(state);
  state.ref = {LogId{2}, 1};
  table.add(state);
  EXPECT_EQ(table.find({kLog, 1}), nullptr);
  EXPECT_EQ(refs(table.of(kLog)), (std::vector<ShardRef>{{kLog, 3}}));
  EXPECT_EQ(refs(table.all()), (std::vector<ShardRef>{{LogId{2}, 1}, {kLog, 3}}));
}

TEST(ShardTable, ARemovedLogIsFoundNoLonger) {
  ShardTable table;
  table.ensure(kLog, 2);
  EXPECT_EQ(refs(table.remove(kLog)), (std::vector<ShardRef>{{kLog, 0}, {kLog, 1}}));
  EXPECT_EQ(table.find({kLog, 0}), nullptr);
  EXPECT_EQ(table.count(kLog), 0u);
  EXPECT_TRUE(table.remove(kLog).empty());
}

TEST(ShardTable, FindEachFindsWhatFindFinds) {
  ShardTable table;
  table.ensure(kLog, 3);
  table.ensure(LogId{9}, 1);
  const std::vector<ShardRef> asked{{kLog, 2},     {kLog, 0}, {LogId{9}, 0},
                                    {LogId{8}, 0}, {kLog, 3}, {kLog, 1}};
  std::vector<Append> appends;
  for (const ShardRef ref : asked) appends.push_back({.shard = ref});
  std::vector<std::shared_ptr<Shard>> found;
  table.find_each(appends, found);
  ASSERT_EQ(found.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(found[i], table.find(asked[i]));
}

}  // namespace
}  // namespace penstock::engine::local
