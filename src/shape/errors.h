#pragma once

#include "base/error.h"

namespace penstock::shape {

/// What is wrong with a request's bytes; api/ gives each its AWS name.
enum class ShapeErrc {
  kSerialization,  ///< Not the protocol's form, or a member of another type. May have no message.
  kValidation,     ///< Well-formed, but constraints are violated; the message lists them.
};
const ErrorDomain& error_domain(ShapeErrc);

}  // namespace penstock::shape
