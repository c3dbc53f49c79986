#include "mapping/filter_rule.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <limits>
#include <string_view>

namespace penstock::mapping {
namespace {

using shape::Document;
using Op = FilterRule::Op;
using Kind = Document::Kind;

constexpr double kNumberMax = 5e9;  // EventBridge's range

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// The wildcard's parts end with '\0' here, '*' between them: no part holds a zero byte, since
/// JSON text with \u0000 is refused when the rule is made.
std::optional<std::string> wildcard_parts(std::string_view pattern) {
  std::string parts;
  bool star = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\0') return std::nullopt;
    const bool was_star = star;
    star = c == '*';
    if (star && was_star) return std::nullopt;
    if (star) c = '\0';
    if (c == '\\') {
      if (++i == pattern.size() || (pattern[i] != '*' && pattern[i] != '\\')) return std::nullopt;
      c = pattern[i];
    }
    parts.push_back(c);
  }
  parts.push_back('\0');
  return parts;
}

/// First part at the front, last at the end, those between wherever they come first.
bool wildcard_matches(std::string_view parts, std::string_view text) {
  std::size_t end = parts.find('\0');
  const std::string_view front = parts.substr(0, end);
  parts.remove_prefix(end + 1);
  if (parts.empty()) return text == front;
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  for (;;) {
    end = parts.find('\0');
    const std::string_view part = parts.substr(0, end);
    parts.remove_prefix(end + 1);
    if (parts.empty()) return text.ends_with(part);
    const std::size_t found = text.find(part);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + part.size());
  }
}

std::optional<AddressBlock> parse_address(const std::string& text) {
  AddressBlock block;
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    block.address[10] = block.address[11] = 0xFF;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4), 4, block.address.begin() + 12);
    return block;
  }
  if (inet_pton(AF_INET6, text.c_str(), block.address.data()) == 1) return block;
  return std::nullopt;
}

std::optional<AddressBlock> parse_block(const std::string& text) {
  const std::size_t slash = text.find('/');
  std::optional<AddressBlock> block = parse_address(text.substr(0, slash));
  if (!block || slash == std::string::npos) return block;
  const bool is_v4 = text.find(':') == std::string::npos;
  int bits = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + slash + 1, end, bits);
  if (error != std::errc{} || at != end || bits < 0 || bits > (is_v4 ? 32 : 128)) {
    return std::nullopt;
  }
  block->prefix_bits = is_v4 ? bits + 96 : bits;
  return block;
}

bool contains(const AddressBlock& block, const std::string& text) {
  const std::optional<AddressBlock> address = parse_address(text);
  if (!address) return false;
  for (int bit = 0; bit < block.prefix_bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((block.address[byte] & mask) != (address->address[byte] & mask)) return false;
  }
  return true;
}

bool holds(const FilterRule& rule, double value) {
  return (rule.low_open ? value > rule.low : value >= rule.low) &&
         (rule.high_open ? value < rule.high : value <= rule.high);
}

bool string_matches(const FilterRule& rule, const std::string& text) {
  switch (rule.op) {
    case Op::kIgnoreCase: return lowered(text) == rule.text;
    case Op::kPrefix: return text.starts_with(rule.text);
    case Op::kPrefixIgnoreCase: return lowered(text).starts_with(rule.text);
    case Op::kSuffix: return text.ends_with(rule.text);
    case Op::kSuffixIgnoreCase: return lowered(text).ends_with(rule.text);
    case Op::kWildcard: return wildcard_matches(rule.text, text);
    case Op::kCidr: return contains(rule.block, text);
    default: return false;
  }
}

std::optional<FilterRule> equals(const Document& value) {
  if (value.is(Kind::kObject) || value.is(Kind::kList)) return std::nullopt;
  FilterRule rule{.op = Op::kEquals, .kind = value.kind, .text = value.text};
  if (value.is(Kind::kBoolean)) rule.text = value.boolean ? "true" : "false";
  return rule;
}

/// "prefix": a string, or {"equals-ignore-case": a string}.
std::optional<FilterRule> affix(const Document& value, Op op, Op op_ignoring_case) {
  if (value.is_string()) return FilterRule{.op = op, .text = value.text};
  if (!value.is(Kind::kObject) || value.items.size() != 1 ||
      value.names[0] != "equals-ignore-case" || !value.items[0].is_string()) {
    return std::nullopt;
  }
  return FilterRule{.op = op_ignoring_case, .text = lowered(value.items[0].text)};
}

