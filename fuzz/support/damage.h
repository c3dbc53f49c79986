#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace penstock::fuzz {

/// What disks do to stored bytes, as the input chooses: bits turn over, blocks are lost or written
/// to the wrong place, the end is missing.
inline void damage(std::vector<std::uint8_t>& bytes, FuzzedDataProvider& choices) {
  constexpr std::size_t kBlock = 4'096;
  if (bytes.empty()) return;
  const auto place = [&] {
    return choices.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
  };
  const auto block = [&] {
    const std::size_t last = (bytes.size() - 1) / kBlock;
    return choices.ConsumeIntegralInRange<std::size_t>(0, last) * kBlock;
  };
  const auto block_at = [&](std::size_t at) {
    return std::pair(
        bytes.begin() + static_cast<std::ptrdiff_t>(at),
        bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBlock, bytes.size())));
  };
  switch (choices.ConsumeIntegralInRange(0, 4)) {
    case 0:
      bytes[place()] ^= static_cast<std::uint8_t>(1u << choices.ConsumeIntegralInRange(0, 7));
      return;
    case 1: bytes[place()] = choices.ConsumeIntegral<std::uint8_t>(); return;
    case 2: {
      const auto [from, to] = block_at(block());
      std::fill(from, to, choices.ConsumeBool() ? std::uint8_t{0} : std::uint8_t{0xFF});
      return;
    }
    case 3: {
      const auto [from, to] = block_at(block());
      const auto [into, end] = block_at(block());
      std::copy_n(from, std::min(to - from, end - into), into);
      return;
    }
    default: bytes.resize(place());
  }
}

}  // namespace penstock::fuzz
