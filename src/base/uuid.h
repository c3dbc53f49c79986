#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

inline constexpr std::size_t kUuidBytes = 36;

/// A version 4 UUID in its usual text form, from 16 random bytes of the caller's.
void write_uuid_v4(std::array<std::uint8_t, 16> random, char (&text)[kUuidBytes]);
std::string uuid_v4(std::array<std::uint8_t, 16> random);

/// The same from anything with `fill(span<uint8_t>)`, such as env::Random.
template <class Random>
std::string new_uuid(Random& random) {
  std::array<std::uint8_t, 16> bytes;
  random.fill(bytes);
  return uuid_v4(bytes);
}

/// 8-4-4-4-12 hex digits of either case.
bool is_uuid(std::string_view text);

}  // namespace penstock
