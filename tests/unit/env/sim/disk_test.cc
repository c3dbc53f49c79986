#include "env/sim/disk.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace penstock::env::sim {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::unique_ptr<File> make(Disk& disk, const std::string& path, bool direct = false) {
  auto file = disk.open(path, {.create = true, .writable = true, .direct = direct});
  EXPECT_TRUE(file.ok());
  return std::move(file).value();
}

Bytes read_all(Disk& disk, const std::string& path) {
  auto file = disk.open(path, {});
  if (!file.ok()) return {};
  Bytes bytes((*file)->size().value());
  EXPECT_EQ((*file)->read_at(0, bytes).value(), bytes.size());
  return bytes;
}

struct alignas(4096) Page {
  std::array<std::uint8_t, 8192> bytes;
};

TEST(SimDisk, SyncedBytesAndNamesSurviveEveryCrash) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Disk disk(seed);
    disk.make_folders("d").ignore("cannot fail");
    auto file = make(disk, "d/f");
    ASSERT_TRUE(file->write_at(0, Bytes(5'000, 7)).ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(disk.sync_folder("d").ok());
    disk.crash();
    EXPECT_EQ(read_all(disk, "d/f"), Bytes(5'000, 7)) << "seed " << seed;
  }
}

TEST(SimDisk, UnsyncedWritesAreLostWholeOrTornDependingOnTheSeed) {
  int lost = 0;
  int whole = 0;
  int torn = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Disk disk(seed);
    auto file = make(disk, "/f");
    ASSERT_TRUE(file->write_at(0, Bytes(16'384, 0)).ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(disk.sync_folder("").ok());
    ASSERT_TRUE(file->write_at(0, Bytes(16'384, 1)).ok());
    disk.crash();
    const Bytes bytes = read_all(disk, "/f");
    const auto ones = std::count(bytes.begin(), bytes.end(), 1);
    (ones == 0 ? lost : ones == 16'384 ? whole : torn) += 1;
    EXPECT_EQ(ones % 512, 0) << "a sector is written whole or not at all, seed " << seed;
  }
  EXPECT_GT(lost, 20);
  EXPECT_GT(whole, 20);
  EXPECT_GT(torn, 20);
}

TEST(SimDisk, UnsyncedNamesMayBeLostAndNeverOutOfOrder) {
  int first_only = 0;
  int none = 0;
  int both = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Disk disk(seed);
    make(disk, "/a");
    make(disk, "/b");
    disk.crash();
    const bool a = disk.open("/a", {}).ok();
    const bool b = disk.open("/b", {}).ok();
    EXPECT_FALSE(b && !a) << "seed " << seed;
    (a && b ? both : a ? first_only : none) += 1;
  }
  EXPECT_GT(first_only, 10);
  EXPECT_GT(none, 10);
  EXPECT_GT(both, 10);
}

TEST(SimDisk, ARenameIsOneStep) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Disk disk(seed);
    auto old_file = make(disk, "/state");
    ASSERT_TRUE(old_file->write_at(0, Bytes{1}).ok());
    ASSERT_TRUE(old_file->sync().ok());
    ASSERT_TRUE(disk.sync_folder("").ok());
    auto file = make(disk, "/state.tmp");
    ASSERT_TRUE(file->write_at(0, Bytes{2}).ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(disk.rename("/state.tmp", "/state").ok());
    disk.crash();
    const Bytes bytes = read_all(disk, "/state");
    EXPECT_TRUE(bytes == Bytes{1} || bytes == Bytes{2}) << "seed " << seed;
  }
}

TEST(SimDisk, DirectWritesAreDurableAtOnce) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Disk disk(seed);
    auto page = std::make_unique<Page>();
    page->bytes.fill(9);
    auto file = make(disk, "/j", true);
    ASSERT_TRUE(disk.sync_folder("").ok());
    ASSERT_TRUE(file->write_at(4096, page->bytes).ok());
    disk.crash();
    EXPECT_EQ(std::count(disk.bytes("/j").begin(), disk.bytes("/j").end(), 9), 8192);
  }
}

TEST(SimDisk, AfterAFailedSyncTheBytesMayBeLostAlthoughTheNextOneSucceeds) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Disk disk(seed);
    auto file = make(disk, "/f");
    ASSERT_TRUE(disk.sync_folder("").ok());
    ASSERT_TRUE(file->write_at(0, Bytes(512, 3)).ok());
    disk.fail_syncs(1);
    EXPECT_EQ(file->sync().error().code, Errc::kIo);
    EXPECT_TRUE(file->sync().ok());
    disk.crash();
    lost += disk.bytes("/f").empty();
  }
  EXPECT_GT(lost, 10);
}

TEST(SimDisk, ACutOfPowerFailsThatCallAndAllLaterOnesUntilTheCrash) {
  Disk disk(4);
  auto file = make(disk, "/f");
  ASSERT_TRUE(disk.sync_folder("").ok());
  disk.cut_power_at(2);
  ASSERT_TRUE(file->write_at(0, Bytes(512, 1)).ok());
  EXPECT_FALSE(file->sync().ok());
  EXPECT_TRUE(disk.power_is_out());
  EXPECT_FALSE(file->write_at(0, Bytes(512, 2)).ok());
  EXPECT_FALSE(disk.open("/f", {}).ok());
  disk.crash();
  EXPECT_FALSE(disk.power_is_out());
  EXPECT_TRUE(disk.open("/f", {}).ok());
  EXPECT_FALSE(file->sync().ok()) << "a handle does not outlive the crash";
}

TEST(SimDisk, AFullDiskRefusesGrowthAndAllowsOverwriting) {
  Disk disk(4);
  disk.set_capacity(1'024);
  auto file = make(disk, "/f");
  ASSERT_TRUE(file->write_at(0, Bytes(1'024, 1)).ok());
  EXPECT_EQ(file->write_at(1'024, Bytes(1, 1)).error().code, Errc::kNoSpace);
  EXPECT_TRUE(file->write_at(512, Bytes(512, 2)).ok());
  EXPECT_EQ(disk.free_bytes("").value(), 0u);
  ASSERT_TRUE(disk.remove("/f").ok());
  EXPECT_EQ(disk.free_bytes("").value(), 1'024u);
}

TEST(SimDisk, AFailedWriteSaysSoOnce) {
  Disk disk(4);
  auto file = make(disk, "/f");
  disk.fail_writes(1);
  EXPECT_EQ(file->write_at(0, Bytes(10, 1)).error().code, Errc::kIo);
  EXPECT_TRUE(file->write_at(0, Bytes(10, 1)).ok());
}

TEST(SimDisk, AFolderIsLockedOnceAtATime) {
  Disk disk(4);
  auto lock = disk.lock("/d/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(disk.lock("/d/lock").error().code, Errc::kExists);
  std::move(lock).value().reset();
  EXPECT_TRUE(disk.lock("/d/lock").ok());
}

TEST(SimDisk, ListsFilesAndFoldersByName) {
  Disk disk(4);
  ASSERT_TRUE(disk.make_folders("/data/segments").ok());
  make(disk, "/data/b");
  make(disk, "/data/a");
  EXPECT_EQ(disk.list("/data").value(), (std::vector<std::string>{"a", "b", "segments"}));
  EXPECT_EQ(disk.list("/nowhere").error().code, Errc::kNotFound);
}

TEST(SimDisk, AFlippedBitIsDurable) {
  Disk disk(4);
  auto file = make(disk, "/f");
  ASSERT_TRUE(file->write_at(0, Bytes(4, 0)).ok());
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(disk.sync_folder("").ok());
  disk.flip_bit("/f", 2, 5);
  disk.crash();
  EXPECT_EQ(read_all(disk, "/f"), (Bytes{0, 0, 32, 0}));
}

}  // namespace
}  // namespace penstock::env::sim
