#include "mapping/filter.h"

#include "base/check.h"
#include "mapping/filter_rule.h"
#include "shape/document.h"
#include "unit/mapping/items.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

// A filter pattern and a record, both of strangers. Single rules are held against slow readings of
// their own; whole patterns against what must not matter: the order of fields, how the pattern is
// written, and in which set it stands.

namespace penstock::mapping {
namespace {

using shape::Document;
using Kind = Document::Kind;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

/// By trying: a star takes nothing, or one character more. Quick enough for short texts.
bool wildcard_matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return wildcard_matches(pattern.substr(1), text) ||
           (!text.empty() && wildcard_matches(pattern, text.substr(1)));
  }
  if (pattern.front() == '\\') pattern.remove_prefix(1);
  return !text.empty() && text.front() == pattern.front() &&
         wildcard_matches(pattern.substr(1), text.substr(1));
}

constexpr std::size_t kWildcardBytesMax = 24;  // The slow way is exponential.

std::optional<bool> affix_expected(const Document& wanted, const std::string& text,
                                   bool (*holds)(std::string_view, std::string_view)) {
  if (wanted.is_string()) return holds(text, wanted.text);
  const Document* folded = wanted.find("equals-ignore-case");
  if (folded == nullptr) return std::nullopt;
  return holds(lower(text), lower(folded->text));
}

bool numeric_expected(const Document& bounds, double value) {
  for (std::size_t i = 0; i < bounds.items.size(); i += 2) {
    const std::string& op = bounds.items[i].text;
    const double bound = bounds.items[i + 1].number;
    const bool holds = op == "="    ? value == bound
                       : op == "<"  ? value < bound
                       : op == "<=" ? value <= bound
                       : op == ">"  ? value > bound
                                    : value >= bound;
    if (!holds) return false;
  }
  return true;
}

bool equals_expected(const Document& wanted, const Document& value) {
  if (wanted.kind != value.kind) return false;
  return wanted.is(Kind::kBoolean) ? wanted.boolean == value.boolean : wanted.text == value.text;
}

/// What a rule says of a value, read from the pattern; nothing where this reading knows no answer.
std::optional<bool> expected(const Document& rule, const Document& value) {
  if (!rule.is(Kind::kObject)) return equals_expected(rule, value);
  const std::string& name = rule.names[0];
  const Document& wanted = rule.items[0];
  if (name == "exists") return wanted.boolean;
  if (name == "numeric") return value.is(Kind::kNumber) && numeric_expected(wanted, value.number);
  if (name == "anything-but") {
    if (wanted.is(Kind::kObject)) return std::nullopt;  // check_anything_but has these.
    if (!wanted.is(Kind::kList)) return !equals_expected(wanted, value);
    return std::none_of(wanted.items.begin(), wanted.items.end(),
                        [&](const Document& one) { return equals_expected(one, value); });
  }
  if (name == "cidr") return std::nullopt;
  if (!value.is_string()) return false;
  if (name == "equals-ignore-case") return lower(wanted.text) == lower(value.text);
  if (name == "prefix") {
    return affix_expected(wanted, value.text, [](std::string_view text, std::string_view start) {
      return text.substr(0, start.size()) == start;
    });
  }
  if (name == "suffix") {
    return affix_expected(wanted, value.text, [](std::string_view text, std::string_view end) {
      return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
    });
  }
  if (wanted.text.size() + value.text.size() > kWildcardBytesMax) return std::nullopt;
  return wildcard_matches(wanted.text, value.text);
}

/// {"anything-but": {"prefix": "a"}} is the opposite of {"prefix": "a"}.
void check_anything_but(const Document& rule, const FilterRule& compiled, const Document& value) {
  const Document& inner = rule.items[0];
  if (inner.items.size() != 1 || inner.items[0].is(Kind::kList)) return;
  const auto positive = compile_rule(inner);
  PENSTOCK_CHECK(positive.has_value(), "what is excluded is a rule");
  PENSTOCK_CHECK(compiled.matches(value) != positive->matches(value), "and not matched");
}

void check_rule(const Document& rule, const Document& value) {
  const auto compiled = compile_rule(rule);
  if (!compiled || value.is(Kind::kList) || value.is(Kind::kObject)) return;
  if (const auto answer = expected(rule, value)) {
    PENSTOCK_CHECK(compiled->matches(value) == *answer, "a rule matches what it says");
  } else if (rule.names[0] == "anything-but") {
    check_anything_but(rule, *compiled, value);
  }
}

/// Every value of `data` against every rule anywhere in the pattern.
void check_rules(const Document& pattern, const Document& data) {
  if (pattern.is(Kind::kList)) {
    for (const Document& rule : pattern.items) {
      for (const Document& value : data.items) check_rule(rule, value);
    }
  }
  for (const Document& inner : pattern.items) check_rules(inner, data);
}

Document reversed(Document document) {
  for (Document& item : document.items) item = reversed(std::move(item));
  if (document.is(Kind::kObject)) {
    std::reverse(document.names.begin(), document.names.end());
    std::reverse(document.items.begin(), document.items.end());
  }
  return document;
}

bool has_repeated_names(const Document& document) {
  auto names = document.names;
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end() ||
         std::any_of(document.items.begin(), document.items.end(), has_repeated_names);
}

std::optional<bool> matches(const std::vector<std::string>& patterns, std::string_view data) {
  const auto set = FilterSet::compile(patterns);
  if (!set.ok()) return std::nullopt;
  return set->matches(test::item_at(1, data), test::context());
}

void check_patterns(const std::string& first, const std::string& second, std::string_view data) {
  const auto one = matches({first}, data);
  const auto other = matches({second}, data);
  const auto both = matches({first, second}, data);
  PENSTOCK_CHECK(both.has_value() == (one.has_value() && other.has_value()),
                 "a set is good when each pattern is");
  if (both) PENSTOCK_CHECK(*both == (*one || *other), "a set matches when one pattern does");
  if (!one) return;
  const auto pattern = shape::parse_json(first);
  PENSTOCK_CHECK(matches({pattern->to_json()}, data) == one, "how it is written does not matter");
  if (has_repeated_names(*pattern)) return;
  PENSTOCK_CHECK(matches({reversed(*pattern).to_json()}, data) == one, "nor the order of fields");
}

}  // namespace
}  // namespace penstock::mapping

// Two patterns and the record's data, a line each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::mapping;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t first = std::min(input.find('\n'), input.size());
  const std::size_t second = std::min(input.find('\n', first + 1), input.size());
  const std::string one(input.substr(0, first));
  const std::string other(
      input.substr(std::min(first + 1, size), second - std::min(first + 1, second)));
  const std::string_view record = input.substr(std::min(second + 1, size));
  check_patterns(one, other, record);
  const auto pattern = penstock::shape::parse_json(one);
  const auto values = penstock::shape::parse_json(record);
  if (pattern.ok() && values.ok()) check_rules(*pattern, *values);
  return 0;
}
