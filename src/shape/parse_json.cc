#include "shape/document.h"
#include "shape/errors.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

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

/// A string without escapes is taken from where it stands: large ones would go through a buffer of
/// the parser that is as large.
template <class Value>
bool read_string(Value& value, Document& out) {
  out.kind = Document::Kind::kString;
  const simdjson::simdjson_result<std::string_view> raw = value.raw_json_token();
  if (raw.error() != simdjson::SUCCESS) return false;
  const std::string_view token = trimmed(raw.value_unsafe());
  if (token.size() >= 2 && std::memchr(token.data(), '\\', token.size()) == nullptr) {
    ondemand::raw_json_string consumed;
    if (value.get_raw_json_string().get(consumed) != simdjson::SUCCESS) return false;
    out.text = token.substr(1, token.size() - 2);
    return true;
  }
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  out.text = text;
  return true;
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
    case ondemand::json_type::string: return read_string(value, out);
    default: break;
  }
  const simdjson::simdjson_result<std::string_view> token = value.raw_json_token();
  return token.error() == simdjson::SUCCESS && read_scalar(token.value_unsafe(), out);
}

// --- Without a tree ---------------------------------------------------------------------------

template <class Value>
bool walk_value(Value& value, std::size_t depth);

bool walk_list(ondemand::array list, std::size_t depth) {
  for (auto element : list) {
    ondemand::value item;
    if (element.get(item) != simdjson::SUCCESS || !walk_value(item, depth + 1)) return false;
  }
  return true;
}

bool walk_object(ondemand::object object, std::size_t depth) {
  for (auto field : object) {
    std::string_view name;
    ondemand::value item;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) return false;
    if (field.value().get(item) != simdjson::SUCCESS || !walk_value(item, depth + 1)) return false;
  }
  return true;
}

template <class Value>
bool walk_value(Value& value, std::size_t depth) {
  if (depth > kMaxDepth) return false;
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::array) {
    ondemand::array list;
    return value.get_array().get(list) == simdjson::SUCCESS && walk_list(list, depth);
  }
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    return value.get_object().get(object) == simdjson::SUCCESS && walk_object(object, depth);
  }
  Document scalar;
  return read_value(value, scalar, depth);
}

// --- Only what is wanted ------------------------------------------------------------------------

class WantedReader {
 public:
  explicit WantedReader(std::size_t values_max) : left_(values_max) {}

  template <class Value>
  bool read(Value& value, const Wanted& wanted, Document& out, std::size_t depth) {
    if (depth > kMaxDepth || left_ == 0) return false;
    --left_;
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    if (type == ondemand::json_type::array) {
      ondemand::array list;
      return value.get_array().get(list) == simdjson::SUCCESS &&
             read_items(list, wanted, out, depth);
    }
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      return value.get_object().get(object) == simdjson::SUCCESS &&
             read_members(object, wanted, out, depth);
    }
    return read_value(value, out, depth);
  }

 private:
  bool read_items(ondemand::array list, const Wanted& wanted, Document& out, std::size_t depth) {
    out.kind = Document::Kind::kList;
    for (auto element : list) {
      ondemand::value item;
      if (element.get(item) != simdjson::SUCCESS) return false;
      if (!read(item, wanted, out.items.emplace_back(), depth + 1)) return false;
    }
    return true;
  }
  bool read_members(ondemand::object object, const Wanted& wanted, Document& out,
                    std::size_t depth) {
    out.kind = Document::Kind::kObject;
    for (auto field : object) {
      std::string_view name;
      ondemand::value item;
      if (field.unescaped_key().get(name) != simdjson::SUCCESS) return false;
      const auto found = wanted.members.find(name);
      if (field.value().get(item) != simdjson::SUCCESS) return false;
      if (found == wanted.members.end()) {
        if (!walk_value(item, depth + 1)) return false;
        continue;
      }
      out.names.push_back(found->first);
      if (!read(item, found->second, out.items.emplace_back(), depth + 1)) return false;
    }
    return true;
  }
  std::size_t left_;
};

