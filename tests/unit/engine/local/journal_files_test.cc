#include "engine/local/journal_files.h"

#include "engine/local/commit.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::engine::local {
namespace {

class JournalFilesTest : public ::testing::Test {
 protected:
  Kit kit;
  Options options = small_files();
  JournalFiles files{kit.folder(), options};

  std::uint64_t size_of(const std::string& path) { return kit.disk().bytes(path).size(); }
  bool exists(const std::string& path) { return kit.disk().open(path, {}).ok(); }
  bool is_zero(const std::string& path, std::size_t bytes) {
    const Bytes& all = kit.disk().bytes(path);
    return std::all_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(bytes),
                       [](std::uint8_t byte) { return byte == 0; });
  }
  /// Takes the next file, fills it with something and closes it with that commit as its last.
  std::uint64_t use(std::uint64_t commit, std::uint64_t bytes = 4'096) {
    auto file = files.next(bytes);
    PENSTOCK_CHECK(file.ok(), "there is room");
    AlignedBuffer junk;
    junk.resize(8'192);
    std::fill(junk.bytes().begin(), junk.bytes().end(), std::uint8_t{0xAB});
    PENSTOCK_CHECK(file->file->write_at(0, junk.bytes()).ok(), "the write succeeds");
    file->offset = 8'192;
    file->last.number = commit;
    files.close(*file);
    return file->number;
  }
  void grow_to_full_size() {
    for (std::uint64_t commit = 1; commit <= 6; ++commit) {
      ASSERT_TRUE(files.prepare().ok());
      use(commit);
    }
    ASSERT_TRUE(files.release(6).ok());
  }
};

TEST_F(JournalFilesTest, AFileIsZerosUnderADurableName) {
  const auto file = files.next(4'096);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->offset, 0u);
  EXPECT_EQ(file->size, options.journal_first_file_bytes);
  kit.world.crash([&] { kit.opened.reset(); });
  EXPECT_EQ(size_of(file->path), options.journal_first_file_bytes);
  EXPECT_TRUE(is_zero(file->path, options.journal_first_file_bytes));
}

TEST_F(JournalFilesTest, PreparedFilesDoubleUpToTheLargestSize) {
  std::vector<std::uint64_t> sizes;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(files.prepare().ok());
    sizes.push_back(files.next(4'096)->size);
  }
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{32u << 10, 64u << 10, 64u << 10, 64u << 10}));
}

TEST_F(JournalFilesTest, NumbersOnlyGrow) {
  env::sim::Prng random(3);
  std::uint64_t last = 0;
  std::uint64_t commit = 0;
  for (int i = 0; i < 60; ++i) {
    if (random.chance(0.6)) ASSERT_TRUE(files.prepare().ok());
    const std::uint64_t number = use(++commit, random.chance(0.3) ? 100u << 10 : 4'096);
    EXPECT_GT(number, last);
    last = number;
    if (random.chance(0.4)) ASSERT_TRUE(files.release(random.between(0, commit)).ok());
  }
}

TEST_F(JournalFilesTest, NumbersGoOnBehindWhatWasFoundAtTheStart) {
  files.add_closed(5, {.number = 9}, 4'096);
  files.add_spare(8, 4'096);
  EXPECT_EQ(files.next(4'096)->number, 9u);
}

TEST_F(JournalFilesTest, APreparedFileThatIsTooSmallIsKeptForLater) {
  ASSERT_TRUE(files.prepare().ok());
  const auto large = files.next(200u << 10);
  ASSERT_TRUE(large.ok());
  EXPECT_GE(large->room(), 200u << 10);
  EXPECT_GE(large->number, 2u);
  EXPECT_TRUE(exists(kit.folder().journal_file(1)));
  ASSERT_TRUE(files.prepare().ok());
  EXPECT_FALSE(exists(kit.folder().journal_file(1))) << "it became the next one, by a new name";
  EXPECT_GT(files.next(4'096)->number, large->number);
}

TEST_F(JournalFilesTest, ReleaseKeepsFilesThatHoldALaterCommit) {
  const std::uint64_t first = use(10);
  const std::uint64_t second = use(20);
  const std::uint64_t third = use(30);
  EXPECT_EQ(files.last_closed()->number, 30u);
  ASSERT_TRUE(files.release(25).ok());
  EXPECT_FALSE(exists(kit.folder().journal_file(first)));
  EXPECT_FALSE(exists(kit.folder().journal_file(second)));
  EXPECT_TRUE(exists(kit.folder().journal_file(third)));
  EXPECT_EQ(files.closed_paths(), Strings{kit.folder().journal_file(third)});
  EXPECT_EQ(files.closed_bytes(), options.journal_first_file_bytes);
  ASSERT_TRUE(files.release(30).ok());
  EXPECT_FALSE(files.last_closed().has_value());
}

TEST_F(JournalFilesTest, ARecycledFileBeginsWithABlockOfZerosBeforeItHasItsNewName) {
  grow_to_full_size();
  ASSERT_TRUE(files.prepare().ok());
  const auto file = files.next(4'096);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(is_zero(file->path, kCommitAlign));
  EXPECT_FALSE(is_zero(file->path, 8'192)) << "it is one that was used before";
  EXPECT_EQ(file->zeros_from, file->size) << "the writer must not trust what lies behind";
}

TEST_F(JournalFilesTest, NoMoreThanTwoSparesOfUsefulSizeAreKept) {
  grow_to_full_size();
  EXPECT_LE(kit.folder().journal_numbers()->size(), 2u);
  const std::vector<std::uint64_t> left = kit.folder().journal_numbers().value();
  for (const std::uint64_t number : left) {
    EXPECT_GE(size_of(kit.folder().journal_file(number)), options.journal_file_bytes_max / 2);
  }
}

TEST_F(JournalFilesTest, AFileMadeAheadTooLateIsNotWrittenBehindALaterOne) {
  ASSERT_TRUE(files.prepare().ok());
  const std::uint64_t first = use(1);
  const std::uint64_t second = use(2);  // Nothing prepared: the writer makes its own.
  ASSERT_TRUE(files.prepare().ok());
  EXPECT_LT(first, second);
  EXPECT_LT(second, use(3));
}

TEST_F(JournalFilesTest, TheBallastIsTheNextFileWhenTheDiskIsFull) {
  ASSERT_TRUE(files.prepare().ok());
  use(1);
  kit.disk().set_capacity(kit.disk().used_bytes());
  const auto file = files.next(4'096);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size, options.ballast_bytes);
  EXPECT_TRUE(files.is_full());
  EXPECT_FALSE(exists(kit.folder().ballast()));
  const auto none = files.next(4'096);
  ASSERT_FALSE(none.ok()) << "there is one ballast";
  EXPECT_EQ(none.error().code, Errc::kNoSpace);
}

TEST_F(JournalFilesTest, ASpareOneIsTakenBeforeAnotherIsMade) {
  for (const auto& [number, bytes] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{3, 8'192}, {4, 40u << 10}}) {
    const auto file =
        kit.disk().open(kit.folder().journal_file(number), {.create = true, .writable = true});
    ASSERT_TRUE((*file)->truncate(bytes).ok());
    files.add_spare(number, bytes);
  }
  kit.disk().set_capacity(kit.disk().used_bytes());
  const auto file = files.next(16u << 10);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->number, 5u);
  EXPECT_EQ(file->size, 40u << 10);
  EXPECT_TRUE(is_zero(file->path, kCommitAlign));
  EXPECT_FALSE(exists(kit.folder().journal_file(4)));
  EXPECT_EQ(files.next(16u << 10).error().code, Errc::kNoSpace) << "the other one is too small";
}

using Author = JournalFiles::Author;

TEST_F(JournalFilesTest, RoomIsLeftWhereThereMayBeNoFileBehindTheOneBeingWritten) {
  const std::uint64_t for_starts = files.left_free_by(Author::kProof);
  EXPECT_GE(for_starts, kCommitAlign) << "no ballast was made yet";
  EXPECT_GE(files.left_free_by(Author::kRequests), for_starts + kCommitAlign)
      << "each commit is followed by its proof";
  EXPECT_EQ(files.left_free_by(Author::kStart), 0u);

  ASSERT_TRUE(files.prepare().ok());
  EXPECT_EQ(files.left_free_by(Author::kRequests), 0u) << "the next file is there";
  use(1);
  EXPECT_EQ(files.left_free_by(Author::kRequests), 0u) << "the ballast is";
  kit.disk().set_capacity(kit.disk().used_bytes());
  EXPECT_FALSE(files.prepare().ok());
  EXPECT_GT(files.left_free_by(Author::kRequests), 0u);
}

TEST_F(JournalFilesTest, ACommitThatWouldUseUpTheBallastDoesNotTakeIt) {
  ASSERT_TRUE(files.prepare().ok());
  use(1);
  kit.disk().set_capacity(kit.disk().used_bytes());
  EXPECT_FALSE(files.next(options.ballast_bytes / 2 + kCommitAlign).ok())
      << "drops, and a start, are to write behind it";
  EXPECT_TRUE(exists(kit.folder().ballast()));
  EXPECT_TRUE(files.next(options.ballast_bytes, Author::kStart).ok());
}

TEST_F(JournalFilesTest, WithoutABallastAFileMadeToMeasureHasRoomForStarts) {
  const std::uint64_t bytes = 4 * options.journal_first_file_bytes;
  EXPECT_GE(files.next(bytes)->size, bytes + kCommitAlign);
}

TEST_F(JournalFilesTest, ACommitLargerThanTheBallastDoesNotTakeIt) {
  ASSERT_TRUE(files.prepare().ok());
  use(1);
  kit.disk().set_capacity(kit.disk().used_bytes());
  EXPECT_FALSE(files.next(options.ballast_bytes + 4'096).ok());
  EXPECT_TRUE(exists(kit.folder().ballast()));
}

TEST_F(JournalFilesTest, WithRoomAgainTheBallastIsMadeAgainAndFullIsOver) {
  ASSERT_TRUE(files.prepare().ok());
  use(1);
  kit.disk().set_capacity(kit.disk().used_bytes());
  use(2);
  EXPECT_FALSE(files.prepare().ok());
  EXPECT_TRUE(files.is_full());
  kit.disk().set_capacity(~std::uint64_t{0});
  EXPECT_TRUE(files.prepare().ok());
  EXPECT_FALSE(files.is_full());
  EXPECT_EQ(size_of(kit.folder().ballast()), options.ballast_bytes);
}

TEST_F(JournalFilesTest, AFileThatCannotBeMadeLeavesNothingBehind) {
  kit.disk().fail_writes(1);
  EXPECT_EQ(files.next(4'096).error().code, Errc::kIo);
  for (const std::string& path : kit.disk().files()) {
    EXPECT_FALSE(path.ends_with(kUnfinished)) << path;
  }
  EXPECT_TRUE(files.next(4'096).ok());
}

}  // namespace
}  // namespace penstock::engine::local
