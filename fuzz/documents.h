#pragma once

#include "shape/document.h"

#include <algorithm>
#include <cstddef>

namespace penstock::shape::fuzz {

using Kind = Document::Kind;

inline bool equal(const Document& a, const Document& b) {
  return a.kind == b.kind && a.boolean == b.boolean && a.integer == b.integer &&
         a.number == b.number && a.text == b.text && a.names == b.names &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal);
}

/// Whether `cut` is `whole` up to somewhere: the last item of it may be incomplete, or null because
/// it was not read any more.
inline bool is_beginning_of(const Document& cut, const Document& whole) {
  if (cut.is(Kind::kNull)) return true;
  if (!cut.is(Kind::kList) && !cut.is(Kind::kObject)) return equal(cut, whole);
  if (cut.kind != whole.kind || cut.items.size() > whole.items.size()) return false;
  if (!std::equal(cut.names.begin(), cut.names.end(), whole.names.begin())) return false;
  if (cut.items.empty()) return true;
  const std::size_t last = cut.items.size() - 1;
  return std::equal(cut.items.begin(), cut.items.end() - 1, whole.items.begin(), equal) &&
         is_beginning_of(cut.items[last], whole.items[last]);
}

/// What a reader with a bound made of a text beside what one without made of it.
inline bool fits_bound(const Result<Document>& bounded, const Result<Document>& whole) {
  if (!bounded.ok()) return !whole.ok();
  if (!bounded->cut) return whole.ok() && equal(*bounded, *whole);
  return !whole.ok() || is_beginning_of(*bounded, *whole);  // Behind the cut may stand anything.
}

}  // namespace penstock::shape::fuzz
