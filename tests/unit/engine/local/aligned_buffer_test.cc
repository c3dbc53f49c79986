#include "engine/local/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace penstock::engine::local {
namespace {

TEST(AlignedBuffer, StaysAlignedAndKeepsItsBytesWhileItGrows) {
  AlignedBuffer buffer;
  std::vector<std::uint8_t> piece(777);
  std::iota(piece.begin(), piece.end(), std::uint8_t{0});
  for (std::size_t count = 1; count <= 200; ++count) {
    buffer.append(piece);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % AlignedBuffer::kAlign, 0u);
    ASSERT_EQ(buffer.size(), count * piece.size());
  }
  for (std::size_t at = 0; at < buffer.size(); at += piece.size()) {
    EXPECT_TRUE(std::equal(piece.begin(), piece.end(), buffer.data() + at)) << at;
  }
}

TEST(AlignedBuffer, GrowsWithZerosAlsoWhereSomethingWasBefore) {
  AlignedBuffer buffer;
  buffer.append(std::vector<std::uint8_t>(5'000, 0xAB));
  buffer.resize(10);
  buffer.resize(9'000);
  EXPECT_EQ(buffer.data()[9], 0xAB);
  EXPECT_TRUE(std::all_of(buffer.data() + 10, buffer.data() + 9'000,
                          [](std::uint8_t byte) { return byte == 0; }));
}

TEST(AlignedBuffer, ClearKeepsItsMemoryAndReleaseDoesNot) {
  AlignedBuffer buffer;
  buffer.resize(100'000);
  buffer.clear();
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_GE(buffer.capacity(), 100'000u);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0u);
  buffer.append(std::vector<std::uint8_t>{7});
  EXPECT_EQ(buffer.data()[0], 7);
}

}  // namespace
}  // namespace penstock::engine::local