/// [">", 10, "<=", 20]: one bound, or a lower one and then an upper one, or "=".
std::optional<FilterRule> numeric(const Document& value) {
  if (!value.is(Kind::kList) || (value.items.size() != 2 && value.items.size() != 4)) {
    return std::nullopt;
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FilterRule rule{.op = Op::kNumeric, .low = -kInfinity, .high = kInfinity};
  for (std::size_t i = 0; i < value.items.size(); i += 2) {
    const Document& op = value.items[i];
    const Document& bound = value.items[i + 1];
    if (!op.is_string() || !bound.is(Kind::kNumber)) return std::nullopt;
    if (bound.number < -kNumberMax || bound.number > kNumberMax) return std::nullopt;
    const bool lone = value.items.size() == 2;
    if (op.text == "=" && lone) {
      rule.low = rule.high = bound.number;
    } else if ((op.text == ">" || op.text == ">=") && i == 0) {
      rule.low = bound.number;
      rule.low_open = op.text == ">";
    } else if ((op.text == "<" || op.text == "<=") && (lone || i == 2)) {
      rule.high = bound.number;
      rule.high_open = op.text == "<";
    } else {
      return std::nullopt;
    }
  }
  const bool empty =
      rule.low > rule.high || (rule.low == rule.high && (rule.low_open || rule.high_open));
  return empty ? std::nullopt : std::optional(rule);
}

std::optional<FilterRule> wildcard(const Document& value) {
  if (!value.is_string()) return std::nullopt;
  std::optional<std::string> parts = wildcard_parts(value.text);
  if (!parts) return std::nullopt;
  return FilterRule{.op = Op::kWildcard, .text = std::move(*parts)};
}

std::optional<FilterRule> cidr(const Document& value) {
  const auto block = value.is_string() ? parse_block(value.text) : std::nullopt;
  if (!block) return std::nullopt;
  return FilterRule{.op = Op::kCidr, .block = *block};
}

std::optional<FilterRule> exists(const Document& value) {
  if (!value.is(Kind::kBoolean)) return std::nullopt;
  return FilterRule{.op = value.boolean ? Op::kExists : Op::kAbsent};
}

std::optional<FilterRule> ignore_case(const Document& value) {
  if (!value.is_string()) return std::nullopt;
  return FilterRule{.op = Op::kIgnoreCase, .text = lowered(value.text)};
}

/// A rule with a name: {"prefix": "a"}. anything-but stands apart, since it holds rules.
std::optional<FilterRule> named(std::string_view name, const Document& value) {
  if (name == "prefix") return affix(value, Op::kPrefix, Op::kPrefixIgnoreCase);
  if (name == "suffix") return affix(value, Op::kSuffix, Op::kSuffixIgnoreCase);
  if (name == "equals-ignore-case") return ignore_case(value);
  if (name == "wildcard") return wildcard(value);
  if (name == "numeric") return numeric(value);
  if (name == "cidr") return cidr(value);
  if (name == "exists") return exists(value);
  return std::nullopt;
}

/// What anything-but excludes by one name: {"prefix": "a"} or {"prefix": ["a", "b"]}.
bool add_exceptions(std::string_view name, const Document& value, std::vector<FilterRule>& out) {
  if (name != "prefix" && name != "suffix" && name != "equals-ignore-case" && name != "wildcard") {
    return false;
  }
  const std::vector<Document> one{value};
  const std::vector<Document>& values = value.is(Kind::kList) ? value.items : one;
  for (const Document& entry : values) {
    std::optional<FilterRule> rule = named(name, entry);
    if (!rule) return false;
    out.push_back(std::move(*rule));
  }
  return !values.empty();
}

/// A string or number, a list of one of the two, or an object with one rule.
std::optional<FilterRule> anything_but(const Document& value) {
  FilterRule rule{.op = Op::kAnythingBut};
  if (value.is(Kind::kObject)) {
    const bool good =
        value.items.size() == 1 && add_exceptions(value.names[0], value.items[0], rule.except);
    return good ? std::optional(std::move(rule)) : std::nullopt;
  }
  const std::vector<Document> one{value};
  const std::vector<Document>& values = value.is(Kind::kList) ? value.items : one;
  for (const Document& entry : values) {
    if (!entry.is_string() && !entry.is(Kind::kNumber)) return std::nullopt;
    if (entry.kind != values.front().kind) return std::nullopt;
    rule.except.push_back(*equals(entry));
  }
  return values.empty() ? std::nullopt : std::optional(std::move(rule));
}

}  // namespace

bool FilterRule::matches(const Document& value) const {
  switch (op) {
    case Op::kEquals:
      if (value.kind != kind) return false;
      return kind == Kind::kBoolean ? value.boolean == (text == "true") : value.text == text;
    case Op::kNumeric: return value.is(Kind::kNumber) && holds(*this, value.number);
    case Op::kExists: return true;
    case Op::kAbsent: return false;
    case Op::kAnythingBut:
      return std::none_of(except.begin(), except.end(),
                          [&](const FilterRule& rule) { return rule.matches(value); });
    default: return value.is_string() && string_matches(*this, value.text);
  }
}

std::optional<FilterRule> compile_rule(const Document& entry) {
  if (!entry.is(Kind::kObject)) return equals(entry);
  if (entry.items.size() != 1) return std::nullopt;
  if (entry.names[0] == "anything-but") return anything_but(entry.items[0]);
  return named(entry.names[0], entry.items[0]);
}

bool is_rule_name(std::string_view name) {
  constexpr std::string_view kNames[] = {"prefix",   "suffix",      "equals-ignore-case",
                                         "wildcard", "numeric",     "cidr",
                                         "exists",   "anything-but"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace penstock::mapping
