#pragma once

#include "base/time.h"
#include "engine/log.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::stream {

/// The place of a record as Kinesis prints it: a decimal number of 56 digits (186 bits).
///
/// As 47 hex digits, most significant first:
///   1  constant 2        9  shard creation second   1  low digit of the shard number
///   16 index (63 bits)   2  00                      9  second of the record
///   8  shard number      1  version, 2
///
/// So a child shard, created later, sorts behind its parents; within a shard the index decides.
/// `index` is the engine's position: a number is a pure function of the stored record.
struct SequenceNumber {
  std::int64_t created_s = 0;  ///< Of the shard, Unix seconds, below kCreatedEnd.
  std::uint64_t index = 0;     ///< At most kIndexMax.
  std::int64_t time_s = 0;
  std::uint32_t shard = 0;

  static constexpr std::size_t kDigits = 56;
  static constexpr std::uint64_t kIndexMax = 0x7FFF'FFFF'FFFF'FFFF;
  static constexpr std::int64_t kCreatedEnd = 16'025'175'000;

  /// Writes exactly kDigits characters.
  void write_to(char* out) const;
  std::string to_string() const;
  /// A version 2 number only: what this server issues. For checkpoints and the like.
  static std::optional<SequenceNumber> parse(std::string_view decimal);

  /// The order of the decimal numbers.
  std::strong_ordering operator<=>(const SequenceNumber& other) const;
  bool operator==(const SequenceNumber&) const = default;
};

/// Any number AWS ever issued, taken apart: versions 0, 1 and 2 (versions 0 and 1 are not issued
/// any more, but clients may send them).
struct DecodedNumber {
  int version = 2;
  std::int64_t created_s = 0;
  std::int32_t shard = 0;   ///< May be negative in a crafted number; the service prints it.
  std::uint64_t index = 0;  ///< Versions 1 and 2.
  std::int64_t time_s = 0;  ///< Versions 1 and 2; 0 in version 0.
};

/// Nothing when the service calls such a number invalid.
std::optional<DecodedNumber> decode_number(std::string_view decimal);

/// What a shard gives to the numbers of its records.
struct ShardStamp {
  std::uint32_t shard = 0;
  std::int64_t created_s = 0;

  /// The time part is never before the shard's creation, which can be ahead of the clock when
  /// shards are split faster than once a second.
  SequenceNumber number(engine::Position at, ServiceTime arrival) const;
  SequenceNumber starting() const;
  SequenceNumber ending(std::int64_t closed_s) const;
};

}  // namespace penstock::stream
