#pragma once

#include "shape/check.h"
#include "shape/read.h"
#include "shape/write.h"

#include <string>
#include <string_view>
#include <utility>

/// A struct with a shape, to and from JSON text: stored documents and the admin API.
namespace penstock::shape {

template <Structure T>
std::string to_json(const T& value) {
  std::string out;
  write_json(&value, *type_of<T>(), out);
  return out;
}

/// Unknown members are ignored; rules are not checked. Errors: ShapeErrc::kSerialization.
template <Structure T>
Result<T> from_json(std::string_view text) {
  TRY(const Document document, parse_json(text));
  T value;
  TRY_OK(read(document, *type_of<T>(), &value, Encoding::kJson));
  return value;
}

template <Structure T>
std::string to_cbor(const T& value) {
  std::string out;
  write_cbor(&value, *type_of<T>(), out);
  return out;
}

template <Structure T>
Result<T> from_cbor(std::string_view bytes) {
  TRY(const Document document, parse_cbor(bytes));
  T value;
  TRY_OK(read(document, *type_of<T>(), &value, Encoding::kCbor));
  return value;
}

template <Structure T>
Status check(const T& value) {
  return check(&value, *type_of<T>());
}

}  // namespace penstock::shape
