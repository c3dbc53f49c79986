#include "shape/document.h"
#include "shape/errors.h"
#include "shape/json_text.h"

#include <simdjson.h>

#include <bit>
#include <cmath>

namespace penstock::shape {
namespace {

constexpr unsigned kIndefinite = 31;
constexpr unsigned char kBreak = 0xFF;

/// A cursor over the bytes; every read says whether there was enough.
class Reader {
 public:
  Reader(std::string_view bytes, std::size_t values_max) : bytes_(bytes), left_(values_max) {}

  bool read(Document& out, std::size_t depth);
  bool at_end() const { return at_ == bytes_.size(); }
  /// There are more values than were wanted; nothing more is read.
  bool is_cut() const { return is_cut_; }

 private:
  struct Head {
    unsigned major = 0;
    unsigned minor = 0;
    std::uint64_t value = 0;
  };
  std::size_t left() const { return bytes_.size() - at_; }
  bool next_is_break() const {
    return left() > 0 && static_cast<unsigned char>(bytes_[at_]) == kBreak;
  }
  bool read_head(Head& head);
  bool read_string(const Head& head, std::string& out);
  bool read_list(const Head& head, Document& out, std::size_t depth);
  bool read_map(const Head& head, Document& out, std::size_t depth);
  bool read_simple(const Head& head, Document& out);

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t left_;  ///< Values that may still come.
  bool is_cut_ = false;
};

bool Reader::read_head(Head& head) {
  if (left() == 0) return false;
  const auto first = static_cast<unsigned char>(bytes_[at_++]);
  head.major = first >> 5;
  head.minor = first & 31;
  head.value = head.minor;
  if (head.minor < 24) return true;
  if (head.minor == kIndefinite) return head.major >= 2 && head.major <= 5;
  if (head.minor > 27) return false;
  const std::size_t size = std::size_t{1} << (head.minor - 24);
  if (left() < size) return false;
  head.value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    head.value = head.value << 8 | static_cast<unsigned char>(bytes_[at_++]);
  }
  return true;
}

bool Reader::read_string(const Head& head, std::string& out) {
  if (head.minor != kIndefinite) {
    if (head.value > left()) return false;
    out.append(bytes_.substr(at_, head.value));
    at_ += head.value;
    return true;
  }
  while (!next_is_break()) {
    Head chunk;
    if (!read_head(chunk) || chunk.major != head.major || chunk.minor == kIndefinite) return false;
    if (!read_string(chunk, out)) return false;
  }
  ++at_;
  return true;
}

bool Reader::read_list(const Head& head, Document& out, std::size_t depth) {
  out.kind = Document::Kind::kList;
  if (head.minor != kIndefinite) {
    if (head.value > left()) return false;  // every element takes a byte at least
    for (std::uint64_t i = 0; i < head.value && !is_cut_; ++i) {
      if (!read(out.items.emplace_back(), depth + 1)) return false;
    }
    return true;
  }
  while (!is_cut_ && !next_is_break()) {
    if (!read(out.items.emplace_back(), depth + 1)) return false;
  }
  ++at_;
  return true;
}

bool Reader::read_map(const Head& head, Document& out, std::size_t depth) {
  out.kind = Document::Kind::kObject;
  const bool indefinite = head.minor == kIndefinite;
  if (!indefinite && head.value > left() / 2) return false;
  for (std::uint64_t i = 0; indefinite ? !next_is_break() : i < head.value; ++i) {
    Document key;
    if (!read(key, depth + 1)) return false;
    if (is_cut_) return true;
    if (!key.is_string()) return false;
    out.names.push_back(std::move(key.text));
    if (!read(out.items.emplace_back(), depth + 1)) return false;
    if (is_cut_) return true;
  }
  if (indefinite) ++at_;
  return true;
}

double half_of(std::uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 0x1F);
  const auto mantissa = static_cast<double>(bits & 0x3FF);
  double value;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    value = mantissa == 0 ? INFINITY : NAN;
  } else {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

void set_double(Document& out, double value) {
  std::string text;
  append_json_double(text, value);
  // What JSON cannot say (NaN, infinities) is no number to anybody above.
  if (!std::isfinite(value)) {
    out.kind = Document::Kind::kNull;
    return;
  }
  number_of(text, out);
}

bool Reader::read_simple(const Head& head, Document& out) {
  switch (head.minor) {
    case 20:
    case 21:
      out.kind = Document::Kind::kBoolean;
      out.boolean = head.minor == 21;
      return true;
    case 22:
    case 23: return true;
    case 25: set_double(out, half_of(head.value)); return true;
    case 26: {
      set_double(out, std::bit_cast<float>(static_cast<std::uint32_t>(head.value)));
      return true;
    }
    case 27: set_double(out, std::bit_cast<double>(head.value)); return true;
    default: return false;
  }
}

void set_integer(Document& out, bool negative, std::uint64_t value) {
  out.kind = Document::Kind::kNumber;
  const bool fits = value <= static_cast<std::uint64_t>(INT64_MAX);
  out.integer = negative ? (fits ? -1 - static_cast<std::int64_t>(value) : INT64_MIN)
                         : (fits ? static_cast<std::int64_t>(value) : INT64_MAX);
  out.number = negative ? -1.0 - static_cast<double>(value) : static_cast<double>(value);
  if (!negative) {
    out.text = std::to_string(value);
  } else if (value == UINT64_MAX) {
    out.text = "-18446744073709551616";
  } else {
    out.text = "-" + std::to_string(value + 1);
  }
}

bool Reader::read(Document& out, std::size_t depth) {
  if (depth > kMaxDepth) return false;
  if (left_ == 0) {
    is_cut_ = true;
    return true;
  }
  --left_;
  Head head;
  do {
    if (!read_head(head)) return false;
  } while (head.major == 6);  // tags: the reader knows from the shape what to expect
  switch (head.major) {
    case 0:
    case 1: set_integer(out, head.major == 1, head.value); return true;
    case 2: out.kind = Document::Kind::kBytes; return read_string(head, out.text);
    case 3:
      out.kind = Document::Kind::kString;
      return read_string(head, out.text) &&
             simdjson::validate_utf8(out.text.data(), out.text.size());
    case 4: return read_list(head, out, depth);
    case 5: return read_map(head, out, depth);
    default: return read_simple(head, out);
  }
}

}  // namespace

Result<Document> parse_cbor(std::string_view bytes, std::size_t values_max) {
  Reader reader(bytes, values_max);
  Document parsed;
  const bool is_read = reader.read(parsed, 1) && (reader.is_cut() || reader.at_end());
  if (!is_read) return Error{ShapeErrc::kSerialization, {}};
  parsed.cut = reader.is_cut();
  return parsed;
}

}  // namespace penstock::shape
