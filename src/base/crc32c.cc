#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace penstock {

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t seed) {
  // The library takes an int for the length and does not finish the CRC: both are done here.
  constexpr std::size_t kPieceBytes = 1u << 30;
  std::uint32_t crc = ~seed;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kPieceBytes);
    crc = crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(size), crc);
    bytes = bytes.subspan(size);
  }
  return ~crc;
}

}  // namespace penstock
