#include "base/hash_key.h"
#include "stream/observer.h"

#include <cstring>

namespace penstock::stream {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Uint128 product = Uint128{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t add(std::uint64_t hash, std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15u;
  constexpr std::uint64_t kOther = 0xD1B54A32D192ED03u;
  hash = mix(hash ^ bytes.size(), kOther);  // The length keeps key and data apart.
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), taken);
    bytes.remove_prefix(taken);
    hash = mix(hash ^ word, kOdd);
  }
  return hash;
}

}  // namespace

std::uint64_t fingerprint(std::string_view partition_key, std::string_view data) {
  return add(add(0x8AB7F2C3D4E5A691u, partition_key), data);
}

}  // namespace penstock::stream
