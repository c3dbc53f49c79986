#pragma once

#include "base/base64.h"
#include "base/result.h"
#include "shape/document.h"
#include "shape/shape.h"

namespace penstock::shape {

/// Which form the document had on the wire: it decides how blobs and timestamps are read.
enum class Encoding : std::uint8_t {
  kJson,  ///< Blobs are base64 strings, timestamps seconds.
  kCbor,  ///< Blobs are byte strings, timestamps integer milliseconds (a float: seconds).
};

/// Fills `object`, a structure described by `type`, from `document`.
///
/// Members are visited in the order of the table; the first of the wrong type ends the read with
/// ShapeErrc::kSerialization and AWS's coercion text. Unknown members are ignored, null means
/// absent. Numbers for integer members are floored and held at the ends of the member's type.
Status read(const Document& document, const Type& type, void* object, Encoding encoding);

/// One value given as text (a path label, query parameter or header) into `place`.
/// A list gets one more element. Errors as above.
Status read_text(std::string_view text, const Type& type, void* place);

/// The text for a string in which the given base64 was refused.
std::string blob_refusal(std::string_view text, const Base64Decoded& decoded);

}  // namespace penstock::shape
