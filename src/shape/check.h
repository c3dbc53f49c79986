#pragma once

#include "base/result.h"
#include "shape/shape.h"

namespace penstock::shape {

/// Holds a filled structure against its rules: ShapeErrc::kValidation with every violation
/// (ten at most) in AWS's words:
///
///   2 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: Member must
///   have value greater than or equal to 1; Value null at 'shardIterator' failed to ...
///
/// Order: the table's members; for one member enum, pattern, length, value; then what it holds.
/// A required member can only be seen missing where it is a std::optional.
Status check(const void* object, const Type& type);

/// Characters as AWS counts them: UTF-16 units of a UTF-8 text.
std::size_t character_count(std::string_view utf8);

}  // namespace penstock::shape
