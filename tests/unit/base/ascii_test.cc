#include "base/ascii.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Ascii, OnlyTheLettersOfAsciiHaveALowerCase) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool is_upper = i >= 'A' && i <= 'Z';
    EXPECT_EQ(ascii_lower(c), is_upper ? static_cast<char>(i - 'A' + 'a') : c) << i;
  }
  EXPECT_EQ(ascii_lower(std::string("X-Amz-Target\xC3\x84 1")), "x-amz-target\xC3\x84 1");
}

TEST(Ascii, EqualsIgnoringCaseLooksAtTheWholeOfBoth) {
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_TRUE(equals_ignoring_case("ChunkeD", "chunked"));
  EXPECT_FALSE(equals_ignoring_case("chunke", "chunked"));
  EXPECT_FALSE(equals_ignoring_case("chunked ", "chunked"));
  EXPECT_FALSE(equals_ignoring_case("#hunked", "chunked"));
}

}  // namespace
}  // namespace penstock
