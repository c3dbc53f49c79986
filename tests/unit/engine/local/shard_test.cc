#include "engine/local/shard.h"

#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

ShardState fresh() {
  ShardState state;
  state.ref = kShard;
  return state;
}

using Ranges = std::vector<std::pair<Position, Position>>;

class ShardTest : public ::testing::Test {
 protected:
  Kit kit;
  Shard shard{fresh()};
  Wakeups nobody;

  Appended append(const Strings& data, ServiceTime arrival = {}) {
    return kit.append(shard, data, arrival);
  }
  /// At start, from a journal.
  void replay(Position first, const Strings& data, ServiceTime arrival = {}) {
    shard.replay(records_frame(kShard, first, arrival, data), *kit.pool);
  }
  Strings all() { return kit.read_all(shard).value(); }
};

// --- Staging --------------------------------------------------------------------------------

TEST_F(ShardTest, StagedRecordsAreNotSeenBeforeTheyArePublished) {
  const auto staged = shard.stage(records_of({"a", "b"}), {}, *kit.pool, nullptr);
  ASSERT_TRUE(staged.ok());
  EXPECT_EQ(staged->first, Position{1});
  EXPECT_EQ(shard.bounds().next, Position{1});
  EXPECT_TRUE(all().empty());
  shard.publish(Position{3}, nobody);
  EXPECT_EQ(all(), (Strings{"a", "b"}));
}

TEST_F(ShardTest, APublishShowsWhatLiesBeforeItAndNothingBehind) {
  ASSERT_TRUE(shard.stage(records_of({"a"}), {}, *kit.pool, nullptr).ok());
  ASSERT_TRUE(shard.stage(records_of({"b"}), {}, *kit.pool, nullptr).ok());
  shard.publish(Position{2}, nobody);
  EXPECT_EQ(all(), Strings{"a"});
  shard.publish(Position{1}, nobody);
  EXPECT_EQ(shard.bounds().next, Position{2}) << "it never goes back";
}

