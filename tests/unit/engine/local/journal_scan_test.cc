#include "engine/local/journal_scan.h"

#include "engine/local/wire.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::engine::local {
namespace {

class Told final : public JournalVisitor {
 public:
  Status commit(const CommitHeader& header, std::span<const std::uint8_t> bytes) override {
    numbers.push_back(header.number);
    frames.emplace_back(bytes.begin(), bytes.end());
    return ok();
  }
  Status missing(const MissingCommits& hole) override {
    holes.push_back(hole);
    return ok();
  }
  Status file_end() override {
    ++file_ends;
    return ok();
  }
  std::vector<std::uint64_t> numbers;
  std::vector<Bytes> frames;
  std::vector<MissingCommits> holes;
  int file_ends = 0;
};

using Numbers = std::vector<std::uint64_t>;

/// Files written by hand, commit by commit.
class JournalScanTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kFileBytes = 16 * kCommitAlign;
  Kit kit;

  /// A file of zeros, or of what lay in it before.
  Bytes& file(std::uint64_t number, std::size_t bytes = kFileBytes) {
    const std::string path = kit.folder().journal_file(number);
    PENSTOCK_CHECK(kit.disk().open(path, {.create = true, .writable = true}).ok(), "made");
    Bytes& content = kit.disk().bytes(path);
    if (content.empty()) content.resize(bytes);
    return content;
  }
  Bytes commit(std::uint64_t number, std::uint64_t in_file, std::uint32_t flags = 0,
               std::size_t frame_bytes = 100) const {
    Bytes bytes(kCommitHeaderBytes + round_up(frame_bytes, 8), static_cast<std::uint8_t>(number));
    seal_commit(bytes, {.number = number, .file = in_file, .flags = flags}, kit.opened->salt());
    return bytes;
  }
  /// At a block of a file.
  void put(std::uint64_t number, std::size_t block, const Bytes& bytes) {
    std::copy(bytes.begin(), bytes.end(),
              file(number).begin() + static_cast<std::ptrdiff_t>(block * kCommitAlign));
  }
  void damage(std::uint64_t number, std::size_t block, std::size_t byte) {
    kit.disk().flip_bit(kit.folder().journal_file(number), block * kCommitAlign + byte, 2);
  }
  ScannedJournal scan(Told& told, std::uint64_t base = 0) {
    auto scanned = scan_journal(kit.folder(), {.number = base}, told);
    PENSTOCK_CHECK(scanned.ok(), scanned.ok() ? "" : scanned.error().message.c_str());
    return std::move(*scanned);
  }
};

TEST_F(JournalScanTest, WithoutFilesTheBaseIsTheEnd) {
  Told told;
  const auto scanned = scan(told, 5);
  EXPECT_TRUE(scanned.files.empty());
  EXPECT_EQ(scanned.last.number, 5u);
  EXPECT_FALSE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, ReadsCommitsAcrossFilesInOrder) {
  put(1, 0, commit(1, 1));
  put(1, 1, commit(2, 1, 0, 9'000));
  put(1, 4, commit(3, 1));
  put(2, 0, commit(4, 2));
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(told.frames[1], Bytes(9'000, 2));
  EXPECT_TRUE(told.holes.empty());
  EXPECT_EQ(scanned.last.number, 4u);
  EXPECT_EQ(scanned.files[0].end, 5 * kCommitAlign);
  EXPECT_EQ(scanned.files[1].last->number, 4u);
  EXPECT_FALSE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, CommitsThatTheBaseCoversAreNotTold) {
  for (std::uint64_t number = 1; number <= 4; ++number) {
    put(1, number - 1, commit(number, 1));
  }
  Told told;
  EXPECT_EQ(scan(told, 2).last.number, 4u);
  EXPECT_EQ(told.numbers, (Numbers{3, 4}));
}

TEST_F(JournalScanTest, AnEmptyBlockEndsAFileWhenNothingLaterIsBehindIt) {
  put(1, 0, commit(1, 1));
  put(1, 2, commit(1, 1));
  put(1, 4, commit(2, 9));  // Of a former life of the file.
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, Numbers{1});
  EXPECT_TRUE(told.holes.empty());
  EXPECT_FALSE(scanned.torn_at.has_value());
  EXPECT_EQ(scanned.files[0].end, kCommitAlign);
}

TEST_F(JournalScanTest, AnEmptyBlockWithALaterCommitBehindItIsAHole) {
  put(1, 0, commit(1, 1));
  put(1, 2, commit(3, 1));
  Told told;
  scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 3}));
  EXPECT_EQ(told.holes.size(), 1u);
}

TEST_F(JournalScanTest, AnEmptyFirstBlockWithALaterCommitBehindItIsAHole) {
  put(1, 0, commit(1, 1));
  put(2, 1, commit(3, 2));
  Told told;
  scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 3}));
  EXPECT_EQ(told.holes.size(), 1u);
}

TEST_F(JournalScanTest, AFullFileEndsAtItsEnd) {
  for (std::uint64_t number = 1; number <= 16; ++number) put(1, number - 1, commit(number, 1));
  put(2, 0, commit(17, 2));
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers.size(), 17u);
  EXPECT_EQ(scanned.files[0].end, kFileBytes);
}

