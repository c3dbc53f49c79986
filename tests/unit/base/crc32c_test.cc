#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace penstock {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The definition, bit by bit: reflected polynomial 0x82F63B78.
std::uint32_t slow_crc(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

TEST(Crc32c, MatchesThePublishedVectors) {
  EXPECT_EQ(crc32c(bytes_of("")), 0u);
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43u);
}

TEST(Crc32c, EqualsTheDefinitionAtEveryLengthAndSplit) {
  std::vector<std::uint8_t> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 11);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const auto all = std::span(bytes).first(length);
    const std::uint32_t expected = slow_crc(all);
    ASSERT_EQ(crc32c(all), expected) << "length " << length;
    const auto half = length / 2;
    ASSERT_EQ(crc32c(all.subspan(half), crc32c(all.first(half))), expected) << "length " << length;
  }
}

}  // namespace
}  // namespace penstock
