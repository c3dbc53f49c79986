#include "stream/notice.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::stream {
namespace {

constexpr ServiceTime kStart{Millis{1'790'000'000'000}};

TEST(PutTrouble, ThousandsOfFailuresForOneCauseAreOneLineAndTheEndIsAnother) {
  PutTrouble trouble;
  EXPECT_FALSE(trouble.stored(kStart));
  int lines = 0;
  ServiceTime now = kStart;
  for (int i = 0; i < 10'000; ++i) lines += trouble.failed("the disk is full", ++now) ? 1 : 0;
  EXPECT_EQ(lines, 1);
  EXPECT_TRUE(trouble.lasts());
  now += PutTrouble::kCalm;
  EXPECT_TRUE(trouble.stored(now));
  EXPECT_FALSE(trouble.lasts());
  EXPECT_FALSE(trouble.stored(now));
  EXPECT_TRUE(trouble.failed("the disk is full", now)) << "it began again";
}

TEST(PutTrouble, AnotherCauseIsSaid) {
  PutTrouble trouble;
  EXPECT_TRUE(trouble.failed("the disk is behind", kStart));
  EXPECT_TRUE(trouble.failed("the disk is full", kStart));
}

TEST(PutTrouble, SuccessesAmongFailuresAreNoEnd) {
  PutTrouble trouble;
  ServiceTime now = kStart;
  EXPECT_TRUE(trouble.failed("the memory budget is spent", now));
  for (int i = 0; i < 100; ++i) {
    now += PutTrouble::kCalm - Millis{1};
    EXPECT_FALSE(trouble.stored(now)) << i;
    EXPECT_FALSE(trouble.failed("the memory budget is spent", now)) << i;
  }
}

TEST(ReadTrouble, EachCauseIsSaidOnceHoweverTheyAlternate) {
  ReadTrouble trouble;
  int lines = 0;
  for (int i = 0; i < 100; ++i) {
    lines += trouble.failed("records 1 to 5 are damaged") ? 1 : 0;
    lines += trouble.failed("records 9 to 9 are damaged") ? 1 : 0;
  }
  EXPECT_EQ(lines, 2);
}

TEST(ReadTrouble, RemembersABoundedNumberOfCauses) {
  ReadTrouble trouble;
  for (std::size_t i = 0; i <= ReadTrouble::kCausesMax; ++i) {
    EXPECT_TRUE(trouble.failed(std::to_string(i)));
  }
  EXPECT_FALSE(trouble.failed("1"));
  EXPECT_TRUE(trouble.failed("0")) << "the oldest was forgotten";
}

}  // namespace
}  // namespace penstock::stream
