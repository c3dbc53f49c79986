#include "contract/engine/engine_kinds.h"
#include "engine/errors.h"
#include "support/engine_stand.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::engine {
namespace {

using namespace std::chrono_literals;

using Strings = std::vector<std::string>;
constexpr ShardRef kShard{LogId{7}, 0};
constexpr ShardRef kOther{LogId{7}, 1};

/// Every test runs against every kind of engine.
class LogContract : public EngineContract {
 protected:
  void SetUp() override {
    EngineContract::SetUp();
    ASSERT_TRUE(stand().ensure(LogId{7}, 2).ok());
  }
};

TEST_P(LogContract, ARecordIsReadBackAsItWasWritten) {
  const Strings data{"one", "", std::string(100'000, 'x'), std::string("\0\xff\x01", 3)};
  const auto appended = stand().append(kShard, data);
  ASSERT_TRUE(appended.ok());
  const auto slice = stand().read(kShard, Position{0});
  ASSERT_TRUE(slice.ok());
  ASSERT_EQ(slice->records.size(), data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(slice->records[i].data, data[i]);
    EXPECT_EQ(slice->records[i].key, "key");
    EXPECT_EQ(slice->records[i].at.index, appended->first.index + i);
    EXPECT_EQ(slice->records[i].arrival, appended->arrival);
  }
  EXPECT_EQ(slice->next.index, appended->first.index + data.size());
  EXPECT_FALSE(slice->end_of_shard);
}

TEST_P(LogContract, PositionsBeginAtOneOrLaterAndGrowByTheRecord) {
  const auto first = stand().append(kShard, {"a", "b"});
  const auto second = stand().append(kShard, {"c"});
  EXPECT_GE(first->first.index, 1u);
  EXPECT_EQ(second->first.index, first->first.index + 2);
}

TEST_P(LogContract, ShardsAreIndependent) {
  ASSERT_TRUE(stand().append(kShard, {"a"}).ok());
  ASSERT_TRUE(stand().append(kOther, {"b"}).ok());
  EXPECT_EQ(*stand().read_all(kShard), Strings{"a"});
  EXPECT_EQ(*stand().read_all(kOther), Strings{"b"});
}

TEST_P(LogContract, OneCallAppendsToManyShardsEachWithItsOwnOutcome) {
  const std::vector<NewRecord> records{{"k", "v"}};
  const ServiceTime now = stand().world.env().clocks.service_now();
  std::vector<Append> appends{
      {kShard, stand().fence(), records, now},
      {ShardRef{LogId{99}, 0}, stand().fence(), records, now},
      {kOther, Fence{stand().fence().epoch + 1}, records, now},
      {kOther, stand().fence(), records, now},
  };
  stand().world.run(stand().log().append(appends));
  EXPECT_TRUE(appends[0].outcome.ok());
  EXPECT_EQ(appends[1].outcome.error().code, EngineErrc::kNoSuchShard);
  EXPECT_EQ(appends[2].outcome.error().code, EngineErrc::kNotOwner);
  EXPECT_TRUE(appends[3].outcome.ok());
  EXPECT_EQ(stand().read_all(kOther)->size(), 1u);
}

TEST_P(LogContract, AppendsStartedInOrderOnOneLoopAreStoredInThatOrder) {
  auto& world = stand().world;
  int ended = 0;
  for (int i = 0; i < 50; ++i) {
    world.spawn([](EngineStand& s, int number, int& done) -> Task<> {
      const std::string text = std::to_string(number);
      const std::vector<NewRecord> records{{"k", text}};
      Append append{kShard, s.fence(), records, {}};
      co_await s.log().append(std::span(&append, 1));
      EXPECT_TRUE(append.outcome.ok());
      // Positions say in which order the calls were made.
      EXPECT_GE(append.outcome->first.index, 1u);
      ++done;
    }(stand(), i, ended));
    if (i % 7 == 0) world.run_for(1ms);
  }
  ASSERT_TRUE(world.run_until([&] { return ended == 50; }, 100s));
  EXPECT_EQ(stand().read_all(kShard)->size(), 50u);
}

TEST_P(LogContract, ArrivalNeverGoesBackInsideAShard) {
  const std::vector<NewRecord> records{{"k", "v"}};
  auto append_at = [&](std::int64_t ms) {
    Append append{kShard, stand().fence(), records, service_time(ms)};
    stand().world.run(stand().log().append(std::span(&append, 1)));
    return append.outcome->arrival;
  };
  EXPECT_EQ(append_at(1'000), service_time(1'000));
  EXPECT_EQ(append_at(500), service_time(1'000));
  EXPECT_EQ(append_at(2'000), service_time(2'000));
}

TEST_P(LogContract, AReadStopsAtEitherLimitAndGivesAtLeastOneRecord) {
  ASSERT_TRUE(stand().append(kShard, Strings(100, std::string(1'000, 'x'))).ok());
  auto count = [&](ReadLimits limits) {
    return stand().read(kShard, Position{0}, limits)->records.size();
  };
  EXPECT_EQ(count({.records_max = 7}), 7u);
  EXPECT_EQ(count({.bytes_max = 5 * 1'003}), 5u);
  EXPECT_EQ(count({.bytes_max = 5 * 1'003 - 1}), 4u);
  EXPECT_EQ(count({.bytes_max = 1}), 1u);
  const auto slice = stand().read(kShard, Position{0}, {.bytes_max = 3 * 1'003});
  EXPECT_EQ(slice->bytes, 3u * 1'003u);
}

TEST_P(LogContract, AReadMayBeginAtAnyPosition) {
  const auto first = stand().append(kShard, {"0", "1", "2", "3", "4"})->first;
  ASSERT_TRUE(stand().append(kShard, {"5", "6"}).ok());
  for (std::uint64_t skip = 0; skip < 7; ++skip) {
    const auto slice = stand().read(kShard, Position{first.index + skip});
    ASSERT_EQ(slice->records.size(), 7 - skip);
    EXPECT_EQ(slice->records.front().data, std::to_string(skip));
  }
  const auto at_end = stand().read(kShard, Position{first.index + 7});
  EXPECT_TRUE(at_end->records.empty());
  EXPECT_EQ(at_end->next.index, first.index + 7);
}

TEST_P(LogContract, BoundsCountWhatWasStoredAndTrimmed) {
  const auto first = stand().append(kShard, {"a", "b", "c", "d"})->first;
  ASSERT_TRUE(stand().world.run(stand().log().trim(kShard, Position{first.index + 3})).ok());
  const auto bounds = stand().log().bounds(kShard);
  ASSERT_TRUE(bounds.ok());
  EXPECT_EQ(bounds->horizon.index, first.index + 3);
  EXPECT_EQ(bounds->next.index, first.index + 4);
  EXPECT_EQ(bounds->trimmed_records, 3u);
  EXPECT_EQ(bounds->appended_records, 4u);
  EXPECT_EQ(bounds->damaged_records, 0u);
  EXPECT_FALSE(bounds->sealed);
}

TEST_P(LogContract, APositionBeforeTheHorizonIsMovedToIt) {
  const auto first = stand().append(kShard, {"a", "b", "c"})->first;
  ASSERT_TRUE(stand().world.run(stand().log().trim(kShard, Position{first.index + 2})).ok());
  const auto slice = stand().read(kShard, first);
  EXPECT_TRUE(slice->trimmed);
  ASSERT_EQ(slice->records.size(), 1u);
  EXPECT_EQ(slice->records[0].data, "c");
  EXPECT_FALSE(stand().read(kShard, Position{first.index + 2})->trimmed);
}

TEST_P(LogContract, ATrimNeverGoesBackNorPastTheEnd) {
  const auto first = stand().append(kShard, {"a", "b", "c"})->first;
  auto& log = stand().log();
  ASSERT_TRUE(stand().world.run(log.trim(kShard, Position{first.index + 2})).ok());
  ASSERT_TRUE(stand().world.run(log.trim(kShard, Position{first.index})).ok());
  EXPECT_EQ(log.bounds(kShard)->horizon.index, first.index + 2);
  ASSERT_TRUE(stand().world.run(log.trim(kShard, Position{first.index + 1'000})).ok());
  EXPECT_EQ(log.bounds(kShard)->horizon.index, first.index + 3);
  EXPECT_EQ(stand().append(kShard, {"d"})->first.index, first.index + 3);
}

TEST_P(LogContract, ASliceKeepsItsMemoryAfterATrimAndADrop) {
  const auto appended = stand().append(kShard, {std::string(50'000, 'p')});
  auto slice = stand().read(kShard, appended->first);
  ASSERT_TRUE(stand().world.run(stand().log().trim(kShard, slice->next)).ok());
  ASSERT_TRUE(stand().world.run(stand().log().drop(LogId{7})).ok());
  EXPECT_EQ(slice->records[0].data, std::string(50'000, 'p'));
}

TEST_P(LogContract, ASealedShardRefusesAppendsAndEndsItsReaders) {
  const auto appended = stand().append(kShard, {"last"});
  const auto end = stand().world.run(stand().log().seal(kShard, stand().fence()));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->index, appended->first.index + 1);
  EXPECT_EQ(stand().append(kShard, {"late"}).error().code, EngineErrc::kSealed);
  const auto slice = stand().read(kShard, Position{0});
  ASSERT_EQ(slice->records.size(), 1u);
  EXPECT_TRUE(slice->end_of_shard);
  EXPECT_TRUE(stand().read(kShard, slice->next)->end_of_shard);
  EXPECT_TRUE(stand().log().bounds(kShard)->sealed);
  EXPECT_EQ(stand().world.run(stand().log().seal(kShard, stand().fence()))->index, end->index);
}

TEST_P(LogContract, ALimitedReadOfASealedShardIsNotItsEnd) {
  ASSERT_TRUE(stand().append(kShard, {"a", "b"}).ok());
  ASSERT_TRUE(stand().world.run(stand().log().seal(kShard, stand().fence())).ok());
  EXPECT_FALSE(stand().read(kShard, Position{0}, {.records_max = 1})->end_of_shard);
}

TEST_P(LogContract, SealAndOpenNeedAValidFence) {
  const Fence old{stand().fence().epoch + 5};
  EXPECT_EQ(stand().world.run(stand().log().seal(kShard, old)).error().code, EngineErrc::kNotOwner);
  EXPECT_EQ(stand().world.run(stand().log().open(kShard, old)).error().code, EngineErrc::kNotOwner);
  EXPECT_TRUE(stand().world.run(stand().log().open(kShard, stand().fence())).ok());
}

TEST_P(LogContract, ADroppedLogIsGone) {
  ASSERT_TRUE(stand().append(kShard, {"a"}).ok());
  ASSERT_TRUE(stand().world.run(stand().log().drop(LogId{7})).ok());
  EXPECT_EQ(stand().read(kShard, Position{0}).error().code, EngineErrc::kNoSuchShard);
  EXPECT_EQ(stand().append(kShard, {"b"}).error().code, EngineErrc::kNoSuchShard);
  EXPECT_EQ(stand().log().bounds(kShard).error().code, EngineErrc::kNoSuchShard);
  EXPECT_TRUE(stand().log().shards().empty());
  EXPECT_TRUE(stand().world.run(stand().log().drop(LogId{7})).ok()) << "a drop is idempotent";
}

TEST_P(LogContract, EnsureOnlyGrows) {
  ASSERT_TRUE(stand().ensure(LogId{7}, 4).ok());
  ASSERT_TRUE(stand().ensure(LogId{7}, 1).ok());
  EXPECT_EQ(stand().log().shards().size(), 4u);
  ASSERT_TRUE(stand().ensure(LogId{3}, 1).ok());
  EXPECT_EQ(stand().log().shards().front(), (ShardRef{LogId{3}, 0}));
}

TEST_P(LogContract, LocateFindsTheFirstRecordNotBeforeATime) {
  const std::vector<NewRecord> records{{"k", "v"}, {"k", "w"}};
  std::vector<Position> firsts;
  for (const std::int64_t ms : {1'000, 2'000, 2'000, 5'000}) {
    Append append{kShard, stand().fence(), records, service_time(ms)};
    stand().world.run(stand().log().append(std::span(&append, 1)));
    firsts.push_back(append.outcome->first);
  }
  auto locate = [&](std::int64_t ms) {
    return *stand().world.run(stand().log().locate(kShard, service_time(ms)));
  };
  EXPECT_EQ(locate(0), firsts[0]);
  EXPECT_EQ(locate(1'000), firsts[0]);
  EXPECT_EQ(locate(1'001), firsts[1]);
  EXPECT_EQ(locate(2'000), firsts[1]);
  EXPECT_EQ(locate(2'001), firsts[3]);
  EXPECT_EQ(locate(5'001), stand().log().bounds(kShard)->next);
  ASSERT_TRUE(stand().world.run(stand().log().trim(kShard, firsts[2])).ok());
  EXPECT_EQ(locate(0), firsts[2]);
}

TEST_P(LogContract, AWatchWakesForWhatIsThereAndForEachLaterChange) {
  auto& world = stand().world;
  ASSERT_TRUE(stand().append(kShard, {"a"}).ok());
  int wakes = 0;
  const auto settle = [&] { world.run_for(5s); };
  auto watch = stand().log().watch(kShard, Position{1}, [&] { ++wakes; });
  settle();
  EXPECT_EQ(wakes, 1) << "a record is there already";
  ASSERT_TRUE(stand().append(kShard, {"b"}).ok());
  settle();
  EXPECT_EQ(wakes, 2);
  ASSERT_TRUE(world.run(stand().log().seal(kShard, stand().fence())).ok());
  settle();
  EXPECT_EQ(wakes, 3);
  ASSERT_TRUE(world.run(stand().log().drop(LogId{7})).ok());
  settle();
  EXPECT_EQ(wakes, 4);
}

TEST_P(LogContract, AWatchBehindTheEndWaits) {
  int wakes = 0;
  auto watch = stand().log().watch(kShard, Position{1}, [&] { ++wakes; });
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 0);
  watch.reset();
  ASSERT_TRUE(stand().append(kShard, {"a"}).ok());
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 0) << "an ended subscription is silent";
}

TEST_P(LogContract, AWatchOfNoShardWakesOnce) {
  int wakes = 0;
  auto watch = stand().log().watch(ShardRef{LogId{1234}, 0}, Position{1}, [&] { ++wakes; });
  stand().world.run_for(5s);
  EXPECT_EQ(wakes, 1);
}

TEST_P(LogContract, AnythingWakesAWatcherNoMoreOftenThanItHappened) {
  int wakes = 0;
  auto watch = stand().log().watch(kShard, Position{1}, [&] { ++wakes; });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stand().append(kShard, {"a"}).ok());
  stand().world.run_for(5s);
  EXPECT_GE(wakes, 1);
  EXPECT_LE(wakes, 20);
}

TEST_P(LogContract, RecordsOfTheLargestSizeAreStored) {
  const std::string large(10u << 20, 'L');
  ASSERT_TRUE(stand().append(kShard, {"before", large, "after"}).ok());
  const auto all = stand().read_all(kShard);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[1], large);
}

TEST_P(LogContract, WhatWasAcknowledgedIsThereAfterAReopen) {
  if (!survives_reopen()) GTEST_SKIP() << "a memory engine keeps nothing";
  const auto first = stand().append(kShard, {"a", "b", "c"})->first;
  ASSERT_TRUE(stand().append(kOther, {"x"}).ok());
  ASSERT_TRUE(stand().world.run(stand().log().seal(kOther, stand().fence())).ok());
  ASSERT_TRUE(stand().world.run(stand().log().trim(kShard, Position{first.index + 1})).ok());
  ASSERT_TRUE(stand().ensure(LogId{8}, 1).ok());
  ASSERT_TRUE(stand().ensure(LogId{9}, 3).ok());
  ASSERT_TRUE(stand().world.run(stand().log().drop(LogId{8})).ok());
  const Fence before = stand().fence();
  stand().reopen();
  EXPECT_GT(stand().fence(), before);
  EXPECT_EQ(*stand().read_all(kShard), (Strings{"b", "c"}));
  EXPECT_EQ(stand().log().bounds(kShard)->trimmed_records, 1u);
  EXPECT_EQ(stand().log().bounds(kShard)->appended_records, 3u);
  EXPECT_EQ(*stand().read_all(kOther), Strings{"x"});
  EXPECT_EQ(stand().append(kOther, {"y"}).error().code, EngineErrc::kSealed);
  EXPECT_EQ(stand().log().shards().size(), 5u);
  EXPECT_EQ(stand().append(kShard, {"d"})->first.index, first.index + 3);
}

TEST_P(LogContract, AnOldFenceIsRefusedAfterAReopen) {
  if (!survives_reopen()) GTEST_SKIP() << "a memory engine keeps nothing";
  const Fence old = stand().fence();
  stand().reopen();
  const std::vector<NewRecord> records{{"k", "v"}};
  Append append{kShard, old, records, {}};
  stand().world.run(stand().log().append(std::span(&append, 1)));
  EXPECT_EQ(append.outcome.error().code, EngineErrc::kNotOwner);
}

INSTANTIATE_TEST_SUITE_P(Engines, LogContract, ::testing::ValuesIn(engine_kinds()), kind_name);

}  // namespace
}  // namespace penstock::engine
