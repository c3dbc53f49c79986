#include "base/key_file.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const std::string kLine =
    "AKIAIOSFODNN7EXAMPLE " + kSecret + " 123456789012 admin 2026-11-25T16:00:00Z build server\n";

StoredKey example() {
  return {.id = "AKIAIOSFODNN7EXAMPLE",
          .secret = kSecret,
          .account = "123456789012",
          .is_admin = true,
          .created_at = "2026-11-25T16:00:00Z",
          .note = "build server"};
}

std::string refusal(const std::string& text) {
  const auto keys = parse_key_file(text);
  return keys.ok() ? "ok" : keys.error().message;
}

TEST(KeyFile, HoldsOneKeyALine) {
  const auto keys = parse_key_file("# a comment\n\n" + kLine);
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  EXPECT_EQ(*keys, std::vector{example()});
}

TEST(KeyFile, IsReadAsItIsWritten) {
  StoredKey plain = example();
  plain.id = "AKIAIOSFODNN7SECOND1";
  plain.is_admin = false;
  plain.note.clear();
  const std::vector<StoredKey> keys{example(), plain};
  const auto read = parse_key_file(key_file_text(keys));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, keys);
  EXPECT_TRUE(parse_key_file(key_file_text({}))->empty());
  EXPECT_TRUE(parse_key_file("")->empty());
}

TEST(KeyFile, AKeyComesAndGoesAndEverythingElseStays) {
  StoredKey second = example();
  second.id = "AKIAIOSFODNN7SECOND1";
  second.note = "of AKIAIOSFODNN7EXAMPLE's team";
  const std::string second_line = key_file_text({second}).substr(key_file_text({}).size());
  const std::string before =
      "# ours\n\n" + kLine + "# AKIAIOSFODNN7EXAMPLE is the build server's\r\n";
  EXPECT_EQ(with_key(before, second), before + second_line);
  EXPECT_EQ(with_key(before + "# no end", second), before + "# no end\n" + second_line);
  EXPECT_EQ(without_key(before + second_line, second.id), before);
  EXPECT_EQ(without_key(before + second_line, example().id),
            "# ours\n\n# AKIAIOSFODNN7EXAMPLE is the build server's\r\n" + second_line);
  EXPECT_EQ(without_key(kLine.substr(0, kLine.size() - 1), example().id), "");
  EXPECT_EQ(with_key("", example()), key_file_text({example()}));
}

struct Broken {
  const char* name;
  std::string line;
  std::string message;
};
class BrokenFiles : public ::testing::TestWithParam<int> {};
const std::vector<Broken>& broken() {
  const auto with = [](auto change) {
    StoredKey key = example();
    change(key);
    return key_file_text({key}).substr(key_file_text({}).size());
  };
  static const std::vector<Broken> all{
      {"few fields", "AKIAIOSFODNN7EXAMPLE " + kSecret + "\n", "one space apart"},
      {"two spaces", "AKIAIOSFODNN7EXAMPLE  " + kSecret + " 123456789012 admin x\n",
       "one space apart"},
      {"short id", with([](StoredKey& k) { k.id = "AKIA"; }), "16 to 128 letters"},
      {"id with a slash", with([](StoredKey& k) { k.id[5] = '/'; }), "16 to 128 letters"},
      {"temporary id", with([](StoredKey& k) { k.id = "ASIAIOSFODNN7EXAMPLE"; }), "temporary"},
      {"short secret", with([](StoredKey& k) { k.secret = "secret"; }), "a secret is 16 to 128"},
      {"account", with([](StoredKey& k) { k.account = "12345678901"; }), "an account is 12 digits"},
      {"rights", "AKIAIOSFODNN7EXAMPLE " + kSecret + " 123456789012 root 2026-11-25T16:00:00Z\n",
       "admin or user"},
      {"created", with([](StoredKey& k) { k.created_at = "yesterday"; }), "2026-11-25T16:00:00Z"},
      {"note", with([](StoredKey& k) { k.note = "a\x01"; }), "without control characters"},
      {"twice", kLine, "a second time"},
  };
  return all;
}
TEST_P(BrokenFiles, AreRefusedWithTheLineAndWhatWouldBeRightAndWithoutTheSecret) {
  const Broken& one = broken()[static_cast<std::size_t>(GetParam())];
  const std::string message = refusal("# first\n" + kLine + one.line);
  EXPECT_EQ(message.substr(0, 8), "line 3: ") << one.name << ": " << message;
  EXPECT_NE(message.find(one.message), std::string::npos) << one.name << ": " << message;
  EXPECT_EQ(message.find(kSecret), std::string::npos) << one.name << ": " << message;
}
INSTANTIATE_TEST_SUITE_P(All, BrokenFiles, ::testing::Range(0, 11));
TEST(BrokenKeyFiles, AreAllTried) { EXPECT_EQ(broken().size(), 11u); }

}  // namespace
}  // namespace penstock
