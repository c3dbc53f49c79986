#include "engine/local/recovery.h"

#include "engine/errors.h"
#include "engine/local/snapshot.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>

// What the simulated crashes do not pin down one by one: what exactly is kept, fenced or refused.

namespace penstock::engine::local {
namespace {

constexpr ShardRef kOther{LogId{7}, 1};

/// Everything in one journal file, unless a test turns it over.
Options one_file() {
  Options options = small_files();
  options.journal_first_file_bytes = 1u << 20;
  return options;
}

class RecoveryTest : public ::testing::Test {
 protected:
  Kit kit;
  std::unique_ptr<Parts> parts = std::make_unique<Parts>(kit, one_file());

  void SetUp() override {
    parts->opened();
    ASSERT_TRUE(parts->ensure(LogId{7}, 2).ok());
  }
  void stop() {
    parts.reset();
    kit.open_folder();
    parts = std::make_unique<Parts>(kit, one_file());
  }
  Result<OpenReport> restart() {
    stop();
    return parts->recover();
  }
  std::string first_journal() {
    return kit.folder().journal_file(kit.folder().journal_numbers()->front());
  }
  /// Where a commit stands in the only journal file.
  std::uint64_t place_of(std::uint64_t number) {
    const Bytes& bytes = kit.disk().bytes(first_journal());
    for (std::uint64_t at = 0; at < bytes.size(); at += kCommitAlign) {
      const auto header = peek_commit(std::span(bytes).subspan(at));
      if (header.has_value() && header->number == number) return at;
    }
    PENSTOCK_CHECK(false, "the commit is there");
    return 0;
  }
  /// Damages what was committed last, with an empty commit behind it.
  void lose_last_commit(std::uint64_t byte) {
    const std::uint64_t number = parts->journal.applied();
    ASSERT_TRUE(parts->journal.write_alone({}, 0).ok());
    kit.disk().flip_bit(first_journal(), place_of(number) + byte, 4);
  }
};

TEST_F(RecoveryTest, EachStartHasALaterEpoch) {
  const Fence first = parts->core.epoch;
  ASSERT_TRUE(restart().ok());
  const Fence second = parts->core.epoch;
  ASSERT_TRUE(restart().ok());
  EXPECT_LT(first, second);
  EXPECT_LT(second, parts->core.epoch);
}

/// Killed when it was just born, or on a full disk: the last server left no ballast.
TEST_F(RecoveryTest, WithoutABallastTheDiskIsLookedAtBeforePutsAreTaken) {
  ASSERT_FALSE(parts->files.has_ballast());
  kit.disk().set_capacity(kit.disk().used_bytes());
  ASSERT_TRUE(restart().ok());
  EXPECT_TRUE(parts->files.is_full());
  const auto refused = parts->append(kShard, {"there is room in the file, and behind it none"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, EngineErrc::kNoSpace);
  EXPECT_TRUE(parts->run(parts->log.drop(LogId{7})).ok()) << "what makes room goes through";

  kit.disk().set_capacity(~std::uint64_t{0});
  ASSERT_TRUE(restart().ok());
  EXPECT_FALSE(parts->files.is_full());
  EXPECT_TRUE(parts->files.has_ballast()) << "it is made before puts are taken, too";
  ASSERT_TRUE(parts->ensure(LogId{8}, 1).ok());
  EXPECT_TRUE(parts->append(ShardRef{LogId{8}, 0}, {"taken"}).ok());
}

TEST_F(RecoveryTest, WithABallastAStartMakesNoFiles) {
  parts->store.maintain();
  ASSERT_TRUE(parts->files.has_ballast());
  const std::uint64_t used = kit.disk().used_bytes();
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(kit.disk().used_bytes(), used);
}

TEST_F(RecoveryTest, AnEpochIsCountedAlsoWhenNothingElseWasWritten) {
  ASSERT_TRUE(restart().ok());
  const Fence before = parts->core.epoch;
  kit.world.crash([&] { parts.reset(), kit.opened.reset(); });
  kit.open_folder();
  parts = std::make_unique<Parts>(kit, one_file());
  ASSERT_TRUE(parts->recover().ok());
  EXPECT_GT(parts->core.epoch, before);
}

TEST_F(RecoveryTest, AnAcknowledgedCommitDamagedBehindTheHeaderFencesExactlyItsRecords) {
  ASSERT_TRUE(parts->append(kShard, {"a", "b"}).ok());
  ASSERT_TRUE(parts->append(kOther, {"x"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  lose_last_commit(kCommitHeaderBytes + kRecordsHeaderBytes + 8);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_commits, 1u);
  EXPECT_EQ(report->damaged_records, 2u);
  EXPECT_EQ(parts->core.shards.find(kShard)->bounds().damaged_records, 2u);
  EXPECT_FALSE(report->torn_tail);
  EXPECT_EQ(parts->append(kShard, {"c"})->first, Position{5});
  EXPECT_EQ(parts->append(kOther, {"y"})->first, Position{2}) << "the other shard lost nothing";
  EXPECT_EQ(kit.read(*parts->core.shards.find(kShard), Position{3}).error().code,
            EngineErrc::kCorrupt);
}

TEST_F(RecoveryTest, WithoutItsHeaderEveryShardIsFencedByTheRecordsThatAreMissing) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  ASSERT_TRUE(parts->append(kOther, {"x"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  lose_last_commit(0);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(parts->append(kShard, {"b"})->first, Position{4});
  EXPECT_EQ(parts->append(kOther, {"y"})->first, Position{4}) << "they may have been here";
}

TEST_F(RecoveryTest, ALaterRecordOfTheShardExplainsWhatIsMissing) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  ASSERT_TRUE(parts->append(kOther, {"x"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  const std::uint64_t lost = parts->journal.applied();
  ASSERT_TRUE(parts->append(kShard, {"later"}).ok());
  kit.disk().flip_bit(first_journal(), place_of(lost), 4);
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(kit.read_all(*parts->core.shards.find(kShard), Position{4}).value(), Strings{"later"});
  EXPECT_EQ(parts->append(kOther, {"y"})->first, Position{2}) << "nothing is unexplained";
}

TEST_F(RecoveryTest, ATrimBehindWhatIsMissingExplainsItAndLeavesNothingDamaged) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  const std::uint64_t lost = parts->journal.applied();
  ASSERT_TRUE(parts->run(parts->log.trim(kShard, Position{4})).ok());
  kit.disk().flip_bit(first_journal(), place_of(lost), 4);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_records, 0u) << "what was trimmed is not missed";
  EXPECT_EQ(parts->append(kShard, {"b"})->first, Position{4});
  EXPECT_EQ(parts->append(kOther, {"y"})->first, Position{1}) << "nothing is unexplained";
}

TEST_F(RecoveryTest, ASealBehindWhatIsMissingFencesItAndStillEndsTheShard) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  const std::uint64_t lost = parts->journal.applied();
  ASSERT_TRUE(parts->run(parts->log.seal(kShard, parts->core.epoch)).ok());
  kit.disk().flip_bit(first_journal(), place_of(lost), 4);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_records, 2u);
  const auto shard = parts->core.shards.find(kShard);
  EXPECT_EQ(shard->bounds().next, Position{4});
  EXPECT_TRUE(kit.read(*shard, Position{4}).value().end_of_shard);
}

TEST_F(RecoveryTest, ATimeBeforeFencedRecordsLeadsToThemAndNotPastThem) {
  ASSERT_TRUE(parts->append(kShard, {"lost", "too"}).ok());
  const std::uint64_t lost = parts->journal.applied();
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  kit.disk().flip_bit(first_journal(), place_of(lost), 4);
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(parts->run(parts->log.locate(kShard, ServiceTime{})).value(), Position{1});
  ASSERT_TRUE(parts->run(parts->log.trim(kShard, Position{2})).ok());
  EXPECT_EQ(parts->run(parts->log.locate(kShard, ServiceTime{})).value(), Position{2});
  ASSERT_TRUE(parts->run(parts->log.trim(kShard, Position{3})).ok());
  EXPECT_EQ(parts->run(parts->log.locate(kShard, ServiceTime{})).value(), Position{3});
}

TEST_F(RecoveryTest, ADamagedCommitWhoseRecordsAreInASegmentCostsNothing) {
  ASSERT_TRUE(parts->append(kShard, {"a", "b"}).ok());
  const std::uint64_t damaged = parts->journal.applied();
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_TRUE(parts->append(kShard, {"c"}).ok());
  kit.disk().flip_bit(first_journal(), place_of(damaged) + kCommitHeaderBytes + 60, 1);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_commits, 1u);
  EXPECT_EQ(report->damaged_records, 0u);
  EXPECT_EQ(kit.read_all(*parts->core.shards.find(kShard), Position{1}).value(),
            (Strings{"a", "b", "c"}));
  EXPECT_EQ(parts->append(kOther, {"y"})->first, Position{1});
}

TEST_F(RecoveryTest, ADamagedChangeOfDocumentsIsNotGuessedAt) {
  std::vector<Change> changes;
  changes.push_back({.key = "stream/orders", .value = "v"});
  ASSERT_TRUE(parts->run(parts->meta.commit(std::move(changes))).ok());
  lose_last_commit(kCommitHeaderBytes + 10);
  const auto report = restart();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(report.error().message.find(first_journal()), std::string::npos)
      << report.error().message;
}

/// What is missing is reckoned from the counts of the frames behind it: not before they make sense.
TEST_F(RecoveryTest, AFrameOfRecordsThatIsShorterThanItsHeaderIsNotCounted) {
  ASSERT_TRUE(parts->append(kShard, {"lost"}).ok());
  const std::uint64_t lost = parts->journal.applied();
  // Where a header would have the count of records stands a part of the next frame.
  Bytes frames(40, 0xFF);
  const auto head_at = [&](std::size_t at, std::uint8_t length, FrameKind kind) {
    std::fill_n(frames.begin() + static_cast<std::ptrdiff_t>(at), kFrameHeaderBytes, 0);
    frames[at] = length;
    frames[at + 4] = static_cast<std::uint8_t>(kind);
  };
  head_at(0, 8, FrameKind::kRecords);
  head_at(8, 32, FrameKind::kMarks);
  ASSERT_TRUE(parts->journal.write_alone(frames, 0).ok());
  kit.disk().flip_bit(first_journal(), place_of(lost), 4);
  const auto report = restart();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(report.error().message.find("checks out but makes no sense"), std::string::npos)
      << report.error().message;
}

TEST_F(RecoveryTest, ADamagedChangeOfMarksPutsTheOlderOneInForceAndIsCounted) {
  ASSERT_TRUE(parts->run(parts->marks.put(parts->core.epoch, {{"k", "1"}})).ok());
  ASSERT_TRUE(parts->run(parts->marks.put(parts->core.epoch, {{"k", "2"}})).ok());
  lose_last_commit(kCommitHeaderBytes + 10);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_marks, 1u);
  EXPECT_EQ(parts->core.marks.get("k"), "1");
}

TEST_F(RecoveryTest, ATornTailIsLeftOutAndOverwritten) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  ASSERT_TRUE(parts->append(kShard, {"torn"}).ok());
  kit.disk().flip_bit(first_journal(), place_of(parts->journal.applied()) + 90, 4);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->torn_tail);
  EXPECT_EQ(report->damaged_records, 0u);
  EXPECT_EQ(parts->append(kShard, {"b"})->first, Position{2});
  const auto again = restart();
  EXPECT_FALSE(again->torn_tail) << "nothing of it is left";
  EXPECT_EQ(parts->read_all(kShard).value(), (Strings{"a", "b"}));
}

TEST_F(RecoveryTest, RecordsInADamagedSegmentAreFencedUnlessTheJournalHasThem) {
  ASSERT_TRUE(parts->append(kShard, {"a", "b"}).ok());
  ASSERT_TRUE(parts->store.flush().ok());
  const std::string segment = kit.folder().segment_file(kit.folder().segment_numbers()->front());
  kit.disk().flip_bit(segment, kit.disk().bytes(segment).size() - 20, 1);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_segments, 1u);
  EXPECT_EQ(report->damaged_records, 0u);
  EXPECT_EQ(parts->read_all(kShard).value(), (Strings{"a", "b"})) << "from the journal";
}

