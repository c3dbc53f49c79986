#pragma once

#include "shape/cbor_text.h"
#include "shape/json_text.h"
#include "shape/shape.h"

#include <string>

namespace penstock::shape {

/// Appends the value described by `type` as compact JSON. Absent members are left out; so are, at
/// the top of a REST reply (`body_only`), members that travel in headers, status or payload.
void write_json(const void* value, const Type& type, std::string& out, bool body_only = false);

/// The same as CBOR, the way Kinesis writes it (cbor_text.h).
void write_cbor(const void* value, const Type& type, std::string& out);

/// A scalar as header or query text: strings verbatim, numbers in decimal, true and false.
std::string write_text(const void* value, const Type& type);

}  // namespace penstock::shape
