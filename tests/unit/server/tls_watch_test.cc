#include "server/tls_watch.h"

#include "env/disk.h"
#include "env/sim/world.h"

#include <gtest/gtest.h>

namespace penstock::server {
namespace {

const std::string kFolder = "data/tls";

class TlsWatching : public ::testing::Test {
 protected:
  ~TlsWatching() override { stop(); }
  void write(const std::string& name, const std::string& text) {
    env::Disk& disk = world.env().disk;
    ASSERT_TRUE(disk.make_folders(kFolder).ok());
    auto file = disk.open(kFolder + name, {.create = true, .writable = true});
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->truncate(0).ok());
    ASSERT_TRUE((*file)
                    ->write_at(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})
                    .ok());
  }
  std::string read(const std::string& name) {
    auto file = world.env().disk.open(kFolder + name, {});
    if (!file.ok()) return "(none)";
    std::string text((*file)->size().value(), '\0');
    (*file)->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}).value();
    return text;
  }
  void write_pair(const front::SelfSigned& made) {
    write("/c.pem", made.certificate);
    write("/k.pem", made.key);
  }
  std::string start(TlsSource source) {
    stop();
    watch = std::make_unique<TlsWatch>(world.env(), std::move(source), keys);
    const Status started = world.run(watch->start());
    return started.ok() ? "ok" : started.error().message;
  }
  void stop() {
    if (watch != nullptr) world.run(watch->stop());
    watch = nullptr;
  }
  static TlsSource files() {
    return {.kind = TlsSource::Kind::kFiles,
            .certificate_file = kFolder + "/c.pem",
            .key_file = kFolder + "/k.pem"};
  }
  static TlsSource self_signed(std::vector<std::string> hosts = {"localhost"}) {
    return {.kind = TlsSource::Kind::kSelfSigned, .folder = kFolder, .hosts = std::move(hosts)};
  }
  /// As long as a change may take to count.
  void a_while_passes() { world.run_for(Seconds{6}); }

  env::sim::World world{1};
  front::TlsKeys keys;
  std::unique_ptr<TlsWatch> watch;
};

TEST_F(TlsWatching, WithoutASourceThereIsNoTls) {
  EXPECT_EQ(start({}), "ok");
  EXPECT_FALSE(watch->is_on());
  EXPECT_EQ(keys.current(), nullptr);
}

TEST_F(TlsWatching, FilesThatChangeCountForNewConnections) {
  write_pair(front::make_self_signed({"localhost"}));
  ASSERT_EQ(start(files()), "ok");
  const auto first = keys.current();
  ASSERT_NE(first, nullptr);
  a_while_passes();
  EXPECT_EQ(keys.current(), first) << "nothing has changed";
  write_pair(front::make_self_signed({"localhost"}));
  a_while_passes();
  EXPECT_NE(keys.current(), first);
}

TEST_F(TlsWatching, TheKeysOfTicketsAreNewOnceADay) {
  write_pair(front::make_self_signed({"localhost"}));
  for (const TlsSource& source : {files(), self_signed()}) {
    ASSERT_EQ(start(source), "ok");
    const auto first = keys.current();
    world.run_for(std::chrono::hours{23});
    EXPECT_EQ(keys.current(), first);
    world.run_for(std::chrono::hours{1} + Seconds{6});
    EXPECT_NE(keys.current(), first);
    EXPECT_NE(keys.current(), nullptr);
  }
}

TEST_F(TlsWatching, WhatCannotBeReadAgainLeavesTheLastOneInUse) {
  write_pair(front::make_self_signed({"localhost"}));
  ASSERT_EQ(start(files()), "ok");
  const auto first = keys.current();
  write("/c.pem", "half a cert");
  a_while_passes();
  EXPECT_EQ(keys.current(), first);
  ASSERT_TRUE(world.env().disk.remove(kFolder + "/c.pem").ok());
  a_while_passes();
  EXPECT_EQ(keys.current(), first);
  write_pair(front::make_self_signed({"localhost"}));
  a_while_passes();
  EXPECT_NE(keys.current(), first);
}

TEST_F(TlsWatching, FilesThatCannotBeUsedAreRefusedAtStart) {
  EXPECT_NE(start(files()), "ok") << "there are none";
  write_pair(front::make_self_signed({"localhost"}));
  write("/k.pem", front::make_self_signed({"localhost"}).key);
  const std::string said = start(files());
  EXPECT_NE(said.find("--tls-cert data/tls/c.pem"), std::string::npos);
  EXPECT_NE(said.find("not that of the certificate"), std::string::npos);
}

TEST_F(TlsWatching, WhatIsMadeIsKeptAsLongAsItIsForTheSameHosts) {
  ASSERT_EQ(start(self_signed()), "ok");
  EXPECT_EQ(watch->ca_file(), "data/tls/ca.pem");
  const std::string ca = read("/ca.pem");
  EXPECT_TRUE(ca.starts_with("-----BEGIN CERTIFICATE-----"));
  ASSERT_EQ(start(self_signed()), "ok");
  EXPECT_EQ(read("/ca.pem"), ca);
  ASSERT_EQ(start(self_signed({"localhost", "10.0.0.1"})), "ok");
  EXPECT_NE(read("/ca.pem"), ca);
}

TEST_F(TlsWatching, WhatDoesNotFitTogetherIsMadeAnew) {
  ASSERT_EQ(start(self_signed()), "ok");
  for (const char* name : {"/ca.pem", "/server.pem", "/server.key"}) {
    const std::string before = read("/ca.pem");
    write(name, "what a full disk left");
    ASSERT_EQ(start(self_signed()), "ok") << name;
    EXPECT_NE(read("/ca.pem"), before) << name;
  }
}

TEST_F(TlsWatching, WhatCannotBeReadIsSaidAndNotMadeAnew) {
  ASSERT_EQ(start(self_signed()), "ok");
  const std::string ca = read("/ca.pem");
  for (const char* name : {"/server.pem", "/server.key", "/ca.pem"}) {
    const std::string before = read(name);
    write(name, std::string(2u << 20, 'x'));  // More than is read: as good as an I/O error.
    const std::string said = start(self_signed());
    EXPECT_NE(said.find(kFolder + name), std::string::npos) << said;
    write(name, before);
    EXPECT_EQ(start(self_signed()), "ok");
    EXPECT_EQ(read("/ca.pem"), ca) << "whoever trusts it goes on to";
  }
  ASSERT_TRUE(world.env().disk.remove(kFolder + "/server.pem").ok());
  EXPECT_EQ(start(self_signed()), "ok") << "what is missing is made";
}

TEST_F(TlsWatching, WithoutAFolderItsOwnOneGoesWithIt) {
  TlsSource source = self_signed();
  source.folder.clear();
  ASSERT_EQ(start(source), "ok");
  const std::string ca = watch->ca_file();
  EXPECT_TRUE(ca.starts_with("/tmp/penstock-tls-"));
  EXPECT_TRUE(world.env().disk.open(ca, {}).ok());
  stop();
  EXPECT_FALSE(world.env().disk.open(ca, {}).ok());
}

}  // namespace
}  // namespace penstock::server