/// The snapshot says that they are in a segment; the open file has them, too.
TEST_F(RecoveryTest, WhatTheOpenFileHasIsServedAlsoWhenItsSegmentIsDamaged) {
  ASSERT_TRUE(parts->append(kShard, {"closed"}).ok());
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 1);
  ASSERT_TRUE(parts->append(kShard, {"open"}).ok());
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 0);
  parts->store.maintain();
  ASSERT_EQ(kit.folder().snapshot_numbers()->size(), 1u);
  const std::string segment = kit.folder().segment_file(kit.folder().segment_numbers()->front());
  kit.disk().flip_bit(segment, kit.disk().bytes(segment).size() - 20, 1);
  const auto report = restart();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->damaged_records, 1u);
  EXPECT_EQ(kit.read_all(*parts->core.shards.find(kShard), Position{2}).value(), Strings{"open"});
  // And stays: the next flush writes it again before the file goes.
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 1);
  ASSERT_TRUE(parts->append(kShard, {"later"}).ok());
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 0);
  parts->store.maintain();
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(kit.read_all(*parts->core.shards.find(kShard), Position{2}).value(),
            (Strings{"open", "later"}));
}

TEST_F(RecoveryTest, ASegmentOfADroppedLogGivesNothingToALogOfAnotherNumber) {
  ASSERT_TRUE(parts->append(kShard, {"old"}).ok());
  ASSERT_TRUE(parts->store.flush().ok());
  ASSERT_TRUE(parts->run(parts->log.drop(LogId{7})).ok());
  ASSERT_TRUE(parts->ensure(LogId{8}, 1).ok());
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(parts->core.shards.find(kShard), nullptr);
  EXPECT_TRUE(parts->read_all(ShardRef{LogId{8}, 0})->empty());
  parts->store.maintain();
  EXPECT_TRUE(kit.folder().segment_numbers()->empty());
}

