#include "engine/local/journal.h"

#include "engine/local/journal_scan.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

namespace penstock::engine::local {
namespace {

/// What a scan tells, noted.
class Notes final : public JournalVisitor {
 public:
  Status commit(const CommitHeader& header, std::span<const std::uint8_t>) override {
    commits.push_back(header);
    return ok();
  }
  Status missing(const MissingCommits&) override {
    ++holes;
    return ok();
  }
  Status file_end() override { return ok(); }
  std::vector<CommitHeader> commits;
  int holes = 0;
};

class JournalTest : public ::testing::Test {
 protected:
  Kit kit;
  Parts parts{kit};

  void SetUp() override {
    parts.opened();
    ASSERT_TRUE(parts.ensure(LogId{7}, 1).ok());
  }
  Notes scan() {
    Notes notes;
    const auto scanned = scan_journal(kit.folder(), {}, notes);
    EXPECT_TRUE(scanned.ok());
    EXPECT_FALSE(scanned->torn_at.has_value()) << *scanned->torn_at;
    return notes;
  }
};

TEST_F(JournalTest, NothingStagedIsNoCommit) {
  const std::uint64_t before = parts.journal.applied();
  parts.journal.commit();
  EXPECT_EQ(parts.journal.applied(), before);
}

TEST_F(JournalTest, EverythingStagedBetweenTwoCommitsIsOneOfThem) {
  const std::uint64_t before = parts.journal.applied();
  const Strings data{"r"};
  const auto records = records_of(data);
  std::vector<Append> appends(5, Append{kShard, parts.core.epoch, records, {}, Appended{}});
  int ended = 0;
  for (Append& append : appends) {
    kit.world.spawn([](Log& log, Append& one, int& done) -> Task<> {
      co_await log.append(std::span(&one, 1));
      ++done;
    }(parts.log, append, ended));
  }
  const auto staged = [&] { return parts.core.shards.find(kShard)->unflushed().to; };
  kit.world.run_for(Millis{1});
  EXPECT_EQ(staged(), Position{1}) << "nothing is durable yet";
  parts.journal.commit();
  kit.world.run_until([&] { return ended == 5; });
  EXPECT_EQ(parts.journal.applied(), before + 1);
  EXPECT_EQ(staged(), Position{6});
}

TEST_F(JournalTest, NumbersGrowByOneAndTotalsCountEverything) {
  ASSERT_TRUE(parts.append(kShard, {"a", "b", "c"}).ok());
  ASSERT_TRUE(parts.run(parts.marks.put(parts.core.epoch, {{"k", "v"}})).ok());
  ASSERT_TRUE(parts.append(kShard, {"d"}).ok());
  const Notes notes = scan();
  ASSERT_EQ(notes.commits.size(), 5u) << "boot, ensure, and three";
  for (std::size_t i = 0; i < notes.commits.size(); ++i) {
    EXPECT_EQ(notes.commits[i].number, i + 1);
  }
  EXPECT_EQ(notes.commits.back().records_total, 4u);
  EXPECT_EQ(notes.commits.back().state_total, 2u);
  EXPECT_EQ(notes.commits.back().marks_total, 1u);
}

TEST_F(JournalTest, ACommitThatDoesNotFitTurnsTheFileOver) {
  const std::string first = parts.journal.path();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(parts.append(kShard, {std::string(3'000, 'x')}).ok());
  }
  EXPECT_NE(parts.journal.path(), first);
  EXPECT_GT(parts.store_wakes, 0) << "the store is told";
  EXPECT_TRUE(parts.files.last_closed().has_value());
  EXPECT_EQ(scan().commits.size(), 12u);
}

TEST_F(JournalTest, BehindEachCommitInARecycledFileLiesABlockOfZeros) {
  std::vector<std::uint64_t> at_most;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(parts.append(kShard, {std::string(3'000, 'x')}).ok());
    if (i % 3 == 0) parts.store.maintain();
    // Read after each commit: nothing of a file's former life is taken for its present one.
    if (i % 10 == 9) {
      Notes notes;
      const auto snapshots = kit.folder().snapshot_numbers();
      const CommitHeader base{.number = snapshots->empty() ? 0 : snapshots->back()};
      const auto scanned = scan_journal(kit.folder(), base, notes);
      ASSERT_TRUE(scanned.ok());
      EXPECT_FALSE(scanned->torn_at.has_value()) << *scanned->torn_at;
      EXPECT_EQ(notes.holes, 0);
      EXPECT_EQ(scanned->last.number, parts.journal.applied());
    }
  }
  EXPECT_GT(kit.folder().journal_numbers()->back(), kit.folder().journal_numbers()->size() + 3)
      << "files have had more than one number";
}

TEST_F(JournalTest, AFailedWriteTellsNobodyThatItSucceededAndClosesIt) {
  ASSERT_TRUE(parts.append(kShard, {"before"}).ok());
  kit.disk().fail_writes(1);
  const auto lost = parts.append(kShard, {"lost"});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, EngineErrc::kUnknownOutcome);
  EXPECT_TRUE(parts.journal.has_failed());
  const auto later = parts.append(kShard, {"later"});
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code, EngineErrc::kFailed);
  EXPECT_EQ(parts.run(parts.meta.barrier()).error().code, EngineErrc::kFailed);
  EXPECT_EQ(parts.read_all(kShard).value(), Strings{"before"});
}

TEST_F(JournalTest, AnEmptyCommitProvesTheOneBeforeAndIsNotUseful) {
  ASSERT_TRUE(parts.append(kShard, {"a"}).ok());
  const std::uint64_t useful = parts.journal.useful();
  ASSERT_TRUE(parts.journal.write_alone({}, kCommitLast).ok());
  EXPECT_EQ(parts.journal.useful(), useful);
  const Notes notes = scan();
  EXPECT_EQ(notes.commits.back().flags & kCommitLast, kCommitLast);
  EXPECT_EQ(notes.commits.back().records_total, 1u);
}

TEST_F(JournalTest, WithTheDiskFullRecordsAreRefusedAndStateGoesThrough) {
  parts.store.maintain();  // The next file and the ballast.
  kit.disk().set_capacity(kit.disk().used_bytes());
  Result<Appended> appended = parts.append(kShard, {std::string(3'000, 'x')});
  for (int i = 0; i < 40 && appended.ok(); ++i) {
    appended = parts.append(kShard, {std::string(3'000, 'x')});
  }
  ASSERT_FALSE(appended.ok());
  EXPECT_EQ(appended.error().code, EngineErrc::kNoSpace);
  EXPECT_FALSE(parts.journal.has_failed());
  EXPECT_TRUE(parts.run(parts.log.trim(kShard, Position{100})).ok());
  EXPECT_TRUE(parts.run(parts.log.drop(LogId{7})).ok());
}

/// Another server on the folder, whose disk is full to the last byte.
Status start_again(Kit& kit) {
  kit.open_folder();
  Parts next(kit);
  TRY_OK(next.recover());
  return ok();
}

/// One start in ten found no room for its first commit.
TEST_F(JournalTest, WithEverythingSpentThereIsRoomLeftToStartIn) {
  parts.store.maintain();
  kit.disk().set_capacity(kit.disk().used_bytes());
  // Trims and drops go on longest.
  Status committed = ok();
  for (int i = 0; i < 100 && committed.ok(); ++i) {
    committed = parts.run(parts.meta.barrier());
    parts.journal.write_alone({}, 0).ignore("each is followed by its proof");
  }
  ASSERT_FALSE(committed.ok());
  ASSERT_EQ(committed.error().code, EngineErrc::kNoSpace);
  for (int i = 0; i < 10; ++i) parts.journal.write_alone({}, 0).ignore("or several");
  parts.journal.write_alone({}, kCommitLast).ignore("or a stop");
  const Status started = start_again(kit);
  EXPECT_TRUE(started.ok()) << started.error().message;
}

/// A server that was never able to make more than its first file.
TEST(JournalOnAFullDisk, WithoutABallastThereIsRoomLeftToStartInToo) {
  Kit kit;
  Parts parts(kit);
  parts.opened();
  kit.disk().set_capacity(kit.disk().used_bytes());
  Status made = ok();
  for (std::uint64_t log = 1; log < 100 && made.ok(); ++log) made = parts.ensure(LogId{log}, 1);
  ASSERT_FALSE(made.ok());
  ASSERT_EQ(made.error().code, EngineErrc::kNoSpace);
  const Status started = start_again(kit);
  EXPECT_TRUE(started.ok()) << started.error().message;
}

TEST_F(JournalTest, WithTheBallastSpentItRefusesAndGoesOnWhenThereIsRoom) {
  parts.store.maintain();
  kit.disk().set_capacity(kit.disk().used_bytes());
  Status put = ok();
  int puts = 0;
  for (; puts < 100 && put.ok(); ++puts) {
    put = parts.run(parts.marks.put(parts.core.epoch, {{"k", std::to_string(puts)}}));
    parts.store.maintain();
  }
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().code, EngineErrc::kNoSpace);
  EXPECT_EQ(parts.core.marks.get("k"), std::to_string(puts - 2)) << "nothing was written";
  EXPECT_TRUE(parts.run(parts.log.drop(LogId{7})).ok()) << "what makes room goes through longer";
  Status committed = ok();
  for (int i = 0; i < 100 && committed.ok(); ++i) committed = parts.run(parts.meta.barrier());
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code, EngineErrc::kNoSpace);
  EXPECT_FALSE(parts.journal.has_failed());
  kit.disk().set_capacity(~std::uint64_t{0});
  parts.store.maintain();
  EXPECT_TRUE(parts.run(parts.marks.put(parts.core.epoch, {{"k", "again"}})).ok());
  EXPECT_TRUE(parts.ensure(LogId{8}, 1).ok());
  EXPECT_TRUE(parts.append(ShardRef{LogId{8}, 0}, {"r"}).ok());
}

}  // namespace
}  // namespace penstock::engine::local
