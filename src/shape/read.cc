#include "shape/read.h"

#include "shape/errors.h"

#include <algorithm>
#include <cmath>

namespace penstock::shape {
namespace {

using Found = Document::Kind;

Error serialization(std::string message) {
  return Error{ShapeErrc::kSerialization, std::move(message)};
}

/// The Java class AWS names for what it found.
std::string_view java_class(const Document& found) {
  switch (found.kind) {
    case Found::kBoolean: return "java.lang.Boolean";
    case Found::kNumber: return "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
    case Found::kBytes: return "java.nio.HeapByteBuffer";
    default: return "java.lang.String";
  }
}

Error not_convertible(const Document& found, std::string_view wanted) {
  if (found.is(Found::kList)) return serialization("Start of list found where not expected");
  if (found.is(Found::kObject)) {
    return serialization("Start of structure or map found where not expected.");
  }
  return serialization("class " + std::string(java_class(found)) + " can not be converted to " +
                       std::string(wanted));
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

Status read_boolean(const Document& found, bool& out) {
  if (found.is(Found::kBoolean)) {
    out = found.boolean;
    return ok();
  }
  if (!found.is_string()) return not_convertible(found, "an Boolean");
  const std::string text = upper(found.text);
  if (text == "TRUE" || text == "1" || text == "YES") {
    out = true;
  } else if (text == "FALSE" || text == "0" || text == "NO") {
    out = false;
  } else {
    return serialization("'" + text + "' can not be converted to an Boolean");
  }
  return ok();
}

Status read_blob(const Document& found, Blob& out, Encoding encoding) {
  if (encoding == Encoding::kCbor && found.is(Found::kBytes)) {
    out.bytes = found.text;
    return ok();
  }
  if (!found.is_string()) return not_convertible(found, "a Blob");
  const Base64Decoded decoded = base64_decode(found.text, out.bytes);
  if (decoded.status == Base64Status::kOk) return ok();
  return serialization(blob_refusal(found.text, decoded));
}

/// Rounded down, as clocks are: a moment that has been is never made one to come. Microseconds are
/// what clients send at most, and what a double of today's seconds can hold.
std::int64_t millis_of_seconds(double seconds) {
  const double millis = std::floor(std::round(seconds * 1e6) / 1000);
  if (millis >= 9.2e18) return INT64_MAX;
  if (millis <= -9.2e18) return INT64_MIN;
  return static_cast<std::int64_t>(millis);
}

Status read_timestamp(const Document& found, Timestamp& out, Encoding encoding) {
  if (!found.is(Found::kNumber)) return not_convertible(found, "milliseconds since epoch");
  const bool whole = found.text.find_first_of(".eE") == std::string::npos;
  out.millis =
      encoding == Encoding::kCbor && whole ? found.integer : millis_of_seconds(found.number);
  return ok();
}

Status read_list(const Document& found, const Type& type, void* place, Encoding encoding) {
  if (found.is(Found::kObject)) return not_convertible(found, "");
  if (!found.is(Found::kList)) return serialization("Expected list or null");
  for (const Document& item : found.items) {
    void* element = type.append(place);
    if (item.is(Found::kNull)) continue;
    TRY_OK(read(item, *type.element(), element, encoding));
  }
  return ok();
}

Status read_map(const Document& found, const Type& type, void* place, Encoding encoding) {
  if (found.is(Found::kList)) return not_convertible(found, "");
  if (!found.is(Found::kObject)) return serialization("Expected map or null");
  for (std::size_t i = 0; i < found.items.size(); ++i) {
    void* value = type.put(place, found.names[i]);
    if (found.items[i].is(Found::kNull)) continue;
    TRY_OK(read(found.items[i], *type.element(), value, encoding));
  }
  return ok();
}

Status read_structure(const Document& found, const Type& type, void* object, Encoding encoding) {
  if (found.is(Found::kList)) return not_convertible(found, "");
  if (!found.is(Found::kObject)) return serialization("Expected null");
  for (const Member& member : type.members()) {
    const Document* value = found.find(member.name);
    if (value == nullptr || value->is(Found::kNull)) continue;
    TRY_OK(read(*value, *member.type(), member.set(object), encoding));
  }
  return ok();
}

}  // namespace

std::string blob_refusal(std::string_view text, const Base64Decoded& decoded) {
  std::string message = "'" + std::string(text) + "' can not be converted to a Blob: ";
  switch (decoded.status) {
    case Base64Status::kLength:
      return message + "Base64 encoded length is expected a multiple of 4 bytes but found: " +
             std::to_string(text.size());
    case Base64Status::kCharacter: {
      // A character beyond ASCII is printed whole.
      std::size_t end = decoded.at + 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      return message + "Invalid Base64 character: '" +
             std::string(text.substr(decoded.at, end - decoded.at)) + "'";
    }
    default: return message + "Invalid last non-pad Base64 character dectected";
  }
}

Status read(const Document& found, const Type& type, void* place, Encoding encoding) {
  switch (type.kind) {
    case Kind::kBoolean: return read_boolean(found, *static_cast<bool*>(place));
    case Kind::kInteger:
      if (!found.is(Found::kNumber)) return not_convertible(found, "an Integer");
      *static_cast<std::int32_t*>(place) =
          static_cast<std::int32_t>(std::clamp<std::int64_t>(found.integer, INT32_MIN, INT32_MAX));
      return ok();
    case Kind::kLong:
      if (!found.is(Found::kNumber)) return not_convertible(found, "an Long");
      *static_cast<std::int64_t*>(place) = found.integer;
      return ok();
    case Kind::kDouble:
      if (!found.is(Found::kNumber)) return not_convertible(found, "an Double");
      *static_cast<double*>(place) = found.number;
      return ok();
    case Kind::kString:
      if (!found.is_string()) return not_convertible(found, "an String");
      *static_cast<std::string*>(place) = found.text;
      return ok();
    case Kind::kBlob: return read_blob(found, *static_cast<Blob*>(place), encoding);
    case Kind::kTimestamp: return read_timestamp(found, *static_cast<Timestamp*>(place), encoding);
    case Kind::kRawJson: static_cast<RawJson*>(place)->text = found.to_json(); return ok();
    case Kind::kStructure: return read_structure(found, type, place, encoding);
    case Kind::kList: return read_list(found, type, place, encoding);
    case Kind::kMap: return read_map(found, type, place, encoding);
  }
  return ok();
}

Status read_text(std::string_view text, const Type& type, void* place) {
  if (type.kind == Kind::kList) return read_text(text, *type.element(), type.append(place));
  Document found;
  found.kind = Found::kString;
  found.text = text;
  const bool wants_number = type.kind == Kind::kInteger || type.kind == Kind::kLong ||
                            type.kind == Kind::kDouble || type.kind == Kind::kTimestamp;
  if (wants_number) {
    Document number;
    if (number_of(text, number)) found = std::move(number);
  }
  return read(found, type, place, Encoding::kJson);
}

}  // namespace penstock::shape
