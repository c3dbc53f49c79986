#pragma once

#include "shape/document.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock::mapping {

/// A block of addresses: an IPv4 one is kept as its IPv6-mapped form.
struct AddressBlock {
  std::array<std::uint8_t, 16> address{};
  int prefix_bits = 128;
  bool operator==(const AddressBlock&) const = default;
};

/// One entry of a pattern's leaf: what the value at that place must be.
struct FilterRule {
  enum class Op : std::uint8_t {
    kEquals,      ///< Same JSON type and same text: 300 and 300.0 differ.
    kIgnoreCase,  ///< ASCII letters of either case.
    kPrefix,
    kPrefixIgnoreCase,
    kSuffix,
    kSuffixIgnoreCase,
    kWildcard,
    kNumeric,
    kCidr,
    kExists,
    kAbsent,
    kAnythingBut,  ///< None of `except`.
  };
  Op op = Op::kEquals;
  shape::Document::Kind kind = shape::Document::Kind::kString;  ///< kEquals: of what type.
  std::string text;  ///< The value; of kWildcard the parts between stars, each ended by '\0'.
  double low = 0, high = 0;  ///< kNumeric
  bool low_open = false, high_open = false;
  AddressBlock block;
  std::vector<FilterRule> except;

  /// `value` is a string, number, boolean or null. kAbsent matches none.
  bool matches(const shape::Document& value) const;
};

/// An entry of a leaf's array as a rule; nothing when it is none.
std::optional<FilterRule> compile_rule(const shape::Document& entry);

/// Whether a member of an object with this name is a rule rather than a field ("prefix", ...).
bool is_rule_name(std::string_view name);

}  // namespace penstock::mapping
