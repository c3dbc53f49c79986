#include "engine/local/data_folder.h"

#include "base/crc32c.h"
#include "engine/local/wire.h"
#include "unit/engine/local/kit.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::engine::local {
namespace {

constexpr const char* kFormat = "/data/format";
constexpr std::size_t kCopyBytes = 512;
constexpr std::size_t kCheckedBytes = 8 + 4 + Salt::kBytes;

class DataFolderTest : public ::testing::Test {
 protected:
  env::sim::World world{1};
  Result<DataFolder> open() { return DataFolder::open(world.disk(), "/data", world.env().random); }
  /// Made, and closed again.
  Salt::Bytes make() { return open()->salt().bytes(); }
  void touch(const std::string& path) {
    ASSERT_TRUE(world.disk().open(path, {.create = true, .writable = true}).ok());
  }
  bool exists(const std::string& path) { return world.disk().open(path, {}).ok(); }
};

TEST_F(DataFolderTest, IsHeldByOneAtATime) {
  {
    const auto first = open();
    ASSERT_TRUE(first.ok());
    const auto second = open();
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::kExists);
  }
  EXPECT_TRUE(open().ok());
}

TEST_F(DataFolderTest, KeepsItsSaltAndDrawsANewOneForAnotherFolder) {
  const Salt::Bytes salt = make();
  EXPECT_EQ(make(), salt);
  const auto other = DataFolder::open(world.disk(), "/other", world.env().random);
  EXPECT_NE(other->salt().bytes(), salt);
}

TEST_F(DataFolderTest, TheSaltSurvivesACutOfPowerAsSoonAsItIsOpen) {
  const Salt::Bytes salt = make();
  world.crash([] {});
  EXPECT_EQ(make(), salt);
}

TEST(DataFolderCrash, ACutOfPowerWhileItIsMadeLeavesAFolderThatOpens) {
  for (std::uint64_t call = 1; call <= 12; ++call) {
    env::sim::World fresh{call};
    fresh.disk().cut_power_at(call);
    {
      const auto torn = DataFolder::open(fresh.disk(), "/data", fresh.env().random);
    }
    fresh.crash([] {});
    const auto opened = DataFolder::open(fresh.disk(), "/data", fresh.env().random);
    EXPECT_TRUE(opened.ok()) << "cut at call " << call;
  }
}

TEST_F(DataFolderTest, EitherCopyOfTheFormatIsEnough) {
  const Salt::Bytes salt = make();
  const Bytes whole = world.disk().bytes(kFormat);
  for (const std::size_t copy : {std::size_t{0}, kCopyBytes}) {
    for (std::size_t at = 0; at < kCheckedBytes + 4; ++at) {
      world.disk().flip_bit(kFormat, copy + at, at % 8);
      const auto opened = open();
      ASSERT_TRUE(opened.ok()) << "byte " << copy + at;
      EXPECT_EQ(opened->salt().bytes(), salt);
      world.disk().bytes(kFormat) = whole;
    }
  }
}

TEST_F(DataFolderTest, WithBothCopiesDamagedItDoesNotOpen) {
  make();
  world.disk().flip_bit(kFormat, 15, 0);
  world.disk().flip_bit(kFormat, kCopyBytes + 20, 0);
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, EngineErrc::kCorrupt);
  EXPECT_NE(opened.error().message.find(kFormat), std::string::npos);
}

TEST_F(DataFolderTest, OfALaterVersionIsNotTouched) {
  make();
  Bytes& format = world.disk().bytes(kFormat);
  for (const std::size_t copy : {std::size_t{0}, kCopyBytes}) {
    store(format.data() + copy + 8, std::uint32_t{2});
    store(format.data() + copy + kCheckedBytes,
          crc32c(std::span<const std::uint8_t>(format).subspan(copy, kCheckedBytes)));
  }
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::kInvalid);
  EXPECT_NE(opened.error().message.find("format 2"), std::string::npos) << opened.error().message;
}

TEST_F(DataFolderTest, WithoutAFormatAndWithFilesItDoesNotOpen) {
  make();
  for (const char* path :
       {"/data/journal/0000000000000001.journal", "/data/state/0000000000000001.snapshot",
        "/data/segments/0000000000000001.segment"}) {
    if (exists(kFormat)) ASSERT_TRUE(world.disk().remove(kFormat).ok());
    touch(path);
    const auto opened = open();
    ASSERT_FALSE(opened.ok()) << path;
    EXPECT_EQ(opened.error().code, EngineErrc::kCorrupt);
    ASSERT_TRUE(world.disk().remove(path).ok());
  }
  EXPECT_TRUE(open().ok());
}

TEST_F(DataFolderTest, RemovesWhatWasBeingWrittenAndNothingElse) {
  make();
  for (const char* folder : {"journal", "segments", "state"}) {
    touch(std::string("/data/") + folder + "/0000000000000001.x.new");
    touch(std::string("/data/") + folder + "/newer");
  }
  ASSERT_TRUE(open().ok());
  for (const char* folder : {"journal", "segments", "state"}) {
    EXPECT_FALSE(exists(std::string("/data/") + folder + "/0000000000000001.x.new"));
    EXPECT_TRUE(exists(std::string("/data/") + folder + "/newer"));
  }
}

TEST_F(DataFolderTest, NumbersAscendAndStrangersDoNotCount) {
  const auto folder = open();
  for (const std::uint64_t number : {0x10ull, 0x2ull, 0xffffffffffffffffull, 0x9ull}) {
    touch(folder->journal_file(number));
  }
  for (const char* name : {"1.journal", "000000000000000g.journal", "0000000000000003.segment",
                           "00000000000000004.journal", "ballast"}) {
    touch(folder->journal() + "/" + name);
  }
  EXPECT_EQ(folder->journal_numbers().value(),
            (std::vector<std::uint64_t>{0x2, 0x9, 0x10, 0xffffffffffffffff}));
  EXPECT_TRUE(folder->segment_numbers()->empty());
}

TEST_F(DataFolderTest, AnUnfinishedFileHasItsNameOnlyWhenFinished) {
  const auto folder = open();
  const std::string path = folder->segment_file(5);
  {
    const auto file = folder->create_unfinished(path, {});
    const Bytes bytes{1, 2, 3};
    ASSERT_TRUE((*file)->write_at(0, bytes).ok());
  }
  EXPECT_FALSE(exists(path));
  const auto again = folder->create_unfinished(path, {});
  EXPECT_EQ((*again)->size().value(), 0u) << "what a try left behind is gone";
  ASSERT_TRUE(folder->finish(path).ok());
  EXPECT_TRUE(exists(path));
  EXPECT_FALSE(exists(path + std::string(kUnfinished)));
}

}  // namespace
}  // namespace penstock::engine::local