/// Not a scalar.
bool is_tree(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n\r");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

// --- Bounds -----------------------------------------------------------------------------------

/// Tokens outside of strings, one after the other, and how deep they nest.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}
  std::size_t at() const { return at_; }
  std::size_t count() const { return count_; }
  /// What would close the lists and objects that are open.
  std::string closers() const { return {open_.rbegin(), open_.rend()}; }

  /// The next token's first character; 0 at the end of the text, or where it nests too deep.
  char next() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      switch (c) {
        case ' ':
        case '\t':
        case '\n':
        case '\r': continue;
        case '"': skip_string(); break;
        case '[':
        case '{':
          if (open_.size() >= kMaxDepth) return 0;
          open_.push_back(c == '[' ? ']' : '}');
          break;
        case ']':
        case '}':
          if (!open_.empty()) open_.pop_back();
          break;
        case ',':
        case ':': break;
        default: skip_scalar(); break;
      }
      ++count_;
      return c;
    }
    return 0;
  }

 private:
  void skip_string() {
    while (at_ < text_.size()) {
      const void* quote = std::memchr(text_.data() + at_, '"', text_.size() - at_);
      if (quote == nullptr) break;
      const auto end = static_cast<std::size_t>(static_cast<const char*>(quote) - text_.data());
      std::size_t escapes = 0;
      while (end - escapes > at_ && text_[end - escapes - 1] == '\\') ++escapes;
      at_ = end + 1;
      if (escapes % 2 == 0) return;
    }
    at_ = text_.size();
  }
  void skip_scalar() {
    constexpr std::string_view kEnds = " \t\n\r\",:[]{}";
    at_ = std::min(text_.find_first_of(kEnds, at_), text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::string open_;
};

/// A member of an object is four tokens: name, colon, value, comma.
constexpr std::size_t kTokensOfAValue = 4;

/// The text up to a comma behind so many values, with everything that is open closed; nothing when
/// it has no more than those.
std::optional<std::string> cut_behind(std::string_view text, std::size_t values_max) {
  if (text.size() <= values_max) return std::nullopt;
  const std::size_t tokens_max = values_max * kTokensOfAValue;
  Tokens tokens(text);
  std::size_t values = 0;
  while (const char token = tokens.next()) {
    if (token == ',' && (values > values_max || tokens.count() > tokens_max)) {
      return std::string(text.substr(0, tokens.at() - 1)) + tokens.closers();
    }
    const bool is_separator = token == ',' || token == ':' || token == ']' || token == '}';
    if (!is_separator) ++values;
    // Without commas it is no JSON: what is left is not worth a look.
    if (tokens.count() > 2 * tokens_max) return std::string(text.substr(0, tokens.at()));
  }
  // Nested too deep: the parser refuses it there.
  if (tokens.at() < text.size()) return std::string(text.substr(0, tokens.at()));
  return std::nullopt;
}

/// Each thread's parser keeps its buffers, but not those for a body of many megabytes.
class Parser {
 public:
  ondemand::parser& operator*() { return *instance(); }
  ~Parser() {
    constexpr std::size_t kKeptBytes = 1u << 20;
    if (instance()->capacity() > kKeptBytes) instance() = std::make_unique<ondemand::parser>();
  }

 private:
  static std::unique_ptr<ondemand::parser>& instance() {
    thread_local auto one = std::make_unique<ondemand::parser>();
    return one;
  }
};

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
  Parser parser;
  const simdjson::padded_string padded(text);
  ondemand::document root;
  if ((*parser).iterate(padded).get(root) != simdjson::SUCCESS) return malformed();
  Document parsed;
  if (!read_value(root, parsed, 1)) return malformed();
  const bool at_end = root.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!at_end) return malformed();
  return parsed;
}

Result<Document> parse_json(std::string_view text, std::size_t values_max) {
  const std::optional<std::string> head = cut_behind(text, values_max);
  if (!head) return parse_json(text);
  TRY(Document parsed, parse_json(*head));
  parsed.cut = true;
  return parsed;
}

Result<Document> parse_json(std::string_view text, const Wanted& wanted, std::size_t values_max) {
  if (!is_tree(text)) return parse_json(text);
  Parser parser;
  const simdjson::padded_string padded(text);
  ondemand::document root;
  if ((*parser).iterate(padded).get(root) != simdjson::SUCCESS) return malformed();
  Document parsed;
  if (!WantedReader(values_max).read(root, wanted, parsed, 1)) return malformed();
  if (root.current_location().error() != simdjson::OUT_OF_BOUNDS) return malformed();
  return parsed;
}

bool is_json(std::string_view text) {
  if (!is_tree(text)) return parse_json(text).ok();
  Parser parser;
  const simdjson::padded_string padded(text);
  ondemand::document root;
  return (*parser).iterate(padded).get(root) == simdjson::SUCCESS && walk_value(root, 1) &&
         root.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool has_more_json_tokens(std::string_view text, std::size_t most) {
  Tokens tokens(text);
  while (tokens.next() != 0) {
    if (tokens.count() > most) return true;
  }
  return tokens.at() < text.size();
}

}  // namespace penstock::shape
