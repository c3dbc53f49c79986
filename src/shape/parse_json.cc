#include "shape/document.h"
#include "shape/errors.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

// The only file outside api/kinesis that shows simdjson. Its on-demand parser is used with raw
// tokens, because AWS takes integers of any size and the tree keeps a number's own text.

namespace penstock::shape {
namespace {

namespace ondemand = simdjson::ondemand;

Error malformed() { return Error{ShapeErrc::kSerialization, {}}; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - at;
}

/// RFC 8259 section 6: -? int frac? exp?, and nothing after it.
bool is_json_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

std::int64_t floor_of(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return INT64_MAX;
  if (value < -9223372036854775808.0) return INT64_MIN;
  return static_cast<std::int64_t>(std::floor(value));
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\n' ||
                            token.back() == '\r')) {
    token.remove_suffix(1);
  }
  return token;
}

bool read_scalar(std::string_view raw_token, Document& out) {
  const std::string_view token = trimmed(raw_token);
  if (token == "null") return true;
  if (token == "true" || token == "false") {
    out.kind = Document::Kind::kBoolean;
    out.boolean = token == "true";
    return true;
  }
  return number_of(token, out);
}

template <class Value>
bool read_value(Value& value, Document& out, std::size_t depth);

bool read_list(ondemand::array list, Document& out, std::size_t depth) {
  out.kind = Document::Kind::kList;
  for (auto element : list) {
    ondemand::value item;
    if (element.get(item) != simdjson::SUCCESS) return false;
    if (!read_value(item, out.items.emplace_back(), depth + 1)) return false;
  }
  return true;
}

bool read_object(ondemand::object object, Document& out, std::size_t depth) {
  out.kind = Document::Kind::kObject;
  for (auto field : object) {
    std::string_view name;
    ondemand::value item;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) return false;
    out.names.emplace_back(name);
    if (field.value().get(item) != simdjson::SUCCESS) return false;
    if (!read_value(item, out.items.emplace_back(), depth + 1)) return false;
  }
  return true;
}

template <class Value>
bool read_value(Value& value, Document& out, std::size_t depth) {
  if (depth > kMaxDepth) return false;
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::array: {
      ondemand::array list;
      return value.get_array().get(list) == simdjson::SUCCESS && read_list(list, out, depth);
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      return value.get_object().get(object) == simdjson::SUCCESS && read_object(object, out, depth);
    }
    case ondemand::json_type::string: {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) return false;
      out.kind = Document::Kind::kString;
      out.text = text;
      return true;
    }
    default: break;
  }
  const simdjson::simdjson_result<std::string_view> token = value.raw_json_token();
  return token.error() == simdjson::SUCCESS && read_scalar(token.value_unsafe(), out);
}

/// simdjson counts a root scalar as a document without moving past it; one is small, so this is
/// simply read as the only element of a list.
Result<Document> parse_in_list(std::string_view text) {
  std::string list;
  list.reserve(text.size() + 2);
  list.append("[").append(text).append("]");
  TRY(Document parsed, parse_json(list));
  if (parsed.items.size() != 1) return malformed();
  return std::move(parsed.items.front());
}

}  // namespace

bool number_of(std::string_view text, Document& out) {
  if (!is_json_number(text)) return false;
  out.kind = Document::Kind::kNumber;
  out.text = text;
  out.number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (read.ec == std::errc::result_out_of_range) {
    // Overflow or underflow: which of them, says the exponent's sign.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    out.number = tiny ? 0 : text.front() == '-' ? -INFINITY : INFINITY;
  }
  const auto whole = std::from_chars(text.data(), text.data() + text.size(), out.integer);
  if (whole.ec != std::errc{} || whole.ptr != text.data() + text.size()) {
    out.integer = floor_of(out.number);
  }
  return true;
}

Result<Document> parse_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n\r");
  if (first == text.npos) return malformed();
  if (text[first] != '{' && text[first] != '[') {
    // "1],[2" would become valid between brackets.
    if (text[first] != '"' && text.find_first_of("[]{},") != text.npos) return malformed();
    return parse_in_list(text);
  }
  thread_local ondemand::parser parser;
  const simdjson::padded_string padded(text);
  ondemand::document root;
  if (parser.iterate(padded).get(root) != simdjson::SUCCESS) return malformed();
  Document parsed;
  if (!read_value(root, parsed, 1)) return malformed();
  const bool at_end = root.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!at_end) return malformed();
  return parsed;
}

}  // namespace penstock::shape
