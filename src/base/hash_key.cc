#include "base/hash_key.h"

#include "base/check.h"
#include "base/md5.h"

#include <algorithm>

namespace penstock {

namespace {

HashKey hash_key_of(const Md5Digest& digest) {
  Uint128 value = 0;
  for (const std::uint8_t byte : digest) value = value << 8 | byte;
  return {value};
}

}  // namespace

HashKey HashKey::of_partition_key(std::string_view partition_key) {
  return hash_key_of(md5(partition_key));
}

std::array<HashKey, 8> HashKey::of_partition_keys(const std::array<std::string_view, 8>& keys) {
  std::array<HashKey, 8> hashed;
  const bool all_short = std::all_of(keys.begin(), keys.end(), [](std::string_view key) {
    return key.size() <= kMd5OneBlockBytes;
  });
  if (all_short) {
    const auto digests = md5_of_eight(keys);
    std::transform(digests.begin(), digests.end(), hashed.begin(), hash_key_of);
  } else {
    std::transform(keys.begin(), keys.end(), hashed.begin(), of_partition_key);
  }
  return hashed;
}

std::optional<HashKey> HashKey::parse(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > 39) return std::nullopt;
  if (decimal.size() > 1 && decimal.front() == '0') return std::nullopt;
  Uint128 value = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<Uint128>(c - '0');
    if (value > (max().value - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return HashKey{value};
}

std::string HashKey::to_string() const {
  char digits[39];
  std::size_t begin = sizeof digits;
  Uint128 rest = value;
  do {
    digits[--begin] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  return {digits + begin, sizeof digits - begin};
}

std::vector<HashKeyRange> equal_hash_key_ranges(std::size_t count) {
  PENSTOCK_CHECK(count > 0, "a key space is divided into at least one range");
  // 2^128 does not fit: floor(2^128 / n) from 2^128 - 1 = q n + r is q, or q + 1 when r = n - 1.
  const Uint128 all = HashKey::max().value;
  const Uint128 n = count;
  const Uint128 width = all / n + (all % n == n - 1 ? 1 : 0);
  std::vector<HashKeyRange> ranges;
  ranges.reserve(count);
  Uint128 start = 0;
  for (std::size_t i = 0; i < count; ++i, start += width) {
    ranges.push_back({{start}, i + 1 == count ? HashKey::max() : HashKey{start + width - 1}});
  }
  return ranges;
}

}  // namespace penstock
