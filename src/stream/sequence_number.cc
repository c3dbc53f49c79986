#include "stream/sequence_number.h"

#include "base/check.h"
#include "base/hash_key.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace penstock::stream {
namespace {

constexpr std::int64_t kTimeEnd = std::int64_t{1} << 36;

/// 192 bits, least significant word first.
using Words = std::array<std::uint64_t, 3>;

constexpr std::uint64_t kTen19 = 10'000'000'000'000'000'000u;

/// Divides in place; the remainder.
std::uint64_t divide(Words& words, std::uint64_t divisor) {
  std::uint64_t rest = 0;
  for (std::size_t i = words.size(); i-- > 0;) {
    if (rest == 0 &&
        words[i] < divisor) {  // The usual case of half of them, and 128 bits are slow.
      rest = std::exchange(words[i], 0);
      continue;
    }
    const Uint128 part = Uint128{rest} << 64 | words[i];
    words[i] = static_cast<std::uint64_t>(part / divisor);
    rest = static_cast<std::uint64_t>(part % divisor);
  }
  return rest;
}

/// Eight digits of a number below 10^8, all at once: halves, quarters, eighths in one word.
void write_eight(std::uint64_t value, char* out) {
  const std::uint64_t halves = value / 10'000 | value % 10'000 << 32;
  const std::uint64_t hundreds = halves * 10'486 >> 20 & 0x0000'007F'0000'007F;
  const std::uint64_t quarters = hundreds | (halves - hundreds * 100) << 16;
  const std::uint64_t tens = quarters * 103 >> 10 & 0x000F'000F'000F'000F;
  const std::uint64_t digits = (tens | (quarters - tens * 10) << 8) + 0x3030'3030'3030'3030;
  std::memcpy(out, &digits, sizeof digits);
}

/// The last `count` (16 to 19) digits of a number.
void write_digits(std::uint64_t value, char* out, std::size_t count) {
  constexpr std::uint64_t kEight = 100'000'000;
  write_eight(value % kEight, out + count - 8);
  value /= kEight;
  write_eight(value % kEight, out + count - 16);
  value /= kEight;
  for (char* at = out + count - 16; at != out; value /= 10) {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
  }
}

/// Nothing beyond 192 bits.
std::optional<Words> parse_decimal(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > 58) return std::nullopt;
  Words words{};
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    Uint128 carry = static_cast<unsigned>(c - '0');
    for (std::uint64_t& word : words) {
      carry += Uint128{word} * 10;
      word = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) return std::nullopt;
  }
  return words;
}

/// `count` (at most 16) hex digits of a number, `from` the least significant one's place.
std::uint64_t hex_digits(const Words& words, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t digit = from + i;
    value |= (words[digit / 16] >> (digit % 16 * 4) & 0xF) << (i * 4);
  }
  return value;
}

std::int64_t seconds_at(const Words& words, std::size_t from) {
  return static_cast<std::int64_t>(hex_digits(words, from, 9));
}

/// 47 digits, the first a 2: versions 1 and 2.
std::optional<DecodedNumber> decode_47(const Words& words) {
  DecodedNumber decoded;
  decoded.version = static_cast<int>(hex_digits(words, 0, 1));
  decoded.created_s = seconds_at(words, 37);
  decoded.shard = static_cast<std::int32_t>(hex_digits(words, 1, 8));
  if (decoded.version == 2) {
    decoded.time_s = seconds_at(words, 9);
    decoded.index = hex_digits(words, 20, 16);
    if (decoded.index > SequenceNumber::kIndexMax) return std::nullopt;
  } else if (decoded.version == 1) {
    decoded.time_s = seconds_at(words, 25);
    decoded.index = hex_digits(words, 9, 2);
  } else {
    return std::nullopt;
  }
  return decoded;
}

/// 32 digits, the first a 1 that smaller numbers leave out: every small number is one, also 0, with
/// which producers begin that order their records.
DecodedNumber decode_32(const Words& words) {
  DecodedNumber decoded;
  decoded.version = 0;
  decoded.created_s = seconds_at(words, 22);
  decoded.shard = static_cast<std::int32_t>(hex_digits(words, 0, 4));
  return decoded;
}

}  // namespace

void SequenceNumber::write_to(char* out) const {
  const Uint128 low80 = Uint128{static_cast<std::uint64_t>(time_s)} << 36 | Uint128{shard} << 4 | 2;
  const std::uint64_t head =
      std::uint64_t{2} << 40 | static_cast<std::uint64_t>(created_s) << 4 | (shard & 0xF);
  Words words{static_cast<std::uint64_t>(low80),
              static_cast<std::uint64_t>(low80 >> 64) | index << 16, index >> 48 | head << 16};
  const std::uint64_t low = divide(words, kTen19);
  const std::uint64_t middle = divide(words, kTen19);
  write_digits(low, out + 37, 19);
  write_digits(middle, out + 18, 19);
  write_digits(words[0], out, 18);
}

std::string SequenceNumber::to_string() const {
  std::string text(kDigits, '0');
  write_to(text.data());
  return text;
}

std::optional<SequenceNumber> SequenceNumber::parse(std::string_view decimal) {
  const std::optional<DecodedNumber> decoded = decode_number(decimal);
  if (!decoded || decoded->version != 2 || decoded->shard < 0) return std::nullopt;
  const SequenceNumber number{.created_s = decoded->created_s,
                              .index = decoded->index,
                              .time_s = decoded->time_s,
                              .shard = static_cast<std::uint32_t>(decoded->shard)};
  // The digits between the fields are ours to know; decoding does not look at them.
  if (number.to_string() != decimal) return std::nullopt;
  return number;
}

std::strong_ordering SequenceNumber::operator<=>(const SequenceNumber& other) const {
  if (const auto order = created_s <=> other.created_s; order != 0) return order;
  if (const auto order = (shard & 0xF) <=> (other.shard & 0xF); order != 0) return order;
  if (const auto order = index <=> other.index; order != 0) return order;
  if (const auto order = time_s <=> other.time_s; order != 0) return order;
  return shard <=> other.shard;
}

std::optional<DecodedNumber> decode_number(std::string_view decimal) {
  if (decimal.size() > 1 && decimal.front() == '0') return std::nullopt;
  const std::optional<Words> words = parse_decimal(decimal);
  if (!words) return std::nullopt;
  std::optional<DecodedNumber> decoded;
  const std::uint64_t head = (*words)[2];
  if (head == 0 && (*words)[1] >> 60 <= 1) {  // Below 2^125.
    decoded = decode_32(*words);
  } else if (head >> 56 == 2) {
    decoded = decode_47(*words);
  }
  if (!decoded || decoded->created_s >= SequenceNumber::kCreatedEnd) return std::nullopt;
  return decoded;
}

SequenceNumber ShardStamp::number(engine::Position at, ServiceTime arrival) const {
  PENSTOCK_CHECK(at.index <= SequenceNumber::kIndexMax, "a shard's positions have 63 bits");
  return {.created_s = created_s,
          .index = at.index,
          .time_s = std::clamp(unix_seconds(arrival), created_s, kTimeEnd - 1),
          .shard = shard};
}

SequenceNumber ShardStamp::starting() const {
  return {.created_s = created_s, .index = 0, .time_s = created_s, .shard = shard};
}

SequenceNumber ShardStamp::ending(std::int64_t closed_s) const {
  return {.created_s = created_s,
          .index = SequenceNumber::kIndexMax,
          .time_s = std::max(closed_s, created_s),
          .shard = shard};
}

}  // namespace penstock::stream
