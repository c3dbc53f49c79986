#include "base/check.h"
#include "fuzz/documents.h"
#include "shape/document.h"

#include <boost/json/src.hpp>

#include <cmath>

// JSON of strangers: read to the same tree as Boost.JSON reads it, or refused by both; and a tree
// that is written out is read back to itself. With a bound it is the beginning of the same tree.

namespace penstock::shape {
namespace {

namespace json = boost::json;
using fuzz::Kind;

/// They do not round as exactly as we do, and take 0e999 for no number.
bool same_number(const Document& ours, double theirs) {
  if (std::isnan(theirs)) return ours.number == 0;
  if (std::isinf(theirs)) return std::abs(ours.number) > 1e308;
  return std::abs(ours.number - theirs) <= std::abs(theirs) * 1e-13 + 1e-300;
}

bool same(const Document& ours, const json::value& theirs) {
  switch (theirs.kind()) {
    case json::kind::null: return ours.is(Kind::kNull);
    case json::kind::bool_: return ours.is(Kind::kBoolean) && ours.boolean == theirs.get_bool();
    case json::kind::int64: return ours.is(Kind::kNumber) && ours.integer == theirs.get_int64();
    case json::kind::uint64:
      return ours.is(Kind::kNumber) && ours.integer == INT64_MAX &&
             ours.text == std::to_string(theirs.get_uint64());
    case json::kind::double_:
      return ours.is(Kind::kNumber) && same_number(ours, theirs.get_double());
    case json::kind::string: return ours.is_string() && ours.text == theirs.get_string();
    case json::kind::array: {
      const json::array& list = theirs.get_array();
      return ours.is(Kind::kList) &&
             std::equal(ours.items.begin(), ours.items.end(), list.begin(), list.end(), same);
    }
    case json::kind::object:
      // They keep the last of repeated names, as find() does.
      return ours.is(Kind::kObject) && std::all_of(theirs.get_object().begin(),
                                                   theirs.get_object().end(), [&](const auto& m) {
                                                     const Document* found = ours.find(m.key());
                                                     return found != nullptr &&
                                                            same(*found, m.value());
                                                   });
  }
  return false;
}

std::size_t token_count(const Document& document) {
  if (!document.is(Kind::kList) && !document.is(Kind::kObject)) return 1;
  const std::size_t items = document.items.size();
  std::size_t count = 2 + (items == 0 ? 0 : items - 1) + 2 * document.names.size();
  for (const Document& item : document.items) count += token_count(item);
  return count;
}

void check_bounds(std::string_view text, const Result<Document>& whole) {
  PENSTOCK_CHECK(is_json(text) == whole.ok(), "without a tree it is judged alike");
  // Smaller than the longest run without a comma (128 objects one in the other) they would be
  // wrong.
  for (const std::size_t bound : {std::size_t{160}, std::size_t{200}}) {
    PENSTOCK_CHECK(fuzz::fits_bound(parse_json(text, bound), whole), "a bound only cuts");
  }
  if (!whole.ok()) return;
  const std::size_t tokens = token_count(*whole);
  PENSTOCK_CHECK(!has_more_json_tokens(text, tokens) && has_more_json_tokens(text, tokens - 1),
                 "tokens are counted as the tree has them");
}

}  // namespace
}  // namespace penstock::shape

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::shape;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ours = parse_json(text);
  check_bounds(text, ours);

  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  const json::value theirs = json::parse({text.data(), text.size()}, error, {}, options);
  // They refuse exponents beyond 32 bits, which say no more than zero or infinity.
  if (error == json::error::exponent_overflow) return 0;
  PENSTOCK_CHECK(ours.ok() == !error, "both take it, or neither");
  if (!ours.ok()) return 0;
  PENSTOCK_CHECK(same(*ours, theirs), "and read the same");

  const std::string written = ours->to_json();
  const auto again = parse_json(written);
  PENSTOCK_CHECK(again.ok() && fuzz::equal(*ours, *again), "written out it is read back");
  PENSTOCK_CHECK(again->to_json() == written, "there is one way to write it");
  return 0;
}
