#include "env/posix/disk.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/resource.h>
#include <thread>

// What the interface promises, of real files. That a sync outlives a cut of power cannot be tried
// here; that it is asked for, and what a failure becomes, can.

namespace penstock::env::posix {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kPage = 4096;

/// Aligned as direct writes must be.
struct alignas(kPage) Page {
  std::uint8_t bytes[kPage];
  explicit Page(std::uint8_t filling) { std::memset(bytes, filling, kPage); }
  std::span<std::uint8_t> span() { return bytes; }
};

/// On a file system that takes O_DIRECT, as a rule, and on one that may refuse it.
class PosixDiskTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string pattern = std::string(GetParam()) + "/penstock-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
    folder = pattern;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::string path(const std::string& name) const { return folder + "/" + name; }
  std::unique_ptr<File> made(const std::string& name, OpenOptions options = {}) {
    options.create = options.writable = true;
    auto file = disk.open(path(name), options);
    EXPECT_TRUE(file.ok()) << file.error().message;
    return file.ok() ? std::move(file).value() : nullptr;
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// The flags of the descriptor that this process has open on a file.
  int flags_of(const std::string& name) const {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry, gone) != path(name)) continue;
      return ::fcntl(std::stoi(entry.path().filename()), F_GETFL);
    }
    return -1;
  }

  PosixDisk disk;
  std::string folder;
};

INSTANTIATE_TEST_SUITE_P(On, PosixDiskTest, testing::Values("/tmp", "/dev/shm"),
                         [](const auto& info) {
                           return std::string(info.param) == "/tmp" ? "Files" : "Memory";
                         });

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST_P(PosixDiskTest, WhatIsWrittenIsReadBackFromItsPlace) {
  const auto file = made("a");
  ASSERT_TRUE(file->write_at(10, bytes_of("hello")).ok());
  ASSERT_TRUE(file->write_at(12, bytes_of("LL")).ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(file->size().value(), 15u);
  Bytes into(100, 1);
  ASSERT_EQ(file->read_at(10, into).value(), 5u) << "fewer only at the end";
  EXPECT_EQ(Bytes(into.begin(), into.begin() + 5), bytes_of("heLLo"));
  ASSERT_EQ(file->read_at(0, std::span(into).first(10)).value(), 10u);
  EXPECT_EQ(Bytes(into.begin(), into.begin() + 10), Bytes(10, 0)) << "a hole is zeros";
  EXPECT_EQ(file->read_at(15, into).value(), 0u);
  EXPECT_EQ(text_of("a"), std::string(10, '\0') + "heLLo");
}

TEST_P(PosixDiskTest, AFileTakesASizeAheadOfWhatIsWritten) {
  const auto file = made("a");
  ASSERT_TRUE(file->truncate(1u << 20).ok());
  EXPECT_EQ(file->size().value(), 1u << 20);
  ASSERT_TRUE(file->write_at(kPage, bytes_of("x")).ok());
  EXPECT_EQ(file->size().value(), 1u << 20);
  ASSERT_TRUE(file->truncate(kPage + 1).ok());
  EXPECT_EQ(text_of("a"), std::string(kPage, '\0') + "x");
}

TEST_P(PosixDiskTest, DirectAndUncachedGoPastTheCacheWhereItSaysSo) {
  for (const bool direct : {true, false}) {
    const std::string name = direct ? "direct" : "uncached";
    const auto file = made(name, {.exclusive = true, .direct = direct, .uncached = !direct});
    ASSERT_NE(file, nullptr);
    EXPECT_EQ((flags_of(name) & O_DIRECT) != 0, disk.goes_past_cache(path(name))) << name;
    Page page('p');
    ASSERT_TRUE(file->truncate(4 * kPage).ok());
    ASSERT_TRUE(file->write_at(2 * kPage, page.span()).ok());
    ASSERT_TRUE(file->sync().ok());
    Page read('?');
    ASSERT_EQ(file->read_at(2 * kPage, read.span()).value(), kPage);
    EXPECT_EQ(std::memcmp(read.bytes, page.bytes, kPage), 0);
    EXPECT_EQ(text_of(name).substr(2 * kPage), std::string(kPage, 'p') + std::string(kPage, '\0'));
  }
  EXPECT_FALSE(disk.goes_past_cache(path("missing")));
}

TEST_P(PosixDiskTest, FilesAreTheirOwnersAlone) {
  EXPECT_EQ(made("a")->permissions().value(), 0600u);
  ASSERT_EQ(::chmod(path("a").c_str(), 0644), 0);
  EXPECT_EQ(disk.open(path("a"), {}).value()->permissions().value(), 0644u);
}

TEST_P(PosixDiskTest, AnOpenFailsByItsReason) {
  const auto missing = disk.open(path("a"), {.writable = true});
  ASSERT_FALSE(missing.ok());
  EXPECT_TRUE(missing.error().code == Errc::kNotFound);
  EXPECT_EQ(missing.error().message, "open " + path("a") + ": No such file or directory (errno 2)");
  made("a");
  EXPECT_TRUE(
      disk.open(path("a"), {.create = true, .exclusive = true, .writable = true}).error().code ==
      Errc::kExists);
  EXPECT_NE(made("a"), nullptr) << "without exclusive it is opened";
}

TEST_P(PosixDiskTest, AFileThatIsOpenedToReadIsNotWritten) {
  write("a", "text");
  const auto file = disk.open(path("a"), {}).value();
  EXPECT_TRUE(file->write_at(0, bytes_of("x")).error().code == Errc::kIo);
  EXPECT_EQ(text_of("a"), "text");
}

TEST_P(PosixDiskTest, NamesAreListedSortedReplacedAndRemoved) {
  ASSERT_TRUE(disk.make_folders(path("x/y")).ok());
  ASSERT_TRUE(disk.make_folders(path("x/y")).ok()) << "they are there";
  for (const char* name : {"x/b", "x/a", "x/.c"}) write(name, name);
  using Names = std::vector<std::string>;
  EXPECT_EQ(disk.list(path("x")).value(), (Names{".c", "a", "b", "y"}));
  ASSERT_TRUE(disk.rename(path("x/b"), path("x/a")).ok());
  EXPECT_EQ(text_of("x/a"), "x/b");
  ASSERT_TRUE(disk.remove(path("x/.c")).ok());
  ASSERT_TRUE(disk.sync_folder(path("x")).ok());
  EXPECT_EQ(disk.list(path("x")).value(), (Names{"a", "y"}));
  EXPECT_TRUE(disk.remove(path("x/.c")).error().code == Errc::kNotFound);
  EXPECT_TRUE(disk.rename(path("x/b"), path("x/a")).error().code == Errc::kNotFound);
  EXPECT_TRUE(disk.list(path("z")).error().code == Errc::kNotFound);
  EXPECT_TRUE(disk.sync_folder(path("z")).error().code == Errc::kNotFound);
  EXPECT_FALSE(disk.make_folders(path("x/a/below a file")).ok());
}

TEST_P(PosixDiskTest, ALockIsHeldUntilItGoes) {
  auto held = disk.lock(path("lock"));
  ASSERT_TRUE(held.ok());
  const auto second = disk.lock(path("lock"));
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().code == Errc::kExists);
  held.value().reset();
  EXPECT_TRUE(disk.lock(path("lock")).ok());
}

