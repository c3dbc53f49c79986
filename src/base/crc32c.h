#pragma once

#include <cstdint>
#include <span>

namespace penstock {

/// CRC-32C (Castagnoli), as iSCSI and ext4 use it: "123456789" gives 0xE3069283.
/// `seed` is the CRC of what came before; 0 to start.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t seed = 0);

}  // namespace penstock
