#include "cli/lines.h"

#include "cli/api_client.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <unistd.h>

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

TEST_F(Lines, KnowsTheNumberOfEachLineBehindEmptyOnes) {
  const std::string path = testing::TempDir() + "/lines-numbers";
  std::ofstream(path) << "\n\na\n\nb";
  auto reader = LineReader::open(path, "");
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE(reader->is_file());
  const auto lines = reader->next({.entries = 1, .bytes = 1});
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->numbers, (std::vector<std::size_t>{3, 5})) << "a file is read as a whole";
  EXPECT_EQ(reader->place(5), path + ":5");
  EXPECT_TRUE(reader->next({.entries = 1, .bytes = 1})->entries.empty());
  std::remove(path.c_str());
}

TEST_F(Lines, TakesLinesThatAreLongerThanOneRead) {
  const std::string line(3'000'000, 'x');
  const auto entries = read("a\n" + line + "\nb\n" + line, "");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 4u);
  EXPECT_EQ((*entries)[1].data.bytes, line);
  EXPECT_EQ((*entries)[2].data.bytes, "b");
  EXPECT_EQ((*entries)[3].data.bytes, line);
}

/// The reader's end of a pipe under a name, as the shell hands it over.
class Pipe : public testing::Test {
 protected:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() override {
    ::close(ends_[0]);
    close();
  }
  void write(std::string_view text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  Result<LineReader> reader(const std::string& key = "") {
    return LineReader::open("/dev/fd/" + std::to_string(ends_[0]), key);
  }
  static std::vector<std::string> texts(Result<NumberedLines> lines) {
    std::vector<std::string> found;
    if (!lines.ok()) return {"failed: " + lines.error().message};
    for (const auto& entry : lines->entries) found.push_back(entry.data.bytes);
    return found;
  }
  using Texts = std::vector<std::string>;
  static constexpr LineReader::Enough kMany{.entries = 500, .bytes = 5u << 20};

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(Pipe, GivesWhatHasComeWhileItIsOpen) {
  auto reader = this->reader();
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE(reader->is_file());
  write("a\nb\nhalf a li");
  EXPECT_EQ(texts(reader->next(kMany)), (Texts{"a", "b"}));
  write("ne\n\nlast");
  EXPECT_EQ(texts(reader->next(kMany)), (Texts{"half a line"}));
  close();
  EXPECT_EQ(texts(reader->next(kMany)), (Texts{"last"}));
  EXPECT_EQ(texts(reader->next(kMany)), Texts{});
}

TEST_F(Pipe, GivesNoMoreThanFitsIntoACall) {
  auto reader = this->reader();
  write("a\nb\nc\n" + std::string(600, 'x') + "\n" + std::string(600, 'y') + "\n");
  close();
  EXPECT_EQ(texts(reader->next({.entries = 2, .bytes = 1'000})), (Texts{"a", "b"}));
  EXPECT_EQ(texts(reader->next({.entries = 2, .bytes = 1'000})),
            (Texts{"c", std::string(600, 'x')}));
  EXPECT_EQ(texts(reader->next({.entries = 2, .bytes = 1'000})), (Texts{std::string(600, 'y')}));
  EXPECT_EQ(texts(reader->next({.entries = 2, .bytes = 1'000})), Texts{});
}

TEST_F(Pipe, FailsAtTheLineWithoutItsKey) {
  auto reader = this->reader("k");
  write("{\"k\":1}\n");
  EXPECT_EQ(texts(reader->next(kMany)), (Texts{"{\"k\":1}"}));
  write("{}\n");
  const auto failed = reader->next(kMany);
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find(":2 has no member \"k\""), std::string::npos)
      << failed.error().message;
}

TEST(ReadLines, AFolderIsNotRead) {
  const auto entries = read_lines(testing::TempDir(), "");
  ASSERT_FALSE(entries.ok());
  EXPECT_NE(entries.error().message.find(" behind line 0; nothing was put"), std::string::npos)
      << entries.error().message;
}

}  // namespace
}  // namespace penstock::cli