TEST_F(JournalScanTest, AnUnreadableEndIsTheTornTail) {
  put(1, 0, commit(1, 1));
  put(1, 1, commit(2, 1));
  for (const std::size_t byte : {std::size_t{0}, std::size_t{5}, std::size_t{9}, std::size_t{90}}) {
    damage(1, 1, byte);
    Told told;
    const auto scanned = scan(told);
    EXPECT_EQ(told.numbers, Numbers{1}) << byte;
    EXPECT_TRUE(told.holes.empty());
    ASSERT_TRUE(scanned.torn_at.has_value()) << byte;
    EXPECT_NE(scanned.torn_at->find("at offset 4096"), std::string::npos) << *scanned.torn_at;
    damage(1, 1, byte);
  }
}

TEST_F(JournalScanTest, ACommitWhoseEndWasNeverWrittenIsTheTornTail) {
  put(1, 0, commit(1, 1));
  Bytes half = commit(2, 1, 0, 9'000);
  half.resize(kCommitAlign);
  put(1, 1, half);
  Told told;
  EXPECT_TRUE(scan(told).torn_at.has_value());
  EXPECT_EQ(told.numbers, Numbers{1});
}

TEST_F(JournalScanTest, ADamagedCommitWithALaterOneBehindItIsMissingAndItsRemainsAreGiven) {
  for (std::uint64_t number = 1; number <= 3; ++number) put(1, number - 1, commit(number, 1));
  damage(1, 1, 80);  // In its frames: the header is readable.
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 3}));
  ASSERT_EQ(told.holes.size(), 1u);
  EXPECT_EQ(told.holes[0].before.number, 1u);
  EXPECT_EQ(told.holes[0].after.number, 3u);
  EXPECT_EQ(peek_commit(told.holes[0].remains)->number, 2u);
  EXPECT_NE(told.holes[0].where.find("at offset 4096"), std::string::npos);
  EXPECT_FALSE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, WithoutAReadableHeaderAMissingCommitLeavesNoRemains) {
  for (std::uint64_t number = 1; number <= 3; ++number) put(1, number - 1, commit(number, 1));
  damage(1, 1, 1);
  Told told;
  scan(told);
  ASSERT_EQ(told.holes.size(), 1u);
  EXPECT_TRUE(told.holes[0].remains.empty());
}

TEST_F(JournalScanTest, SeveralDamagedCommitsInARowAreOneHole) {
  for (std::uint64_t number = 1; number <= 6; ++number) put(1, number - 1, commit(number, 1));
  for (const std::size_t block : {1u, 2u, 3u}) damage(1, block, 80);
  Told told;
  scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 5, 6}));
  ASSERT_EQ(told.holes.size(), 1u);
  EXPECT_EQ(told.holes[0].before.number, 1u);
  EXPECT_EQ(told.holes[0].after.number, 5u);
  EXPECT_NE(told.holes[0].where.find("at offset 4096"), std::string::npos);
}

TEST_F(JournalScanTest, ADamagedEndOfAFileIsMissingWhenTheNextFileGoesOn) {
  put(1, 0, commit(1, 1));
  put(1, 1, commit(2, 1));
  put(2, 0, commit(3, 2));
  damage(1, 1, 80);
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 3}));
  EXPECT_EQ(told.holes.size(), 1u);
  EXPECT_FALSE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, AMissingFileIsAHole) {
  put(1, 0, commit(1, 1));
  put(3, 0, commit(5, 3));
  Told told;
  EXPECT_FALSE(scan(told).torn_at.has_value());
  ASSERT_EQ(told.holes.size(), 1u);
  EXPECT_EQ(told.holes[0].before.number, 1u);
  EXPECT_EQ(told.holes[0].after.number, 5u);
}

TEST_F(JournalScanTest, DamageThatTheBaseCoversIsNoHole) {
  for (std::uint64_t number = 1; number <= 5; ++number) put(1, number - 1, commit(number, 1));
  damage(1, 1, 80);
  Told told;
  scan(told, 4);
  EXPECT_EQ(told.numbers, Numbers{5});
  EXPECT_TRUE(told.holes.empty());
}

TEST_F(JournalScanTest, CommitsOfAFilesFormerLifeAreNotTaken) {
  put(2, 0, commit(10, 2));
  put(2, 1, commit(4, 1));  // Written when the file had another number.
  Told told;
  const auto scanned = scan(told, 9);
  EXPECT_EQ(told.numbers, Numbers{10});
  EXPECT_EQ(scanned.files[0].end, kCommitAlign);
}

TEST_F(JournalScanTest, ACommitNumberedBeforeTheLastIsNotTaken) {
  put(1, 0, commit(7, 1));
  put(1, 1, commit(3, 1));
  Told told;
  scan(told, 6);
  EXPECT_EQ(told.numbers, Numbers{7});
}

