#include "base/check.h"
#include "fuzz/documents.h"
#include "shape/document.h"

#include <cbor.h>
#include <simdjson.h>

#include <bit>
#include <cmath>

// CBOR of strangers: taken exactly when RFC 8949 calls it well-formed and it keeps to what
// document.h says; read to the same tree as libcbor reads it; and the same tree as its JSON.

namespace penstock::shape {
namespace {

using fuzz::Kind;

/// RFC 8949, appendix C, with what a Document demands beyond it.
class Expected {
 public:
  explicit Expected(std::string_view bytes) : bytes_(bytes) {}
  bool whole() { return item(1) && bytes_.empty(); }
  /// Tags that stand in their first byte, of which libcbor 0.8 knows only some.
  bool has_short_tag() const { return has_short_tag_; }

 private:
  struct Head {
    unsigned major;
    bool indefinite;
    std::uint64_t value;
    unsigned info;
  };

  std::optional<Head> head() {
    if (bytes_.empty()) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    const unsigned info = first & 31u;
    Head head{static_cast<unsigned>(first) >> 5, info == 31, info, info};
    if (head.info < 24) return head;
    if (head.indefinite)
      return head.major >= 2 && head.major <= 5 ? std::optional(head) : std::nullopt;
    if (head.info > 27) return std::nullopt;
    const std::size_t size = std::size_t{1} << (head.info - 24);
    if (bytes_.size() < size) return std::nullopt;
    head.value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      head.value = head.value * 256 + static_cast<unsigned char>(bytes_[i]);
    }
    bytes_.remove_prefix(size);
    return head;
  }
  bool take_break() {
    if (!bytes_.starts_with('\xFF')) return false;
    bytes_.remove_prefix(1);
    return true;
  }
  bool string(const Head& head, std::string& out) {
    if (!head.indefinite) {
      if (head.value > bytes_.size()) return false;
      out += bytes_.substr(0, head.value);
      bytes_.remove_prefix(head.value);
      return true;
    }
    while (!take_break()) {
      const auto chunk = this->head();
      if (!chunk || chunk->major != head.major || chunk->indefinite) return false;
      if (!string(*chunk, out)) return false;
    }
    return true;
  }
  bool text(const Head& head) {
    std::string out;
    return string(head, out) && simdjson::validate_utf8(out.data(), out.size());
  }
  std::optional<Head> behind_tags() {
    auto found = head();
    for (; found && found->major == 6; found = head()) has_short_tag_ |= found->info < 24;
    return found;
  }
  bool key(std::size_t depth) {
    const auto found = behind_tags();
    return depth <= kMaxDepth && found && found->major == 3 && text(*found);
  }
  bool items(const Head& head, std::size_t depth, bool with_keys) {
    for (std::uint64_t i = 0; head.indefinite || i < head.value; ++i) {
      if (head.indefinite && take_break()) return true;
      if ((with_keys && !key(depth)) || !item(depth)) return false;
    }
    return true;
  }
  bool item(std::size_t depth) {
    const auto found = behind_tags();
    if (!found || depth > kMaxDepth) return false;
    std::string ignored;
    switch (found->major) {
      case 0:
      case 1: return true;
      case 2: return string(*found, ignored);
      case 3: return text(*found);
      case 4: return items(*found, depth + 1, false);
      case 5: return items(*found, depth + 1, true);
      default: return found->info >= 20 && found->info <= 27 && found->info != 24;
    }
  }

