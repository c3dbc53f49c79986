#include "engine/local/store.h"

#include "engine/errors.h"
#include "env/fault_points.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::engine::local {
namespace {

constexpr ShardRef kLarge{LogId{1}, 0};
constexpr ShardRef kSmall{LogId{2}, 0};
constexpr ShardRef kOther{LogId{3}, 0};

class StoreTest : public ::testing::Test {
 protected:
  Kit kit;
  std::unique_ptr<Parts> parts = std::make_unique<Parts>(kit);

  void SetUp() override {
    parts->opened();
    for (const ShardRef ref : {kLarge, kSmall, kOther}) {
      ASSERT_TRUE(parts->ensure(ref.log, 1).ok());
    }
  }
  /// Another start on the same folder, after everything that was in memory is gone.
  OpenReport restart() {
    parts.reset();
    kit.open_folder();
    parts = std::make_unique<Parts>(kit);
    auto report = parts->recover();
    PENSTOCK_CHECK(report.ok(), report.ok() ? "" : report.error().message.c_str());
    return *report;
  }
  void fill(ShardRef ref, std::size_t bytes) {
    for (std::size_t written = 0; written < bytes; written += 500'000) {
      ASSERT_TRUE(
          parts
              ->append(ref, Strings(5, std::string(std::min(bytes, std::size_t{500'000}) / 5, 'x')))
              .ok());
    }
  }
  /// Of two small logs, of which kSmall has a quarter; its number.
  std::uint64_t share_a_segment() {
    fill(kSmall, 10'000);
    fill(kOther, 30'000);
    PENSTOCK_CHECK(parts->store.flush().ok(), "they are flushed");
    return segments().front();
  }
  std::vector<std::uint64_t> segments() { return kit.folder().segment_numbers().value(); }
  std::vector<LogId> logs_in(std::uint64_t segment) {
    std::vector<LogId> logs;
    const auto opened = Segment::open(kit.folder(), segment);
    for (const Block& block : opened->blocks) {
      if (logs.empty() || logs.back() != block.shard.log) logs.push_back(block.shard.log);
    }
    return logs;
  }
  void turn_the_journal_over() {
    const std::string before = parts->journal.path();
    while (parts->journal.path() == before) {
      ASSERT_TRUE(
          parts->run(parts->marks.put(parts->core.epoch, {{"k", std::string(3'000, 'm')}})).ok());
    }
  }
  Shard& shard(ShardRef ref) { return *parts->core.shards.find(ref); }
};

TEST_F(StoreTest, ALargeLogGetsASegmentOfItsOwnAndSmallOnesShareOne) {
  fill(kLarge, 9u << 20);
  fill(kSmall, 1'000);
  fill(kOther, 1'000);
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_EQ(segments().size(), 2u);
  EXPECT_EQ(logs_in(segments()[0]), std::vector<LogId>{kLarge.log});
  EXPECT_EQ(logs_in(segments()[1]), (std::vector<LogId>{kSmall.log, kOther.log}));
}

TEST_F(StoreTest, AFlushOfNothingWritesNothing) {
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_TRUE(parts->store.flush().ok());
  EXPECT_EQ(segments().size(), 1u);
}

TEST_F(StoreTest, ASegmentGoesWhenNoRecordOfItIsLeft) {
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->store.flush().ok());
  parts->store.maintain();
  EXPECT_EQ(segments().size(), 1u);
  ASSERT_TRUE(parts->run(parts->log.trim(kSmall, Position{5})).ok());
  parts->store.maintain();
  EXPECT_EQ(segments().size(), 1u) << "a record is left";
  ASSERT_TRUE(parts->run(parts->log.trim(kSmall, Position{6})).ok());
  parts->store.maintain();
  EXPECT_TRUE(segments().empty());
}

TEST_F(StoreTest, ASegmentGoesWhenItsLogIsDropped) {
  fill(kLarge, 9u << 20);
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_EQ(segments().size(), 1u);
  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  parts->store.maintain();
  EXPECT_TRUE(segments().empty());
}

/// Commits wait for whoever applies a trim or a drop: the store frees what they leave.
TEST_F(StoreTest, WhatADropLeavesIsTheStoresToFree) {
  fill(kLarge, 9u << 20);
  ASSERT_TRUE(parts->store.flush().ok());
  const auto dropped = parts->core.shards.find(kLarge);
  ASSERT_GE(dropped->evict(3u << 20), std::size_t{3} << 20) << "some of it is in blocks only";
  const std::weak_ptr<Segment> segment =
      std::get<Shard::BlockRead>(*dropped->read(Position{1}, {})).blocks.front().segment;
  const std::uint64_t alive = segment.lock()->live_bytes();
  ASSERT_GT(alive, 0u);
  const std::size_t used = parts->core.used_bytes();
  const int woken = parts->wakes_by_core;

  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  EXPECT_EQ(segment.lock()->live_bytes(), alive);
  EXPECT_GE(parts->core.used_bytes(), used);
  EXPECT_GT(parts->wakes_by_core, woken);

  parts->store.maintain();
  EXPECT_LT(parts->core.used_bytes(), used - (3u << 20));
  EXPECT_TRUE(segment.expired());
  EXPECT_TRUE(segments().empty());
  EXPECT_FALSE(parts->core.release_some()) << "nothing is left";
  EXPECT_EQ(dropped.use_count(), 1);
}

TEST_F(StoreTest, WhatATrimLeavesIsTheStoresToFree) {
  fill(kLarge, 9u << 20);
  ASSERT_TRUE(parts->store.flush().ok());
  const std::size_t used = parts->core.used_bytes();
  const int woken = parts->wakes_by_core;
  const Position end = shard(kLarge).bounds().next;
  ASSERT_TRUE(parts->run(parts->log.trim(kLarge, end)).ok());
  EXPECT_GE(parts->core.used_bytes(), used);
  EXPECT_GT(parts->wakes_by_core, woken);
  parts->store.maintain();
  EXPECT_LT(parts->core.used_bytes(), used - (8u << 20));
  EXPECT_TRUE(segments().empty());
}

/// Which may be writing segments for as long as a put waits.
TEST_F(StoreTest, APutThatWaitsForMemoryFreesWhatWasDroppedWhileTheStoreIsBusy) {
  const Strings large(5, std::string(100'000, 'x'));
  while (parts->append(kLarge, large).ok()) {
  }
  ASSERT_EQ(parts->append(kSmall, large).error().code, EngineErrc::kUnavailable);
  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  const auto appended = parts->append(kSmall, large);
  EXPECT_TRUE(appended.ok()) << appended.error().message;
}

/// Else a flush would move records that are there only because nobody freed others.
TEST_F(StoreTest, WhenMemoryIsShortWhatWasDroppedGoesFirst) {
  fill(kLarge, kit.budget.limit_bytes() / 8 * 6);
  ASSERT_TRUE(parts->store.flush().ok());
  fill(kSmall, 1'000);
  kit.world.faults().set_chance(env::FaultPoint::kFlushDelayed, 1);
  const std::size_t before = segments().size();
  const auto others = kit.whole.take(kit.whole.limit_bytes() / 16 * 11);
  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  ASSERT_TRUE(parts->store.is_memory_short());
  parts->store.maintain();
  EXPECT_FALSE(parts->store.is_memory_short());
  EXPECT_LT(segments().size(), before);
  EXPECT_EQ(parts->read_all(kSmall)->size(), 5u);
  EXPECT_EQ(shard(kSmall).evict(~std::size_t{0}), 0u) << "what is left needed not to be flushed";
}

TEST_F(StoreTest, ALargeSegmentsRoomIsGivenBackInPieces) {
  const auto bytes_left = [this] {
    std::uint64_t sum = 0;
    const auto names = kit.disk().list(kit.folder().segments());
    for (const auto& name : *names) {
      sum += kit.disk().open(kit.folder().segments() + "/" + name, {}).value()->size().value();
    }
    return sum;
  };
  fill(kLarge, 40u << 20);
  ASSERT_TRUE(parts->store.flush().ok());
  parts->store.evict(0);
  std::uint64_t before = bytes_left();
  ASSERT_GE(before, 40u << 20);
  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  int pieces = 0;
  for (; before > 0; ++pieces) {
    parts->store.maintain();
    EXPECT_TRUE(segments().empty()) << "it counts no longer";
    const std::uint64_t after = bytes_left();
    ASSERT_LT(after, before);
    EXPECT_LE(before - after, 17u << 20);
    before = after;
  }
  EXPECT_EQ(pieces, 3);
}

TEST_F(StoreTest, APartOfASegmentThatWasLeftGoesAtTheNextStart) {
  fill(kLarge, 40u << 20);
  ASSERT_TRUE(parts->store.flush().ok());
  parts->store.evict(0);
  ASSERT_TRUE(parts->run(parts->log.drop(kLarge.log)).ok());
  parts->store.maintain();
  const auto names = [this] { return kit.disk().list(kit.folder().segments()).value(); };
  ASSERT_EQ(names().size(), 1u);
  EXPECT_EQ(restart().damaged_segments, 0u);
  EXPECT_TRUE(names().empty());
}

TEST_F(StoreTest, ASegmentStaysWhileAReaderHoldsABlockOfIt) {
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->store.flush().ok());
  shard(kSmall).evict(~std::size_t{0});
  auto found = shard(kSmall).read(Position{1}, {});
  auto held = std::get<Shard::BlockRead>(std::move(*found));
  ASSERT_TRUE(parts->run(parts->log.drop(kSmall.log)).ok());
  parts->store.maintain();
  EXPECT_EQ(segments().size(), 1u);
  EXPECT_GT(parts->retries, 0) << "it is looked at again";
  held.blocks.clear();
  parts->store.maintain();
  EXPECT_TRUE(segments().empty());
}

TEST_F(StoreTest, ManySegmentsGoAFewAtATime) {
  for (int i = 0; i < 11; ++i) {
    fill(kSmall, 1'000);
    ASSERT_TRUE(parts->store.flush().ok());
  }
  ASSERT_TRUE(parts->run(parts->log.drop(kSmall.log)).ok());
  parts->store.maintain();
  std::size_t left = segments().size();
  EXPECT_GT(left, 5u);
  EXPECT_LT(left, 11u);
  for (int woken = 0; left > 0 && woken < parts->retries; ++woken) {
    parts->store.maintain();
    EXPECT_LT(segments().size(), left);
    left = segments().size();
  }
  EXPECT_EQ(left, 0u) << "each time it asked to be woken";
  const int asked = parts->retries;
  parts->store.maintain();
  EXPECT_EQ(parts->retries, asked) << "and no longer";
}

TEST_F(StoreTest, SegmentsAreRewrittenOneAfterTheOther) {
  for (int i = 0; i < 3; ++i) {
    fill(kSmall, 10'000);
    fill(kOther, 30'000);
    ASSERT_TRUE(parts->store.flush().ok());
  }
  const Strings before = parts->read_all(kSmall).value();
  ASSERT_TRUE(parts->run(parts->log.drop(kOther.log)).ok());
  const auto are_rewritten = [this] {
    for (const std::uint64_t number : segments()) {
      if (logs_in(number) != std::vector<LogId>{kSmall.log}) return false;
    }
    return true;
  };
  parts->store.maintain();
  EXPECT_FALSE(are_rewritten());
  for (int woken = 0; woken < parts->retries; ++woken) parts->store.maintain();
  EXPECT_TRUE(are_rewritten());
  EXPECT_EQ(parts->retries, 2) << "nothing is left to be done after the third";
  shard(kSmall).evict(~std::size_t{0});
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
}

TEST_F(StoreTest, ASharedSegmentOfWhichHalfIsAliveIsNotRewritten) {
  fill(kSmall, 10'000);
  fill(kOther, 11'000);
  ASSERT_TRUE(parts->store.flush().ok());
  const std::uint64_t shared = segments().front();
  ASSERT_TRUE(parts->run(parts->log.drop(kSmall.log)).ok());
  parts->store.maintain();
  EXPECT_EQ(segments(), std::vector<std::uint64_t>{shared}) << "more than half is alive";

  ASSERT_TRUE(parts->run(parts->log.trim(kOther, Position{3})).ok());
  parts->store.maintain();
  EXPECT_EQ(segments(), std::vector<std::uint64_t>{shared})
      << "a block is alive while a record of it is left";
}

TEST_F(StoreTest, ARewrittenSegmentHoldsWhatWasAliveAndTheOldOneIsGone) {
  const std::uint64_t shared = share_a_segment();
  const Strings before = parts->read_all(kSmall).value();
  ASSERT_TRUE(parts->run(parts->log.drop(kOther.log)).ok());
  parts->store.maintain();
  ASSERT_EQ(segments().size(), 1u);
  EXPECT_GT(segments().front(), shared);
  EXPECT_EQ(logs_in(segments().front()), std::vector<LogId>{kSmall.log});
  shard(kSmall).evict(~std::size_t{0});
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
  restart();
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
}

TEST_F(StoreTest, ASharedSegmentThatDoesNotReadBackIsLeftAsItIs) {
  const std::uint64_t shared = share_a_segment();
  kit.disk().flip_bit(kit.folder().segment_file(shared), 500, 1);
  shard(kSmall).evict(~std::size_t{0});
  ASSERT_TRUE(parts->run(parts->log.drop(kOther.log)).ok());
  for (int i = 0; i < 3; ++i) parts->store.maintain();
  EXPECT_EQ(segments(), std::vector<std::uint64_t>{shared});
  EXPECT_EQ(parts->retries, 1) << "it is tried once";
  EXPECT_GT(shard(kSmall).bounds().damaged_records, 0u);
  EXPECT_EQ(kit.read(shard(kSmall), Position{1}).error().code, EngineErrc::kCorrupt);
}

TEST_F(StoreTest, WhatDoesNotReadBackAndIsInMemoryIsWrittenAgain) {
  const std::uint64_t shared = share_a_segment();
  const Strings before = parts->read_all(kSmall).value();
  kit.disk().flip_bit(kit.folder().segment_file(shared), 500, 1);
  ASSERT_TRUE(parts->run(parts->log.drop(kOther.log)).ok());
  for (int i = 0; i < 3; ++i) parts->store.maintain();
  ASSERT_EQ(segments().size(), 1u);
  EXPECT_GT(segments().front(), shared);
  EXPECT_EQ(shard(kSmall).bounds().damaged_records, 0u);
  EXPECT_GT(shard(kSmall).evict(~std::size_t{0}), 0u);
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
  restart();
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
}

TEST_F(StoreTest, ARewriteThatFailsLeavesNoFileBehindAndIsTriedAgain) {
  share_a_segment();
  parts->store.maintain();
  ASSERT_TRUE(parts->run(parts->log.drop(kOther.log)).ok());
  const std::uint64_t used = kit.disk().used_bytes();
  kit.disk().set_capacity(used);
  for (int i = 0; i < 5; ++i) parts->store.maintain();
  EXPECT_GT(parts->retries, 0);
  EXPECT_EQ(kit.disk().used_bytes(), used);
  for (const std::string& path : kit.disk().files()) {
    EXPECT_FALSE(path.ends_with(kUnfinished)) << path;
  }
  kit.disk().set_capacity(~std::uint64_t{0});
  parts->store.maintain();
  ASSERT_EQ(segments().size(), 1u);
  EXPECT_EQ(logs_in(segments().front()), std::vector<LogId>{kSmall.log});
}

TEST_F(StoreTest, AFlushThatFailsLeavesNoFileBehindAndLosesNothing) {
  fill(kSmall, 10'000);
  const Strings before = parts->read_all(kSmall).value();
  kit.disk().fail_writes(1);
  EXPECT_FALSE(parts->store.flush().ok());
  EXPECT_TRUE(segments().empty());
  for (const std::string& path : kit.disk().files()) {
    EXPECT_FALSE(path.ends_with(kUnfinished)) << path;
  }
  EXPECT_EQ(shard(kSmall).evict(~std::size_t{0}), 0u) << "it is in no segment";
  ASSERT_TRUE(parts->store.flush().ok());
  EXPECT_EQ(parts->read_all(kSmall).value(), before);
}

TEST_F(StoreTest, WhenMemoryIsShortWhatIsInSegmentsLeavesMemory) {
  const std::size_t limit = kit.budget.limit_bytes();
  fill(kLarge, limit / 8 * 7);
  EXPECT_TRUE(parts->store.is_memory_short());
  parts->store.maintain();
  EXPECT_FALSE(parts->store.is_memory_short());
  EXPECT_LE(parts->core.used_bytes(), limit / 8 * 5);
  EXPECT_GT(parts->core.used_bytes(), limit / 8 * 3) << "no more went than the pool takes";
  EXPECT_EQ(shard(kLarge).damage().size(), 0u);
  EXPECT_EQ(kit.read(shard(kLarge), Position{1})->records.front().at, Position{1});
}

TEST_F(StoreTest, WhatLeavesMemoryIsThereForTheNextRecords) {
  const std::size_t limit = kit.budget.limit_bytes();
  fill(kLarge, limit / 8 * 7);
  parts->store.maintain();
  const std::size_t free = parts->core.pool->free_bytes();
  EXPECT_GE(free, limit / 16);
  const std::size_t charged = kit.budget.used_bytes();
  fill(kLarge, free / 2);
  EXPECT_LT(parts->core.pool->free_bytes(), free);
  EXPECT_LE(kit.budget.used_bytes(), charged + (1u << 20)) << "but for the journal's own";
  EXPECT_FALSE(parts->store.is_memory_short()) << "what is free does not count";
}

TEST_F(StoreTest, EvictionTakesFromAllShardsInTurn) {
  constexpr std::uint32_t kShards = 8;
  const std::size_t limit = kit.budget.limit_bytes();
  const auto ref = [](std::uint32_t number) { return ShardRef{LogId{30 + number}, 0}; };
  for (std::uint32_t i = 0; i < kShards; ++i) {
    ASSERT_TRUE(parts->ensure(ref(i).log, 1).ok());
    fill(ref(i), limit / 16);
  }
  ASSERT_TRUE(parts->store.flush().ok());
  const auto in_memory_from = [&](std::uint32_t number) {
    Position at{1};
    while (std::holds_alternative<Shard::BlockRead>(*shard(ref(number)).read(at, {}))) ++at.index;
    return at;
  };
  const std::size_t piece = limit / 32;
  for (std::uint32_t i = 0; i < kShards; ++i) {
    parts->store.evict(parts->core.used_bytes() - piece);
    EXPECT_GT(in_memory_from(i), Position{1}) << "shard " << i << " has its turn";
    for (std::uint32_t later = i + 1; later < kShards; ++later) {
      EXPECT_EQ(in_memory_from(later), Position{1}) << "and shard " << later << " not yet";
    }
  }
}

TEST_F(StoreTest, WhatOthersLackIsNotKeptFree) {
  const std::size_t limit = kit.budget.limit_bytes();
  fill(kLarge, limit / 8 * 7);
  const auto others = kit.whole.take(kit.whole.limit_bytes() / 4 * 3);
  parts->store.maintain();
  EXPECT_LE(parts->core.used_bytes(), limit / 2);
  EXPECT_EQ(parts->core.pool->free_bytes(), 0u);
}

TEST_F(StoreTest, MemoryThatOthersHoldIsNoReasonForASegmentACommit) {
  fill(kLarge, 20u << 20);
  parts->store.maintain();  // Which also lets the closed files of the journal go.
  ASSERT_FALSE(parts->files.last_closed().has_value());
  const std::size_t segments_before = segments().size();
  const auto others = kit.whole.take(kit.whole.limit_bytes() / 16 * 13);
  ASSERT_TRUE(parts->store.is_memory_short());
  for (int i = 0; i < 10; ++i) {
    fill(kSmall, 1'000);
    parts->store.maintain();
  }
  // The journal's files are small here, and each that is closed is a reason.
  EXPECT_LE(segments().size(), segments_before + 3);
  EXPECT_LT(parts->core.used_bytes(), 4u << 20) << "what could go without that went";
}

TEST_F(StoreTest, ClosedJournalFilesGoOnlyBehindASnapshotThatReplacesThem) {
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->run(parts->marks.put(parts->core.epoch, {{"before", "1"}})).ok());
  turn_the_journal_over();
  ASSERT_TRUE(parts->files.last_closed().has_value());
  const std::uint64_t closed = parts->files.last_closed()->number;
  parts->store.maintain();
  EXPECT_FALSE(parts->files.last_closed().has_value());
  EXPECT_EQ(kit.folder().snapshot_numbers().value(), std::vector<std::uint64_t>{closed});
  EXPECT_EQ(segments().size(), 1u);
  restart();
  EXPECT_EQ(parts->core.marks.get("before"), "1");
  EXPECT_EQ(parts->read_all(kSmall)->size(), 5u);
}

TEST_F(StoreTest, ASnapshotThatFailsReleasesNoJournalFile) {
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->files.prepare().ok());
  turn_the_journal_over();
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_TRUE(parts->files.prepare().ok());
  kit.disk().fail_writes(1);
  parts->store.maintain();
  EXPECT_TRUE(parts->files.last_closed().has_value());
  EXPECT_TRUE(kit.folder().snapshot_numbers()->empty());
  EXPECT_EQ(parts->retries, 1);
  restart();
  EXPECT_EQ(parts->read_all(kSmall)->size(), 5u);
}

TEST_F(StoreTest, OneSnapshotIsKept) {
  for (int i = 0; i < 4; ++i) {
    turn_the_journal_over();
    parts->store.maintain();
  }
  EXPECT_EQ(kit.folder().snapshot_numbers()->size(), 1u);
}

TEST_F(StoreTest, AFileThatCannotBeFlushedYetHoldsPutsBackAtTwiceTheJournal) {
  kit.world.faults().set_chance(env::FaultPoint::kFlushDelayed, 1);
  Result<Appended> appended = Appended{};
  std::uint64_t written = 0;
  for (; written < 300 && appended.ok(); ++written) {
    appended = parts->append(kSmall, {std::string(10'000, 'x')});
    parts->store.maintain();
  }
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code, EngineErrc::kUnavailable);
  EXPECT_GT(parts->files.closed_bytes(), 2 * parts->options.journal_bytes_max);
  kit.world.faults().set_chance(env::FaultPoint::kFlushDelayed, 0);
  parts->store.maintain();
  EXPECT_TRUE(parts->append(kSmall, {"goes on"}).ok());
}

/// Seed 37516 of EngineOneCrash: the next sync "succeeded", a segment went that only a lost trim
/// had freed, and its records were damaged after the cut of power.
TEST_F(StoreTest, AfterAFailedSyncOfTheJournalNothingDependsOnTheNextOne) {
  Options options = small_files();
  options.durability = Durability::kOs;
  parts.reset();
  kit.open_folder();
  parts = std::make_unique<Parts>(kit, options);
  parts->opened();
  turn_the_journal_over();
  parts->store.maintain();  // So that below no file is closed, and none is made.
  fill(kSmall, 1'000);
  ASSERT_TRUE(parts->store.flush().ok());
  parts->store.maintain();
  ASSERT_TRUE(parts->run(parts->log.trim(kSmall, Position{6})).ok());
  kit.disk().fail_syncs(1);
  parts->store.maintain();
  EXPECT_TRUE(parts->journal.has_failed());
  parts->store.maintain();
  EXPECT_EQ(segments().size(), 1u) << "the trim may be lost";
  const auto refused = parts->append(kSmall, {"refused"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, EngineErrc::kFailed);

  kit.world.crash([&] { parts.reset(); });
  EXPECT_EQ(restart().damaged_records, 0u);
  EXPECT_TRUE(parts->read_all(kSmall).ok());
}

}  // namespace
}  // namespace penstock::engine::local