/// Behind damage the scan looks at every block, also inside records.
TEST_F(JournalScanTest, ACommitForgedInsideRecordsIsNotTakenForALaterOne) {
  put(1, 0, commit(1, 1));
  Bytes carrier = commit(2, 1, 0, 3 * kCommitAlign);
  Bytes forged(200, 0);
  seal_commit(forged, {.number = 3, .file = 1}, Salt());
  std::copy(forged.begin(), forged.end(), carrier.begin() + kCommitAlign);
  seal_commit(carrier, {.number = 2, .file = 1}, kit.folder().salt());
  put(1, 1, carrier);
  damage(1, 1, 80);
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, Numbers{1});
  EXPECT_TRUE(told.holes.empty());
  EXPECT_TRUE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, SpareAndPreparedFilesHoldNothing) {
  put(1, 0, commit(1, 1));
  file(2);
  put(3, 1, commit(1, 3));  // Its first block was zeroed, the rest is needed no longer.
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, Numbers{1});
  ASSERT_EQ(scanned.files.size(), 3u);
  EXPECT_FALSE(scanned.files[1].last.has_value());
  EXPECT_FALSE(scanned.files[2].last.has_value());
  EXPECT_FALSE(scanned.torn_at.has_value());
}

// --- Without sync ---------------------------------------------------------------------------

TEST_F(JournalScanTest, AnUnsyncedJournalEndsAtItsFirstHole) {
  for (std::uint64_t number = 1; number <= 4; ++number) {
    put(1, number - 1, commit(number, 1, kCommitUnsynced));
  }
  damage(1, 1, 80);
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, Numbers{1});
  EXPECT_TRUE(told.holes.empty());
  EXPECT_EQ(scanned.cut_commits, 2u);
  EXPECT_TRUE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, WhatLiesBehindTheHoleIsErasedAlsoInLaterFiles) {
  put(1, 0, commit(1, 1, kCommitUnsynced));
  put(1, 2, commit(3, 1, kCommitUnsynced));  // Block 1 was never written: zeros.
  put(2, 0, commit(4, 2, kCommitUnsynced));
  {
    Told told;
    const auto scanned = scan(told);
    EXPECT_EQ(told.numbers, Numbers{1});
    EXPECT_EQ(scanned.cut_commits, 2u);
  }
  // A later life writes commit 2 there; the next reader must not go on to the old 3.
  put(1, 1, commit(2, 1, kCommitUnsynced));
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 2}));
  EXPECT_EQ(scanned.cut_commits, 0u);
}

TEST_F(JournalScanTest, AFirstUnsyncedFileThatWasLostWholeEndsTheJournal) {
  file(1);
  put(2, 0, commit(3, 2, kCommitUnsynced));
  Told told;
  const auto scanned = scan(told);
  EXPECT_TRUE(told.numbers.empty());
  EXPECT_TRUE(told.holes.empty());
  EXPECT_EQ(scanned.cut_commits, 1u);
}

/// Seed 18050 of EngineOneCrash: the cut of power left half of the zeros that recycling had begun
/// to write, and the journal behind that file was taken for what follows a hole, and erased.
TEST_F(JournalScanTest, AFileWhoseRecyclingWasCutOffEndsNoUnsyncedJournal) {
  put(1, 0, commit(1, 1, kCommitUnsynced));
  put(1, 1, commit(2, 1, kCommitUnsynced));
  put(2, 0, commit(3, 2, kCommitUnsynced, 9'000));
  put(2, 3, commit(4, 2, kCommitUnsynced));
  put(3, 0, commit(5, 3, kCommitUnsynced));
  put(3, 1, commit(6, 3, kCommitUnsynced));
  std::fill_n(file(2).begin(), 512, std::uint8_t{0});
  Told told;
  const auto scanned = scan(told, 4);
  EXPECT_EQ(told.numbers, (Numbers{5, 6}));
  EXPECT_EQ(scanned.cut_commits, 0u);
  EXPECT_FALSE(scanned.torn_at.has_value());
  EXPECT_FALSE(scanned.files[1].last.has_value()) << "it is spare";
}

TEST_F(JournalScanTest, AHoleRightBehindWhatTheBaseCoversEndsAnUnsyncedJournal) {
  put(1, 0, commit(1, 1, kCommitUnsynced));
  put(1, 1, commit(2, 1, kCommitUnsynced));
  put(1, 2, commit(3, 1, kCommitUnsynced));
  put(2, 0, commit(4, 2, kCommitUnsynced));
  damage(1, 1, 80);
  Told told;
  const auto scanned = scan(told, 1);
  EXPECT_TRUE(told.numbers.empty());
  EXPECT_TRUE(told.holes.empty());
  EXPECT_EQ(scanned.cut_commits, 2u);
  EXPECT_TRUE(scanned.torn_at.has_value());
}

TEST_F(JournalScanTest, AnIntactUnsyncedJournalIsReadToItsEnd) {
  for (std::uint64_t number = 1; number <= 4; ++number) {
    put(1, number - 1, commit(number, 1, kCommitUnsynced));
  }
  Told told;
  const auto scanned = scan(told);
  EXPECT_EQ(told.numbers, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(scanned.cut_commits, 0u);
  EXPECT_FALSE(scanned.torn_at.has_value());
}

}  // namespace
}  // namespace penstock::engine::local
