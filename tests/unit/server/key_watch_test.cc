#include "server/key_watch.h"

#include "base/key_file.h"
#include "env/disk.h"
#include "env/sim/world.h"

#include <gtest/gtest.h>

namespace penstock::server {
namespace {

const std::string kPath = "data/keys";

StoredKey key(const std::string& id) {
  return {.id = id,
          .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          .account = "123456789012",
          .is_admin = true,
          .created_at = "2026-11-25T16:00:00Z",
          .note = {}};
}
const StoredKey kFirst = key("AKIAIOSFODNN7EXAMPLE");
const StoredKey kSecond = key("AKIAIOSFODNN7SECOND1");

class KeyWatching : public ::testing::Test {
 protected:
  ~KeyWatching() override {
    if (watch != nullptr) world.run(watch->stop());
  }
  void write(const std::string& text) {
    env::Disk& disk = world.env().disk;
    ASSERT_TRUE(disk.make_folders("data").ok());
    auto file = disk.open(kPath, {.create = true, .writable = true});
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->truncate(0).ok());
    ASSERT_TRUE((*file)
                    ->write_at(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})
                    .ok());
  }
  std::string start(Auth auth, const std::string& path = kPath) {
    watch = std::make_unique<KeyWatch>(world.env(), path, auth, keyring);
    const Status started = world.run(watch->start());
    return started.ok() ? "ok" : started.error().message;
  }
  /// As long as a change may take to count.
  void a_second_passes() { world.run_for(Seconds{1}); }
  std::set<std::string> ids() const {
    std::set<std::string> all;
    for (const auto& [id, value] : keyring.state()->keys) all.insert(id);
    return all;
  }
  bool is_required() const { return keyring.state()->is_required; }

  env::sim::World world{1};
  front::Keyring keyring{front::SessionKeys::Seed{}};
  std::unique_ptr<KeyWatch> watch;
};

TEST_F(KeyWatching, AutoIsOffWithoutAFileAndOnWithTheFirstKey) {
  ASSERT_EQ(start(Auth::kAuto), "ok");
  EXPECT_FALSE(is_required());
  write(key_file_text({kFirst}));
  a_second_passes();
  EXPECT_TRUE(is_required());
  EXPECT_EQ(ids(), std::set{kFirst.id});
  EXPECT_TRUE(keyring.state()->keys.at(kFirst.id).is_admin);
  EXPECT_EQ(keyring.state()->keys.at(kFirst.id).account, kFirst.account);
}

TEST_F(KeyWatching, RemovingTheLastKeyOpensNoDoor) {
  write(key_file_text({kFirst}));
  ASSERT_EQ(start(Auth::kAuto), "ok");
  write(key_file_text({}));
  a_second_passes();
  EXPECT_TRUE(ids().empty());
  EXPECT_TRUE(is_required());
  ASSERT_TRUE(world.env().disk.remove(kPath).ok());
  a_second_passes();
  EXPECT_TRUE(is_required()) << "nor does removing the file";
}

TEST_F(KeyWatching, ABrokenFileLeavesTheLastGoodKeysUntilTheNextGoodFile) {
  write(key_file_text({kFirst}));
  ASSERT_EQ(start(Auth::kAuto), "ok");
  const std::uint64_t before = keyring.generation();
  write("nonsense\n");
  a_second_passes();
  EXPECT_EQ(ids(), std::set{kFirst.id});
  EXPECT_EQ(keyring.generation(), before) << "derived keys stay";
  write(key_file_text({kSecond}));
  a_second_passes();
  EXPECT_EQ(ids(), std::set{kSecond.id});
}

TEST_F(KeyWatching, AnUnchangedFileChangesNothing) {
  write(key_file_text({kFirst}));
  ASSERT_EQ(start(Auth::kOn), "ok");
  const std::uint64_t before = keyring.generation();
  world.run_for(Seconds{30});
  EXPECT_EQ(keyring.generation(), before);
}

TEST_F(KeyWatching, OffKeepsKeysThatDoNotCount) {
  write(key_file_text({kFirst}));
  ASSERT_EQ(start(Auth::kOff), "ok");
  EXPECT_EQ(ids(), std::set{kFirst.id});
  EXPECT_FALSE(is_required());
}

TEST_F(KeyWatching, WhatKeepsAServerFromStartingIsSaid) {
  EXPECT_EQ(start(Auth::kAuto, ""), "ok") << "no file is no keys";
  EXPECT_FALSE(is_required());
  EXPECT_NE(start(Auth::kOn, "").find("say --data FOLDER or --keys FILE"), std::string::npos);
  EXPECT_NE(start(Auth::kOn).find("data/keys holds none"), std::string::npos);
  write("# one\nnonsense\n");
  EXPECT_EQ(start(Auth::kAuto).find("data/keys, line 2: "), 0u);
}

}  // namespace
}  // namespace penstock::server
