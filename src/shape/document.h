#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::shape {

/// How deep lists and objects may nest in what strangers send.
inline constexpr std::size_t kMaxDepth = 128;

/// How many values a request's document may have: more than ten times what the limits of any
/// operation allow (PutRecords: 500 entries of 4 members).
inline constexpr std::size_t kValuesMax = 32'768;

/// A JSON or CBOR value as a plain tree: for the control plane, stored documents and whatever the
/// hand-written data path does not know. Owns everything.
struct Document {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kBytes, kList, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  bool cut = false;  ///< Of a root: it had more values than were wanted; the others are left out.
  std::int64_t integer = 0;        ///< number: its floor, held at the ends of int64.
  double number = 0;               ///< number
  std::string text;                ///< string (UTF-8), bytes; a number as it was written
  std::vector<std::string> names;  ///< object: as they came, repeated ones too
  std::vector<Document> items;     ///< list elements, or the values that belong to `names`

  bool is(Kind k) const { return kind == k; }
  bool is_string() const { return kind == Kind::kString; }
  /// The value of an object's member (the last, if repeated); nullptr when there is none.
  const Document* find(std::string_view name) const;
  /// The same, but text of a string member; empty otherwise.
  std::string_view string_at(std::string_view name) const;
  /// Compact JSON; bytes as base64, numbers as they were written.
  std::string to_json() const;
  void append_json(std::string& out) const;
};

/// The whole of `text` as one JSON value: RFC 8259, valid UTF-8, integers of any size.
/// Errors: ShapeErrc::kSerialization.
Result<Document> parse_json(std::string_view text);
/// The same for a stranger's text: reads about `values_max` values at most, and is `cut` behind
/// them. What is behind them need not be JSON.
Result<Document> parse_json(std::string_view text, std::size_t values_max);

/// Which members of objects a reader looks at. Lists are looked through: of the objects in them the
/// same members are wanted.
struct Wanted {
  std::map<std::string, Wanted, std::less<>> members;
};
/// The same as without `wanted`, but of objects only the wanted members are kept. Everything is
/// checked.
/// Errors: ShapeErrc::kSerialization, also for more than `values_max` values that would be kept.
Result<Document> parse_json(std::string_view text, const Wanted& wanted, std::size_t values_max);
/// Whether parse_json would read it, without making a tree.
bool is_json(std::string_view text);
/// Whether the text has more tokens than so many, outside of strings: looked at before a parser
/// that keeps a place for each is let loose on it.
bool has_more_json_tokens(std::string_view text, std::size_t most);

/// The whole of `bytes` as one CBOR item: RFC 8949, any tag skipped, undefined read as null,
/// definite and indefinite lengths, text checked as UTF-8, map keys text.
/// Beyond `values_max` values it is cut, as above. Errors: ShapeErrc::kSerialization.
Result<Document> parse_cbor(std::string_view bytes, std::size_t values_max = kValuesMax);

/// A JSON number's text as a document; false when it is none.
bool number_of(std::string_view text, Document& out);

}  // namespace penstock::shape