  std::string_view bytes_;
  bool has_short_tag_ = false;
};

std::string text_of(const cbor_item_t* item) {
  const auto chunk = [](const cbor_item_t* one) {
    return cbor_isa_string(one)
               ? std::string(reinterpret_cast<const char*>(cbor_string_handle(one)),
                             cbor_string_length(one))
               : std::string(reinterpret_cast<const char*>(cbor_bytestring_handle(one)),
                             cbor_bytestring_length(one));
  };
  const bool is_text = cbor_isa_string(item);
  if (is_text ? cbor_string_is_definite(item) : cbor_bytestring_is_definite(item))
    return chunk(item);
  std::string all;
  cbor_item_t** const chunks =
      is_text ? cbor_string_chunks_handle(item) : cbor_bytestring_chunks_handle(item);
  const std::size_t count =
      is_text ? cbor_string_chunk_count(item) : cbor_bytestring_chunk_count(item);
  for (std::size_t i = 0; i < count; ++i) all += chunk(chunks[i]);
  return all;
}

const cbor_item_t* untagged(const cbor_item_t* item) {
  while (cbor_isa_tag(item)) item = item->metadata.tag_metadata.tagged_item;
  return item;
}

bool same_integer(const Document& ours, const cbor_item_t* theirs) {
  const std::uint64_t value = cbor_get_int(theirs);
  if (!ours.is(Kind::kNumber)) return false;
  if (cbor_isa_uint(theirs)) return ours.text == std::to_string(value);
  // -1 - value, of which the largest has no room in 64 bits.
  return ours.text ==
         (value == UINT64_MAX ? "-18446744073709551616" : "-" + std::to_string(value + 1));
}

bool same_simple(const Document& ours, const cbor_item_t* theirs) {
  if (cbor_float_ctrl_is_ctrl(theirs)) {
    return cbor_is_bool(theirs) ? ours.is(Kind::kBoolean) && ours.boolean == cbor_get_bool(theirs)
                                : ours.is(Kind::kNull);
  }
  const double value = cbor_float_get_float(theirs);
  return std::isfinite(value) ? ours.is(Kind::kNumber) && ours.number == value
                              : ours.is(Kind::kNull);
}

bool same(const Document& ours, const cbor_item_t* tagged) {
  const cbor_item_t* const theirs = untagged(tagged);
  switch (cbor_typeof(theirs)) {
    case CBOR_TYPE_UINT:
    case CBOR_TYPE_NEGINT: return same_integer(ours, theirs);
    case CBOR_TYPE_BYTESTRING: return ours.is(Kind::kBytes) && ours.text == text_of(theirs);
    case CBOR_TYPE_STRING: return ours.is_string() && ours.text == text_of(theirs);
    case CBOR_TYPE_ARRAY: {
      cbor_item_t** const items = cbor_array_handle(theirs);
      return ours.is(Kind::kList) && std::equal(ours.items.begin(), ours.items.end(), items,
                                                items + cbor_array_size(theirs), same);
    }
    case CBOR_TYPE_MAP: {
      const cbor_pair* const pairs = cbor_map_handle(theirs);
      if (!ours.is(Kind::kObject) || ours.items.size() != cbor_map_size(theirs)) return false;
      for (std::size_t i = 0; i < ours.items.size(); ++i) {
        if (ours.names[i] != text_of(untagged(pairs[i].key))) return false;
        if (!same(ours.items[i], pairs[i].value)) return false;
      }
      return true;
    }
    case CBOR_TYPE_FLOAT_CTRL: return same_simple(ours, theirs);
    default: return false;
  }
}

/// Trees of which one had byte strings where the other has their base64.
bool same_as_json(const Document& cbor, const Document& json) {
  if (cbor.is(Kind::kBytes)) return json.is_string() && cbor.to_json() == json.to_json();
  return cbor.kind == json.kind && cbor.boolean == json.boolean && cbor.integer == json.integer &&
         cbor.text == json.text && cbor.names == json.names &&
         std::equal(cbor.items.begin(), cbor.items.end(), json.items.begin(), json.items.end(),
                    same_as_json);
}

}  // namespace
}  // namespace penstock::shape

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::shape;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto ours = parse_cbor(bytes);
  for (const std::size_t bound : {std::size_t{1}, std::size_t{3}, std::size_t{10}}) {
    PENSTOCK_CHECK(fuzz::fits_bound(parse_cbor(bytes, bound), ours), "a bound only cuts");
  }
  Expected expected(bytes);
  PENSTOCK_CHECK(ours.ok() == expected.whole(), "exactly what is well-formed is taken");
  if (!ours.ok()) return 0;

  cbor_load_result result;
  cbor_item_t* const theirs = cbor_load(data, size, &result);
  PENSTOCK_CHECK(theirs != nullptr || expected.has_short_tag(), "libcbor takes it, too");
  if (theirs != nullptr) {
    PENSTOCK_CHECK(result.read == size && same(*ours, theirs), "and reads the same");
    cbor_item_t* owned = theirs;
    cbor_decref(&owned);
  }

  const auto json = parse_json(ours->to_json());
  PENSTOCK_CHECK(json.ok() && same_as_json(*ours, *json), "as JSON it says the same");
  return 0;
}
