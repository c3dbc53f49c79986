#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

__extension__ typedef unsigned __int128 Uint128;

/// A point of the key space a stream's shards divide: 0 .. 2^128 - 1.
struct HashKey {
  Uint128 value = 0;

  /// MD5 of the partition key's UTF-8 bytes, read as a big-endian number.
  static HashKey of_partition_key(std::string_view partition_key);
  /// The same for eight keys, at a third of the time each when all of them are short.
  static std::array<HashKey, 8> of_partition_keys(const std::array<std::string_view, 8>& keys);
  /// Decimal digits without sign or leading zeros; nothing beyond 2^128 - 1.
  static std::optional<HashKey> parse(std::string_view decimal);
  static constexpr HashKey max() { return {~Uint128{0}}; }

  std::string to_string() const;

  auto operator<=>(const HashKey&) const = default;
  bool operator==(const HashKey&) const = default;
};

/// Both ends belong to it.
struct HashKeyRange {
  HashKey start;
  HashKey end;
  bool contains(HashKey key) const { return start <= key && key <= end; }
  bool operator==(const HashKeyRange&) const = default;
};

/// The whole key space in `count` (> 0) ranges of floor(2^128 / count); the last takes the rest.
std::vector<HashKeyRange> equal_hash_key_ranges(std::size_t count);

}  // namespace penstock
