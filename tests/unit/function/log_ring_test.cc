#include "function/log_ring.h"

#include <gtest/gtest.h>

namespace penstock::function {
namespace {

std::vector<std::string> texts(const LogRing::Page& page) {
  std::vector<std::string> found;
  for (const LogRing::Line& line : page.lines) found.push_back(line.text);
  return found;
}
using Texts = std::vector<std::string>;

LogRing ring_of(int lines, std::size_t lines_max = 100, std::size_t bytes_max = 10'000) {
  LogRing ring(lines_max, bytes_max);
  for (int i = 1; i <= lines; ++i) ring.append(service_time(1'000 + i), std::to_string(i));
  return ring;
}

TEST(LogRing, GivesLinesBehindAnIdInTheirOrder) {
  const LogRing ring = ring_of(5);
  EXPECT_EQ(texts(ring.after(0, 100)), (Texts{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(texts(ring.after(3, 100)), (Texts{"4", "5"}));
  EXPECT_EQ(texts(ring.after(5, 100)), Texts{});
  const LogRing::Line line = ring.after(3, 1).lines.front();
  EXPECT_EQ(line.id, 4);
  EXPECT_EQ(line.time_ms, 1'004);
}

TEST(LogRing, APageHasItsLimitAndTheNextGoesOn) {
  const LogRing ring = ring_of(5);
  EXPECT_EQ(texts(ring.after(0, 2)), (Texts{"1", "2"}));
  EXPECT_EQ(texts(ring.after(2, 2)), (Texts{"3", "4"}));
}

TEST(LogRing, AnEmptyOneHasNothing) {
  EXPECT_TRUE(LogRing(10, 10).after(0, 10).lines.empty());
  EXPECT_EQ(LogRing(10, 10).after(7, 10).dropped, 0);
}

TEST(LogRing, TheOldestGoWhenThereAreTooMany) {
  const LogRing ring = ring_of(5, 3);
  const LogRing::Page page = ring.after(0, 100);
  EXPECT_EQ(texts(page), (Texts{"3", "4", "5"}));
  EXPECT_EQ(page.dropped, 2);
  EXPECT_EQ(ring.after(1, 100).dropped, 1);
  EXPECT_EQ(ring.after(3, 100).dropped, 0);
}

TEST(LogRing, TheOldestGoWhenTheyAreTooLarge) {
  LogRing ring(100, 10);
  ring.append(service_time(0), "aaaa");
  ring.append(service_time(0), "bbbb");
  ring.append(service_time(0), "cccc");
  EXPECT_EQ(texts(ring.after(0, 100)), (Texts{"bbbb", "cccc"}));
}

TEST(LogRing, ALineLongerThanTheRingIsCutAndStandsAlone) {
  LogRing ring(100, 10);
  ring.append(service_time(0), "short");
  ring.append(service_time(0), "a line of more than ten");
  EXPECT_EQ(texts(ring.after(0, 100)), (Texts{"a line of "}));
}

TEST(LogRing, AnIdOfAnotherLifeBeginsAtTheBeginning) {
  const LogRing ring = ring_of(3);
  EXPECT_EQ(texts(ring.after(99, 100)), (Texts{"1", "2", "3"}));
  EXPECT_EQ(texts(ring.after(-1, 100)), (Texts{"1", "2", "3"}));
}

TEST(ToUtf8, LeavesWhatIsUtf8) {
  for (const std::string text :
       {"", "plain",
        "gr\xC3\xBC\xC3\x9F"
        "e",
        "\xE2\x82\xAC", "\xF0\x9F\x8C\x8A", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(to_utf8(text), text);
  }
}

TEST(ToUtf8, ReplacesEveryByteThatIsNoPartOfASequence) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(to_utf8("a\xFF"
                    "b"),
            "a" + bad + "b");
  EXPECT_EQ(to_utf8("\x80"), bad);
  EXPECT_EQ(to_utf8("\xC0\xAF"), bad + bad) << "overlong";
  EXPECT_EQ(to_utf8("\xE0\x80\x80"), bad + bad + bad) << "overlong";
  EXPECT_EQ(to_utf8("\xED\xA0\x80"), bad + bad + bad) << "a surrogate";
  EXPECT_EQ(to_utf8("\xF4\x90\x80\x80"), bad + bad + bad + bad) << "above the last";
  EXPECT_EQ(to_utf8("\xE2\x82"), bad + bad) << "cut off";
  EXPECT_EQ(to_utf8("\xE2\x82z"), bad + bad + "z");
}

}  // namespace
}  // namespace penstock::function