TEST_F(RecoveryTest, AJournalThatEndsBeforeItsSnapshotNeedsItIsRefused) {
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 1);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(parts->run(parts->marks.put(parts->core.epoch, {{"k", std::to_string(i)}})).ok());
  }
  parts->store.maintain();
  ASSERT_EQ(kit.folder().snapshot_numbers()->size(), 1u);
  const std::uint64_t applied = parts->journal.applied();
  ASSERT_LT(kit.folder().snapshot_numbers()->front(), applied)
      << "the snapshot may hold effects of the open file's commits";
  kit.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 0);
  const std::vector<std::uint64_t> left = kit.folder().journal_numbers().value();
  for (const std::uint64_t number : left) {
    ASSERT_TRUE(kit.disk().remove(kit.folder().journal_file(number)).ok());
  }
  const auto report = restart();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, EngineErrc::kCorrupt);
}

TEST_F(RecoveryTest, OfSeveralSnapshotsTheNewestCounts) {
  ASSERT_TRUE(parts->append(kShard, {"a"}).ok());
  const State state{*parts->core.documents, parts->core.marks, parts->core.shards};
  for (const char* value : {"old", "new"}) {
    ASSERT_TRUE(parts->run(parts->marks.put(parts->core.epoch, {{"k", value}})).ok());
    const CommitHeader as_of{.number = parts->journal.applied(), .records_total = 1};
    ASSERT_TRUE(write_snapshot(
                    kit.folder(), as_of, parts->core.epoch.epoch, state,
                    [&]() -> Result<std::uint64_t> { return as_of.number; }, true)
                    .ok());
  }
  ASSERT_EQ(kit.folder().snapshot_numbers()->size(), 2u);
  ASSERT_TRUE(restart().ok());
  EXPECT_EQ(parts->core.marks.get("k"), "new");
}

TEST_F(RecoveryTest, AJournalLargerThanMemoryIsFlushedWhileItIsRead) {
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(parts->append(kShard, {std::string(40'000, 'x')}).ok());
  }
  parts.reset();
  kit.open_folder();
  Budget small(2u << 20);
  {
    Core core(small_files(), kit.world.env(), small, [] {});
    JournalFiles files(kit.folder(), core.options);
    Journal journal(core.queue, files, kit.folder().salt(), core.options.durability,
                    kit.world.env().faults, [] {});
    Store store(core, kit.folder(), files, journal, [](Millis) {});
    ASSERT_TRUE(recover(core, kit.folder(), files, journal, store).ok());
    EXPECT_LE(small.used_bytes(), small.limit_bytes());
    EXPECT_EQ(core.shards.find(kShard)->bounds().next, Position{121});
    EXPECT_TRUE(core.shards.find(kShard)->damage().empty());
  }
  parts = std::make_unique<Parts>(kit, one_file());
  ASSERT_TRUE(parts->recover().ok());
  EXPECT_EQ(parts->read_all(kShard)->size(), 120u);
}

}  // namespace
}  // namespace penstock::engine::local
