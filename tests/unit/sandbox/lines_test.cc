#include "sandbox/lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::sandbox {
namespace {

using Texts = std::vector<std::string>;

struct Cut {
  Lines lines;
  Texts taken;
  void feed(std::string_view bytes) {
    lines.feed(bytes, [this](std::string_view line) { taken.emplace_back(line); });
  }
  void flush() {
    lines.flush([this](std::string_view line) { taken.emplace_back(line); });
  }
};

TEST(Lines, AreTheSameHoweverTheBytesCome) {
  const std::string bytes = "first\n\nthird\r\nfo\rurth\nlast";
  const Texts expected{"first", "", "third", "fo\rurth", "last"};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Cut cut;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      cut.feed(std::string_view(bytes).substr(at, piece));
    cut.flush();
    EXPECT_EQ(cut.taken, expected) << "in pieces of " << piece;
  }
}

TEST(Lines, WhatHasNoNewlineWaits) {
  Cut cut;
  cut.feed("half");
  EXPECT_EQ(cut.taken, Texts{});
  cut.feed(" and half\n");
  EXPECT_EQ(cut.taken, Texts{"half and half"});
  cut.flush();
  cut.flush();
  EXPECT_EQ(cut.taken, Texts{"half and half"});
}

TEST(Lines, ALineAboveTheLimitComesInPieces) {
  constexpr std::size_t kMax = Lines::kLineBytesMax;
  const std::string line(2 * kMax + 5, 'x');
  for (const std::size_t piece : {kMax / 3, kMax - 1, kMax, kMax + 1, line.size()}) {
    Cut cut;
    for (std::size_t at = 0; at < line.size(); at += piece)
      cut.feed(std::string_view(line).substr(at, piece));
    cut.feed("\nnext\n");
    std::string whole;
    ASSERT_EQ(cut.taken.back(), "next") << piece;
    cut.taken.pop_back();
    for (const std::string& each : cut.taken) {
      EXPECT_LE(each.size(), kMax) << piece;
      whole += each;
    }
    EXPECT_EQ(whole, line) << piece;
  }
}

TEST(Lines, ALineOfJustTheLimitIsOne) {
  Cut cut;
  cut.feed(std::string(Lines::kLineBytesMax, 'x') + "\ny\n");
  ASSERT_EQ(cut.taken.size(), 2u);
  EXPECT_EQ(cut.taken[0].size(), Lines::kLineBytesMax);
}

}  // namespace
}  // namespace penstock::sandbox