TEST_F(ShardTest, TheFramesHandedToTheJournalHoldTheRecords) {
  std::vector<std::span<const std::uint8_t>> frames;
  const Strings data(100, std::string(2'000, 'f'));
  const auto staged = shard.stage(records_of(data), service_time(5), *kit.pool, &frames);
  ASSERT_TRUE(staged.ok());
  EXPECT_GT(frames.size(), 1u) << "200 KB do not fit into one frame";
  Position at = staged->first;
  for (const auto frame : frames) {
    ASSERT_TRUE(records_fit(frame));
    EXPECT_EQ(records_header(frame.data()).first, at);
    at = records_header(frame.data()).next();
  }
  EXPECT_EQ(at, Position{101});
}

TEST_F(ShardTest, WithoutMemoryNothingHappened) {
  Budget small(48u << 10);
  const auto pool = std::make_shared<ChunkPool>(small, 0);
  Shard poor(fresh());
  ASSERT_TRUE(poor.stage(records_of({"a"}), service_time(10), *pool, nullptr).ok());
  std::vector<std::span<const std::uint8_t>> frames;
  const Strings large(5, std::string(14'000, 'x'));
  const auto refused = poor.stage(records_of(large), service_time(99), *pool, &frames);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, EngineErrc::kUnavailable);
  EXPECT_TRUE(frames.empty());
  const auto next = poor.stage(records_of({"b"}), service_time(20), *pool, nullptr);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->first, Position{2});
  EXPECT_EQ(next->arrival, service_time(20)) << "the refused one's time does not count";
  poor.publish(Position{3}, nobody);
  EXPECT_EQ(kit.read_all(poor).value(), (Strings{"a", "b"}));
}

TEST_F(ShardTest, AStagedSealTakesNoMoreRecordsAndSaysOnePositionForEver) {
  append({"a"});
  EXPECT_EQ(shard.stage_seal(), Position{2});
  EXPECT_EQ(shard.stage(records_of({"b"}), {}, *kit.pool, nullptr).error().code,
            EngineErrc::kSealed);
  EXPECT_EQ(shard.stage_seal(), Position{2});
  EXPECT_FALSE(shard.bounds().sealed) << "not before it is durable";
  shard.apply_seal(Position{2}, nobody);
  EXPECT_TRUE(shard.bounds().sealed);
  EXPECT_TRUE(kit.read(shard, Position{2})->end_of_shard);
}

TEST_F(ShardTest, AStagedDropTakesNoMoreRecordsAndIsStillRead) {
  append({"a"});
  shard.stage_drop();
  EXPECT_TRUE(shard.drop_staged());
  EXPECT_EQ(shard.stage(records_of({"b"}), {}, *kit.pool, nullptr).error().code,
            EngineErrc::kNoSuchShard);
  EXPECT_EQ(all(), Strings{"a"});
  shard.apply_drop(nobody);
  EXPECT_EQ(shard.read(Position{1}, {}).error().code, EngineErrc::kNoSuchShard);
}

/// Journal and puts wait for whoever drops or trims: what that costs must not grow with the shard.
TEST_F(ShardTest, ADropFreesNothingAndWhatItLeftGoesAFewChunksAtATime) {
  for (int i = 0; i < 30; ++i) append(Strings(10, std::string(100'000, 'x')));
  const std::size_t before = kit.budget.used_bytes();
  shard.apply_drop(nobody);
  EXPECT_EQ(kit.budget.used_bytes(), before);
  int steps = 0;
  for (bool is_more = true; is_more; ++steps) {
    const std::size_t held = kit.budget.used_bytes();
    is_more = shard.release_some();
    kit.pool->clear();
    EXPECT_LE(held - kit.budget.used_bytes(), 20u << 20);
  }
  EXPECT_GT(steps, 1);
  EXPECT_EQ(kit.budget.used_bytes(), 0u);
}

TEST_F(ShardTest, BlocksOfADroppedShardGoSomeAtATimeAndAreAliveUntilThen) {
  const auto segment = std::make_shared<Segment>(kit.disk(), 1, "none", 2'500, false);
  for (std::uint64_t i = 1; i <= 2'500; ++i) {
    shard.restore({{kShard, Position{i}, Position{i + 1}, {}, {}, i, 1, 0}, segment});
  }
  shard.finish_restore();
  shard.apply_drop(nobody);
  EXPECT_EQ(segment->live_bytes(), 2'500u);
  std::vector<std::uint64_t> left;
  for (bool is_more = true; is_more;) {
    is_more = shard.release_some();
    left.push_back(segment->live_bytes());
  }
  EXPECT_EQ(left, (std::vector<std::uint64_t>{1'500, 500, 0}));
  EXPECT_EQ(segment.use_count(), 1);
}

// --- Trimming -------------------------------------------------------------------------------

TEST_F(ShardTest, ATrimInsideAFrameHidesItsFirstRecords) {
  append(numbers(0, 10));
  shard.apply_trim(Position{5});
  EXPECT_EQ(all(), numbers(4, 10));
  EXPECT_EQ(shard.bounds().trimmed_records, 4u);
  EXPECT_TRUE(kit.read(shard, Position{1})->trimmed);
}

TEST_F(ShardTest, ATrimNeverReachesStagedRecords) {
  append({"a"});
  ASSERT_TRUE(shard.stage(records_of({"b"}), {}, *kit.pool, nullptr).ok());
  shard.apply_trim(Position{100});
  EXPECT_EQ(shard.bounds().horizon, Position{2});
  shard.publish(Position{3}, nobody);
  EXPECT_EQ(all(), Strings{"b"});
}

TEST_F(ShardTest, ATrimFreesNothingAndWhatItLeftIsReadByNobody) {
  append(Strings(400, std::string(2'000, 'x')), service_time(10));
  append({"last"}, service_time(20));
  const auto segment = kit.flush(shard, 1);
  const auto blocks = shard.blocks_in(segment.get());
  shard.evict(~std::size_t{0});
  kit.pool->clear();
  for (const StoredBlock& stored : blocks) {
    if (stored.block.next >= Position{401}) break;
    kit.disk().flip_bit(segment->path(), stored.block.offset + 100, 1);
  }
  append(Strings(3, "in memory"), service_time(30));
  const std::uint64_t alive = segment->live_bytes();
  shard.apply_trim(Position{401});
  EXPECT_EQ(segment->live_bytes(), alive);
  EXPECT_EQ(all(), (Strings{"last", "in memory", "in memory", "in memory"}));
  EXPECT_EQ(kit.locate(shard, service_time(5)), Position{401}) << "from no block that was trimmed";
  EXPECT_TRUE(shard.damage().empty());

  shard.apply_trim(Position{403});
  shard.release_all();
  EXPECT_EQ(segment->live_bytes(), 0u);
  EXPECT_EQ(all(), (Strings{"in memory", "in memory"}));
}

TEST_F(ShardTest, AChunkThatWasTrimmedTakesRecordsUntilItIsGivenBack) {
  append({"a"});
  shard.apply_trim(Position{2});
  append({"b"});
  ASSERT_TRUE(shard.stage(records_of({"c"}), {}, *kit.pool, nullptr).ok());
  EXPECT_FALSE(shard.release_some());
  EXPECT_EQ(all(), Strings{"b"});
  shard.apply_trim(Position{3});
  EXPECT_FALSE(shard.release_some());
  shard.publish(Position{4}, nobody);
  EXPECT_EQ(all(), Strings{"c"}) << "it was staged, and stays";
}

// --- Replay ---------------------------------------------------------------------------------

TEST_F(ShardTest, AReplayEndsWhereTheShardWas) {
  replay(Position{1}, {"a", "b"}, service_time(10));
  replay(Position{3}, {"c"}, service_time(20));
  EXPECT_EQ(all(), (Strings{"a", "b", "c"}));
  EXPECT_EQ(shard.bounds().next, Position{4});
  const auto next = shard.stage(records_of({"d"}), service_time(5), *kit.pool, nullptr);
  EXPECT_EQ(next->first, Position{4});
  EXPECT_EQ(next->arrival, service_time(20)) << "arrival never goes back";
}

TEST_F(ShardTest, AFrameReplayedTwiceIsThereOnce) {
  for (int i = 0; i < 2; ++i) {
    replay(Position{1}, {"a", "b"});
    replay(Position{3}, {"c"});
  }
  EXPECT_EQ(all(), (Strings{"a", "b", "c"}));
  EXPECT_EQ(shard.bounds().next, Position{4});
}

TEST_F(ShardTest, AGapInTheReplayStaysDamagedAndWhatFollowsIsRead) {
  replay(Position{1}, {"a", "b"});
  replay(Position{6}, {"f"});
  EXPECT_EQ(shard.damage(), (Ranges{{Position{3}, Position{6}}}));
  const auto damaged = shard.read(Position{4}, {});
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(damaged.error().message.find("positions 4 to 5"), std::string::npos)
      << damaged.error().message;
  EXPECT_EQ(kit.read_all(shard, Position{6}).value(), Strings{"f"});
  EXPECT_EQ(texts_of(*kit.read(shard, Position{1})), (Strings{"a", "b"}));
}

TEST_F(ShardTest, LostRecordsAtTheEndAreNeverNumberedAgain) {
  replay(Position{1}, {"a"});
  shard.replay_gap(3);
  EXPECT_EQ(shard.bounds().next, Position{5});
  EXPECT_EQ(append({"b"}).first, Position{5});
  EXPECT_EQ(shard.damage(), (Ranges{{Position{2}, Position{5}}}));
  EXPECT_EQ(kit.read_all(shard, Position{5}).value(), Strings{"b"});
}

TEST_F(ShardTest, FencedRecordsAreCountedUntilATrimPassesThem) {
  replay(Position{1}, {"a", "b"});
  replay(Position{6}, {"f"});  // 3, 4, 5 are missing,
  shard.replay_gap(4);         // and 7 to 10.
  EXPECT_EQ(shard.fence_damage(), shard.damage());
  EXPECT_EQ(shard.bounds().damaged_records, 7u);
  append({"k"});
  EXPECT_EQ(shard.bounds().damaged_records, 7u);
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> left_after_trim = {
      {3, 7}, {5, 5}, {6, 4}, {7, 4}, {10, 1}, {11, 0}, {12, 0}};
  for (const auto& [before, left] : left_after_trim) {
    shard.apply_trim(Position{before});
    EXPECT_EQ(shard.bounds().damaged_records, left) << "trimmed before " << before;
  }
}

TEST_F(ShardTest, AGapDoesNotReachBehindASeal) {
  replay(Position{1}, {"a"});
  shard.apply_seal(Position{3}, nobody);
  shard.replay_gap(10);
  EXPECT_EQ(shard.bounds().next, Position{3});
}

TEST_F(ShardTest, FramesBeforeTheHorizonAreCountedAndNotKept) {
  ShardState state = fresh();
  state.horizon = state.next = state.flushed_next = Position{10};
  state.trimmed_records = 9;
  Shard trimmed(state);
  trimmed.replay(records_frame(kShard, Position{5}, {}, numbers(0, 5)), *kit.pool);
  EXPECT_EQ(kit.budget.used_bytes(), 0u);
  EXPECT_EQ(trimmed.bounds().next, Position{10});
  trimmed.replay(records_frame(kShard, Position{10}, {}, {"x"}), *kit.pool);
  EXPECT_EQ(kit.read_all(trimmed).value(), Strings{"x"});
}

TEST_F(ShardTest, ReplayGoesOnWithoutBudget) {
  Budget spent(0);
  const auto pool = std::make_shared<ChunkPool>(spent, 0);
  Shard poor(fresh());
  poor.replay(records_frame(kShard, Position{1}, {}, {"a"}), *pool);
  EXPECT_EQ(kit.read_all(poor).value(), Strings{"a"});
}

// --- Segments -------------------------------------------------------------------------------

TEST_F(ShardTest, WhatIsFlushedIsReadFromItsBlocksAfterTheEviction) {
  append(numbers(0, 100));
  kit.flush(shard, 1);
  EXPECT_EQ(shard.unflushed().parts.size(), 0u);
  EXPECT_GT(shard.evict(1), 0u);
  EXPECT_EQ(all(), numbers(0, 100));
  append(numbers(100, 110));
  EXPECT_EQ(all(), numbers(0, 110)) << "segment, then memory";
}

TEST_F(ShardTest, TheChunkThatIsFilledStaysUnlessItIsAskedFor) {
  append(numbers(0, 100));
  kit.flush(shard, 1);
  EXPECT_EQ(shard.evict(~std::size_t{0}, Shard::Evicted::kFull), 0u);
  append(Strings(3, std::string(16u << 10, 'x')));
  kit.flush(shard, 2);
  EXPECT_EQ(shard.evict(~std::size_t{0}, Shard::Evicted::kFull), std::size_t{16} << 10)
      << "the first one is full";
  EXPECT_GT(shard.evict(~std::size_t{0}, Shard::Evicted::kAll), 0u);
}

TEST_F(ShardTest, OnlyDurableRecordsAreFlushed) {
  append({"a"});
  ASSERT_TRUE(shard.stage(records_of({"b"}), {}, *kit.pool, nullptr).ok());
  const auto unflushed = shard.unflushed();
  EXPECT_EQ(unflushed.to, Position{2});
  const auto segment = kit.write_segment(shard, unflushed, 1);
  ASSERT_EQ(segment.blocks.size(), 1u);
  EXPECT_EQ(segment.blocks[0].next, Position{2});
}

TEST_F(ShardTest, OnlyWhatIsInSegmentsIsEvicted) {
  append(numbers(0, 10));
  EXPECT_EQ(shard.evict(1u << 20), 0u);
  kit.flush(shard, 1);
  append(numbers(10, 12));
  EXPECT_EQ(shard.evict(1u << 20), 0u) << "its chunk holds a record that is in no segment";
  kit.flush(shard, 2);
  EXPECT_GT(shard.evict(1u << 20), 0u);
  EXPECT_EQ(all(), numbers(0, 12));
}

TEST_F(ShardTest, ATrimBetweenUnflushedAndFlushedLeavesNothingAlive) {
  append(numbers(0, 50));
  const auto unflushed = shard.unflushed();
  const auto segment = kit.write_segment(shard, unflushed, 1);
  shard.apply_trim(Position{51});
  shard.flushed(Kit::blocks_of(segment), unflushed);
  EXPECT_EQ(segment.segment->live_bytes(), 0u);
  EXPECT_TRUE(shard.blocks_in(segment.segment.get()).empty());
  EXPECT_EQ(append({"next"}).first, Position{51});
  EXPECT_EQ(all(), Strings{"next"});
}

TEST_F(ShardTest, ATrimInsideTheBlockBeingWrittenKeepsTheBlock) {
  append(numbers(0, 50));
  const auto unflushed = shard.unflushed();
  const auto segment = kit.write_segment(shard, unflushed, 1);
  shard.apply_trim(Position{21});
  shard.flushed(Kit::blocks_of(segment), unflushed);
  shard.evict(1u << 20);
  EXPECT_EQ(all(), numbers(20, 50));
  shard.apply_trim(Position{51});
  shard.release_all();
  EXPECT_EQ(segment.segment->live_bytes(), 0u);
}

TEST_F(ShardTest, ADropWhileItIsFlushedLeavesNothingAlive) {
  append(numbers(0, 50));
  const auto unflushed = shard.unflushed();
  const auto segment = kit.write_segment(shard, unflushed, 1);
  shard.apply_drop(nobody);
  shard.flushed(Kit::blocks_of(segment), unflushed);
  EXPECT_EQ(segment.segment->live_bytes(), 0u);
  EXPECT_TRUE(shard.unflushed().parts.empty());
}

TEST_F(ShardTest, BlocksOfASegmentAreAliveUntilTrimmed) {
  append(Strings(400, std::string(2'000, 'x')));
  const auto segment = kit.flush(shard, 1);
  ASSERT_GT(shard.blocks_in(segment.get()).size(), 2u);
  EXPECT_EQ(segment->live_bytes(), segment->total_bytes());
  const Block first = shard.blocks_in(segment.get()).front().block;
  shard.apply_trim(Position{first.next.index - 1});
  shard.release_all();
  EXPECT_EQ(segment->live_bytes(), segment->total_bytes()) << "a record of it is left";
  shard.apply_trim(first.next);
  shard.release_all();
  EXPECT_EQ(segment->live_bytes(), segment->total_bytes() - first.length);
}

TEST_F(ShardTest, OverlappingBlocksGiveEachRecordOnce) {
  append(numbers(0, 30));
  const auto early = kit.write_segment(shard, shard.unflushed(), 1);
  append(numbers(30, 50));
  const auto late = kit.write_segment(shard, shard.unflushed(), 2);  // From 0 on once more.
  append(numbers(50, 60));
  shard.apply_trim(Position{1});
  const auto rest = shard.unflushed();
  ShardState state = fresh();
  Shard restored(state);
  for (const auto* segment : {&late, &early}) {
    for (const StoredBlock& block : Kit::blocks_of(*segment)) restored.restore(block);
  }
  restored.finish_restore();
  EXPECT_EQ(kit.read_all(restored).value(), numbers(0, 50));
  EXPECT_EQ(restored.bounds().next, Position{51});
  EXPECT_EQ(early.segment->live_bytes(), 0u) << "it lies inside the other one";
  EXPECT_EQ(rest.to, Position{61});
}

TEST_F(ShardTest, OfTwoEqualBlocksTheNewerSegmentsCopyIsKept) {
  append(numbers(0, 30));
  const auto one = kit.write_segment(shard, shard.unflushed(), 1);
  const auto two = kit.write_segment(shard, shard.unflushed(), 2);
  for (const bool newer_first : {false, true}) {
    Shard restored(fresh());
    restored.restore(Kit::blocks_of(newer_first ? two : one).front());
    restored.restore(Kit::blocks_of(newer_first ? one : two).front());
    restored.finish_restore();
    EXPECT_EQ(restored.blocks_in(two.segment.get()).size(), 1u);
    EXPECT_TRUE(restored.blocks_in(one.segment.get()).empty());
    restored.apply_drop(nobody);
  }
}

TEST_F(ShardTest, BlocksAndTheJournalsTailMeet) {
  append(numbers(0, 30));
  const auto segment = kit.write_segment(shard, shard.unflushed(), 1);
  Shard restored(fresh());
  restored.restore(Kit::blocks_of(segment).front());
  restored.finish_restore();
  restored.replay(records_frame(kShard, Position{1}, {}, numbers(0, 30)), *kit.pool);
  EXPECT_EQ(kit.budget.used_bytes(), 16u << 10) << "only the first shard's chunk: all is known";
  restored.replay(records_frame(kShard, Position{31}, {}, numbers(30, 35)), *kit.pool);
  EXPECT_EQ(kit.read_all(restored).value(), numbers(0, 35));
  EXPECT_TRUE(restored.damage().empty());
}

TEST_F(ShardTest, AMissingBlockIsDamageUntilTheJournalHasItsRecords) {
  append(numbers(0, 10));
  kit.flush(shard, 1);
  append(numbers(10, 20));
  const auto second = kit.flush(shard, 2);
  ShardState state = shard.state();
  Shard restored(state);
  for (const StoredBlock& block : shard.blocks_in(second.get())) restored.restore(block);
  restored.finish_restore();
  EXPECT_EQ(restored.damage(), (Ranges{{Position{1}, Position{11}}}));
  EXPECT_EQ(restored.read(Position{3}, {}).error().code, EngineErrc::kCorrupt);
  EXPECT_EQ(kit.read_all(restored, Position{11}).value(), numbers(10, 20));
  restored.apply_trim(Position{11});
  EXPECT_TRUE(restored.damage().empty()) << "a trim ends it";
}

TEST_F(ShardTest, ARelocatedBlockIsReadFromItsCopy) {
  append(numbers(0, 30));
  const auto old_segment = kit.flush(shard, 1);
  shard.evict(1u << 20);
  Bytes bytes(shard.blocks_in(old_segment.get()).front().block.length);
  const Block block = shard.blocks_in(old_segment.get()).front().block;
  ASSERT_TRUE(read_block(*old_segment, block, bytes).ok());
  auto writer = SegmentWriter::create(kit.folder(), 2);
  ASSERT_TRUE(writer->add(block, bytes).ok());
  const auto copy = writer->finish();
  ASSERT_TRUE(copy.ok());
  shard.relocate(old_segment.get(), Kit::blocks_of(*copy).front());
  EXPECT_EQ(old_segment->live_bytes(), 0u);
  EXPECT_EQ(copy->segment->live_bytes(), block.length);
  ASSERT_TRUE(kit.disk().remove(old_segment->path()).ok());
  EXPECT_EQ(all(), numbers(0, 30));
}

TEST_F(ShardTest, AReadOfBlocksKeepsToItsLimits) {
  append(Strings(500, std::string(3'000, 'x')));
  kit.flush(shard, 1);
  shard.evict(~std::size_t{0});
  EXPECT_EQ(kit.read(shard, Position{7}, {.records_max = 9})->records.size(), 9u);
  const auto bytes = kit.read(shard, Position{90}, {.bytes_max = 4 * 3'003});
  EXPECT_EQ(bytes->records.size(), 4u);
  EXPECT_EQ(bytes->records.front().at, Position{90});
  EXPECT_EQ(kit.read(shard, Position{500}, {.bytes_max = 1})->records.size(), 1u);
}

TEST_F(ShardTest, ADamagedBlockGivesWhatLiesBeforeItThenSaysSo) {
  append(Strings(500, std::string(3'000, 'x')));
  const auto segment = kit.flush(shard, 1);
  shard.evict(~std::size_t{0});
  const auto blocks = shard.blocks_in(segment.get());
  ASSERT_GT(blocks.size(), 2u);
  kit.disk().flip_bit(segment->path(), blocks[1].block.offset + 1'000, 3);
  const auto before = kit.read(shard, Position{1});
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->next, blocks[0].block.next);
  EXPECT_EQ(kit.read(shard, before->next).error().code, EngineErrc::kCorrupt);
  EXPECT_TRUE(kit.read(shard, blocks[2].block.first).ok());
}

TEST_F(ShardTest, ABlockThatDidNotReadBackIsFenced) {
  append(Strings(250, std::string(3'000, 'x')), service_time(10));
  append(Strings(250, std::string(3'000, 'x')), service_time(20));
  const auto segment = kit.flush(shard, 1);
  shard.evict(~std::size_t{0});
  const auto blocks = shard.blocks_in(segment.get());
  ASSERT_GT(blocks.size(), 3u);
  const Block& bad = blocks[1].block;
  const std::uint64_t lost = bad.next.index - bad.first.index;
  kit.disk().flip_bit(segment->path(), bad.offset + 1'000, 3);
  EXPECT_EQ(shard.bounds().damaged_records, 0u) << "nobody knows yet";
  const auto first = kit.read(shard, bad.first);
  EXPECT_NE(first.error().message.find(segment->path()), std::string::npos);
  EXPECT_EQ(shard.bounds().damaged_records, lost);
  EXPECT_EQ(shard.damage(), (Ranges{{bad.first, bad.next}}));

  const auto pieces = kit.reader->counts().pieces_read;
  const auto again = shard.read(Position{bad.first.index + 1}, {});
  ASSERT_FALSE(again.ok()) << "without asking the disk";
  EXPECT_EQ(again.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(again.error().message.find("to " + std::to_string(bad.next.index - 1)),
            std::string::npos)
      << again.error().message;
  EXPECT_EQ(kit.locate(shard, bad.last_arrival), blocks[0].block.first)
      << "all of these came at once";
  EXPECT_EQ(kit.reader->counts().pieces_read, pieces);
  EXPECT_EQ(kit.read(shard, Position{1})->next, bad.first);
  EXPECT_EQ(kit.read(shard, bad.next)->records.front().at, bad.next);
  EXPECT_EQ(shard.blocks_from(Position{1}, ~std::size_t{0}).size(), 1u);
  EXPECT_EQ(segment->live_bytes(), segment->total_bytes()) << "the file stays as it is";

  shard.apply_trim(Position{bad.first.index + 1});
  EXPECT_EQ(shard.bounds().damaged_records, lost - 1);
  shard.apply_trim(bad.next);
  EXPECT_EQ(shard.bounds().damaged_records, 0u);
}

TEST_F(ShardTest, ADamagedBlockThatIsInMemoryTooIsFlushedAgain) {
  append(Strings(250, std::string(3'000, 'x')), service_time(10));
  const auto segment = kit.flush(shard, 1);
  const StoredBlock bad = shard.blocks_in(segment.get())[1];
  EXPECT_EQ(shard.fence(bad), Shard::Fenced::kCopy);
  EXPECT_EQ(shard.bounds().damaged_records, 0u);
  EXPECT_EQ(shard.unflushed().from, bad.block.first);

  shard.evict(~std::size_t{0});  // All but what has to be flushed again.
  EXPECT_EQ(all().size(), 250u);
  kit.flush(shard, 2);
  shard.evict(~std::size_t{0});
  EXPECT_EQ(shard.evict(~std::size_t{0}), 0u);
  EXPECT_EQ(all().size(), 250u);
  EXPECT_TRUE(shard.damage().empty());
}

TEST_F(ShardTest, ABlockThatIsFoundDamagedDuringAFlushIsInTheNextOne) {
  append(Strings(250, std::string(3'000, 'x')), service_time(10));
  const auto segment = kit.flush(shard, 1);
  append({"later"});
  const auto unflushed = shard.unflushed();
  const StoredBlock bad = shard.blocks_in(segment.get())[0];
  EXPECT_EQ(shard.fence(bad), Shard::Fenced::kCopy);
  const auto later = kit.write_segment(shard, unflushed, 2);
  shard.flushed(Kit::blocks_of(later), unflushed);
  EXPECT_EQ(shard.unflushed().from, bad.block.first);
  kit.flush(shard, 3);
  shard.evict(~std::size_t{0});
  EXPECT_EQ(all().size(), 251u);
  EXPECT_TRUE(shard.damage().empty());
}

TEST_F(ShardTest, WhatMemoryHeldOfADamagedBlockIsDamagedWhenItIsEvicted) {
  append(Strings(250, std::string(3'000, 'x')), service_time(10));
  const auto segment = kit.flush(shard, 1);
  shard.evict(1);  // Of the first chunk; the others have the rest of its block.
  const StoredBlock bad = shard.blocks_in(segment.get())[0];
  EXPECT_EQ(shard.fence(bad), Shard::Fenced::kDamage);
  const std::uint64_t block_records = bad.block.next.index - bad.block.first.index;
  const std::uint64_t lost = shard.bounds().damaged_records;
  EXPECT_GT(lost, 0u);
  ASSERT_LT(lost, block_records) << "a part is in memory";
  EXPECT_EQ(kit.read(shard, Position{bad.block.first.index + lost})->records.size(), 250 - lost);
  shard.evict(~std::size_t{0});
  EXPECT_EQ(shard.bounds().damaged_records, block_records);
}

TEST_F(ShardTest, WhatOthersHoldOfADamagedBlockIsNotFenced) {
  append(numbers(0, 30));
  const auto early = kit.write_segment(shard, shard.unflushed(), 1);
  append(numbers(30, 50));
  Shard restored(fresh());
  restored.restore(Kit::blocks_of(early).front());
  // From 20 on once more.
  const auto frame = records_frame(kShard, Position{21}, {}, numbers(20, 50));
  auto writer = SegmentWriter::create(kit.folder(), 2);
  ASSERT_TRUE(writer->add(kShard, Position{21}, Position{51}, frame).ok());
  const auto late = writer->finish();
  ASSERT_TRUE(late.ok());
  restored.restore(Kit::blocks_of(*late).front());
  restored.finish_restore();

  kit.disk().flip_bit(late->segment->path(), 200, 3);
  EXPECT_EQ(kit.read(restored, Position{40}).error().code, EngineErrc::kCorrupt);
  EXPECT_EQ(restored.damage(), (Ranges{{Position{31}, Position{51}}}));
  EXPECT_EQ(texts_of(*kit.read(restored, Position{25})), numbers(24, 30));
  EXPECT_EQ(restored.read(Position{31}, {}).error().code, EngineErrc::kCorrupt);
  EXPECT_EQ(restored.fence(Kit::blocks_of(*late).front()), Shard::Fenced::kNothing);
}

// --- Against a model ------------------------------------------------------------------------

struct Written {
  Position at;
  ServiceTime arrival;
  std::string text;
};

Position expected_location(const std::vector<Written>& written, const Bounds& bounds,
                           ServiceTime at) {
  for (const Written& one : written) {
    if (one.at >= bounds.horizon && one.arrival >= at) return one.at;
  }
  return bounds.next;
}

TEST(ShardModel, ReadsAndLocatesAsALinearListDoes) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Kit kit(seed);
    Shard shard(fresh());
    env::sim::Prng random(seed);
    std::vector<Written> written;
    std::uint64_t segments = 0;
    std::int64_t clock = 1'000;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t what = random.below(10);
      if (what < 6) {
        Strings data;
        for (std::uint64_t i = random.between(1, 30); i > 0; --i) {
          data.push_back(std::to_string(written.size() + data.size()) +
                         std::string(random.below(random.chance(0.1) ? 9'000 : 100), '.'));
        }
        const Appended appended = kit.append(shard, data, service_time(clock));
        for (std::size_t i = 0; i < data.size(); ++i) {
          written.push_back({Position{appended.first.index + i}, appended.arrival, data[i]});
        }
        clock += static_cast<std::int64_t>(random.below(4)) - 1;
      } else if (what < 8) {
        kit.flush(shard, ++segments);
      } else if (what == 8) {
        shard.evict(random.below(100'000));
      } else {
        const Bounds bounds = shard.bounds();
        shard.apply_trim(Position{random.between(bounds.horizon.index, bounds.next.index)});
      }
      if (random.chance(0.3)) shard.release_some();
      ASSERT_TRUE(shard.damage().empty());
      const Bounds bounds = shard.bounds();
      ASSERT_EQ(bounds.next.index, written.size() + 1);
      const ServiceTime at = service_time(
          static_cast<std::int64_t>(random.between(990, static_cast<std::uint64_t>(clock) + 3)));
      EXPECT_EQ(kit.locate(shard, at), expected_location(written, bounds, at));
      const Position from{random.between(0, bounds.next.index)};
      const std::size_t limit = random.between(1, 60);
      const auto slice = kit.read(shard, from, {.records_max = limit});
      ASSERT_TRUE(slice.ok());
      EXPECT_EQ(slice->trimmed, from < bounds.horizon);
      Position expected = std::max(from, bounds.horizon);
      EXPECT_EQ(slice->records.empty(), expected == bounds.next);
      for (const Record& record : slice->records) {
        ASSERT_EQ(record.at, expected);
        EXPECT_EQ(record.data, written[expected.index - 1].text);
        EXPECT_EQ(record.arrival, written[expected.index - 1].arrival);
        ++expected.index;
      }
      EXPECT_EQ(slice->next, expected);
    }
  }
}

// --- Watchers -------------------------------------------------------------------------------

TEST_F(ShardTest, AWatcherIsToldOfWhatIsThereAlready) {
  const auto watcher = make_watcher(kit.world.loop(), [] {});
  EXPECT_FALSE(shard.watch(watcher, Position{1}));
  append({"a"});
  EXPECT_TRUE(shard.watch(watcher, Position{1}));
  EXPECT_FALSE(shard.watch(watcher, Position{2}));
  shard.apply_seal(Position{2}, nobody);
  EXPECT_TRUE(shard.watch(watcher, Position{2}));
}

TEST_F(ShardTest, SeveralChangesBeforeTheWatcherRunsWakeItOnce) {
  int wakes = 0;
  const auto watcher = make_watcher(kit.world.loop(), [&] { ++wakes; });
  EXPECT_FALSE(shard.watch(watcher, Position{1}));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(shard.stage(records_of({"a"}), {}, *kit.pool, nullptr).ok());
    Wakeups wakeups;
    shard.publish(Position{2 + static_cast<std::uint64_t>(i)}, wakeups);
    wakeups.send();
  }
  kit.world.run_idle();
  EXPECT_EQ(wakes, 1);
  shard.unwatch(watcher.get());
  Wakeups wakeups;
  shard.apply_seal(Position{4}, wakeups);
  EXPECT_TRUE(wakeups.empty());
}

// --- Segments when memory is short ------------------------------------------------------------

TEST_F(ShardTest, AReadFromSegmentsTakesFewerBlocksWhenTheBudgetIsSpent) {
  constexpr std::size_t kRecord = 100'000;
  Strings texts;
  for (int i = 0; i < 40; ++i) texts.push_back(std::to_string(i) + std::string(kRecord, 'x'));
  for (const std::string& text : texts) append({text});
  const auto segment = kit.flush(shard, 1);
  ASSERT_GT(shard.evict(~std::size_t{0}), 0u);
  const auto whole = kit.read(shard, Position{1});
  EXPECT_EQ(whole->records.size(), texts.size());
  kit.reader->clear();
  kit.pool->clear();

  const std::size_t before = kit.budget.used_bytes();
  const auto left = [this] { return kit.budget.limit_bytes() - kit.budget.used_bytes(); };
  const Budget::Share others = kit.budget.take(left() - 10 * kRecord);
  const std::size_t spent = kit.budget.used_bytes();
  const auto part = kit.read(shard, Position{1});
  EXPECT_GE(part->records.size(), 1u);
  EXPECT_LE(part->records.size(), 10u);
  EXPECT_LE(kit.budget.used_bytes(), kit.budget.limit_bytes());
  EXPECT_GT(kit.budget.used_bytes(), spent) << "while the slice is held";
  EXPECT_GT(spent, before);

  const Budget::Share rest = kit.budget.take(left());
  EXPECT_EQ(all(), texts) << "one block at a time, readers get on";
}

// --- The table ------------------------------------------------------------------------------

TEST(ShardTable, EnsureAddsOnlyWhatIsMissing) {
  ShardTable table;
  table.ensure(LogId{1}, 2);
  const auto shard = table.find(ShardRef{LogId{1}, 1});
  table.ensure(LogId{1}, 4);
  table.ensure(LogId{1}, 1);
  EXPECT_EQ(table.find(ShardRef{LogId{1}, 1}), shard);
  EXPECT_EQ(table.count(LogId{1}), 4u);
  EXPECT_EQ(table.of(LogId{1}).size(), 4u);
  EXPECT_EQ(table.find(ShardRef{LogId{1}, 4}), nullptr);
}

TEST(ShardTable, WhatWasRemovedLivesOnInWhoeverHoldsIt) {
  ShardTable table;
  table.ensure(LogId{2}, 1);
  table.ensure(LogId{1}, 2);
  EXPECT_EQ(table.all().front()->ref(), (ShardRef{LogId{1}, 0}));
  const auto gone = table.remove(LogId{1});
  EXPECT_EQ(gone.size(), 2u);
  EXPECT_EQ(gone.front()->bounds().next, Position{1});
  EXPECT_EQ(table.find(ShardRef{LogId{1}, 0}), nullptr);
  EXPECT_EQ(table.count(LogId{1}), 0u);
  EXPECT_EQ(table.all().size(), 1u);
}

}  // namespace
}  // namespace penstock::engine::local
