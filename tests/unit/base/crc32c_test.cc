#include "base/crc32c.h"

#include "support/slow_digests.h"

#include <gtest/gtest.h>
#include <isa-l/crc.h>

#include <string_view>
#include <vector>

namespace penstock {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
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
    const std::uint32_t expected = testing::slow_crc32c(all);
    ASSERT_EQ(crc32c(all), expected) << "length " << length;
    const auto half = length / 2;
    ASSERT_EQ(crc32c(all.subspan(half), crc32c(all.first(half))), expected) << "length " << length;
  }
}

// The library takes the quickest of these by itself. They are named in its object files, not in its
// header.
extern "C" {
unsigned int crc32_iscsi_00(unsigned char* bytes, int size, unsigned int seed);
unsigned int crc32_iscsi_01(unsigned char* bytes, int size, unsigned int seed);
unsigned int crc32_iscsi_by16_10(unsigned char* bytes, int size, unsigned int seed);
}

struct Way {
  const char* name;
  unsigned int (*crc)(unsigned char* bytes, int size, unsigned int seed);
};

std::vector<Way> ways_of_this_machine() {
  std::vector<Way> ways{{"tables", crc32_iscsi_base}, {"SSE4.2", crc32_iscsi_00}};
  if (__builtin_cpu_supports("pclmul")) ways.push_back({"PCLMUL", crc32_iscsi_01});
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq")) {
    ways.push_back({"AVX-512", crc32_iscsi_by16_10});
  }
  return ways;
}

TEST(Crc32c, IsTheSameByEveryWayTheLibraryHas) {
  std::vector<std::uint8_t> bytes(5'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 11);
  for (std::size_t length = 0; length <= bytes.size(); length += length < 300 ? 1 : 97) {
    const std::uint32_t expected = testing::slow_crc32c(std::span(bytes).first(length));
    for (const Way& way : ways_of_this_machine()) {
      ASSERT_EQ(~way.crc(bytes.data(), static_cast<int>(length), ~0u), expected)
          << way.name << ", length " << length;
    }
  }
}

}  // namespace
}  // namespace penstock