/// As a process holds it that a killed server was about to start.
TEST_P(PosixDiskTest, ALockThatIsAboutToGoIsWaitedFor) {
  auto held = disk.lock(path("lock"));
  ASSERT_TRUE(held.ok());
  std::jthread next([this] { EXPECT_TRUE(disk.lock(path("lock")).ok()); });
  held.value().reset();
}

TEST_P(PosixDiskTest, FreeBytesAreThoseOfTheFolder) {
  EXPECT_GT(disk.free_bytes(folder).value(), 0u);
  EXPECT_TRUE(disk.free_bytes(path("z")).error().code == Errc::kNotFound);
}

/// Files of this process may not grow beyond a size; what is beyond is an error and no signal.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

TEST_P(PosixDiskTest, AWriteThatEndsInTheMiddleIsAnErrorAndWhatWasThereStays) {
  for (const bool direct : {false, true}) {
    const std::string name = direct ? "direct" : "plain";
    const auto file = made(name, {.direct = direct});
    Page first('1');
    ASSERT_TRUE(file->write_at(0, first.span()).ok());
    struct alignas(kPage) {
      std::uint8_t bytes[3 * kPage];
    } three;
    std::memset(three.bytes, '3', sizeof three.bytes);
    Status written = ok();
    Status grown = ok();
    {
      const SizeLimit limit(2 * kPage);
      written = file->write_at(kPage, three.bytes);  // A page of three fits.
      grown = file->truncate(3 * kPage);
    }
    ASSERT_FALSE(written.ok()) << name;
    EXPECT_TRUE(written.error().code == Errc::kIo);
    EXPECT_EQ(written.error().message, "write " + path(name) + ": File too large (errno 27)");
    ASSERT_FALSE(grown.ok());
    EXPECT_EQ(grown.error().message, "truncate " + path(name) + ": File too large (errno 27)");
    EXPECT_EQ(text_of(name).substr(0, kPage), std::string(kPage, '1'));
    EXPECT_LE(file->size().value(), 2 * kPage);
    EXPECT_TRUE(file->write_at(kPage, three.bytes).ok()) << "with room it goes on";
  }
}

TEST(PosixDisk, AFullDeviceIsNoSpace) {
  const auto file = PosixDisk().open("/dev/full", {.writable = true}).value();
  const Status written = file->write_at(0, bytes_of("x"));
  ASSERT_FALSE(written.ok());
  EXPECT_TRUE(written.error().code == Errc::kNoSpace);
  EXPECT_EQ(written.error().message, "write /dev/full: No space left on device (errno 28)");
}

TEST(PosixDisk, WhatCannotBeSyncedOrReadIsAnError) {
  PosixDisk disk;
  const Status synced = disk.open("/dev/full", {.writable = true}).value()->sync();
  ASSERT_FALSE(synced.ok());
  EXPECT_TRUE(synced.error().code == Errc::kIo);
  Bytes into(10);
  const auto got = disk.open("/tmp", {}).value()->read_at(0, into);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().message, "read /tmp: Is a directory (errno 21)");
}

}  // namespace
}  // namespace penstock::env::posix
