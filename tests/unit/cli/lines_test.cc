#include "cli/lines.h"

#include "cli/api_client.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace penstock::cli {
namespace {

class Lines : public testing::Test {
 protected:
  Result<std::vector<wire::PutEntry>> read(const std::string& content, const std::string& key) {
    const std::string path = testing::TempDir() + "/lines-" +
                             testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ofstream(path) << content;
    auto entries = read_lines(path, key);
    std::remove(path.c_str());
    return entries;
  }
};

TEST_F(Lines, TakesTheKeyFromAMember) {
  const auto entries = read("{\"net\":\"ci\",\"x\":1}\n\n{\"net\":\"nn\"}\n", "net");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].partition_key, "ci");
  EXPECT_EQ((*entries)[0].data.bytes, "{\"net\":\"ci\",\"x\":1}");
  EXPECT_EQ((*entries)[1].partition_key, "nn");
}

TEST_F(Lines, TakesANumberAsItIsWritten) {
  const auto entries = read("{\"id\":17}\n", "id");
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ((*entries)[0].partition_key, "17");
}

TEST_F(Lines, NamesTheLineWithoutTheMember) {
  const auto entries = read("{\"net\":\"ci\"}\n{\"other\":1}\n", "net");
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().code, CliErrc::kUsage);
  EXPECT_NE(entries.error().message.find(":2 has no member \"net\""), std::string::npos)
      << entries.error().message;
}

TEST_F(Lines, NamesTheLineThatIsNoObject) {
  const auto entries = read("hello\n", "net");
  ASSERT_FALSE(entries.ok());
  EXPECT_NE(entries.error().message.find(":1 is not a JSON object"), std::string::npos);
}

TEST_F(Lines, GivesRandomKeysWhenNoneIsAskedFor) {
  const auto entries = read("a\nb\n", "");
  ASSERT_TRUE(entries.ok());
  EXPECT_NE((*entries)[0].partition_key, (*entries)[1].partition_key);
}

TEST(ReadLines, SaysWhichFileCannotBeRead) {
  const auto entries = read_lines("/nonexistent/file", "");
  ASSERT_FALSE(entries.ok());
  EXPECT_NE(entries.error().message.find("/nonexistent/file"), std::string::npos);
}

}  // namespace
}  // namespace penstock::cli
