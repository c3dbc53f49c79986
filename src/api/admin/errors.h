#pragma once

#include "api/wire_error.h"
#include "shape/errors.h"

namespace penstock::api::admin {

/// What every call of the administration may be told about its body.
inline const ErrorName* body_error_name(const ErrorCode& code) {
  static constexpr ErrorName kSerialization{
      .name = "SerializationException",
      .fallback_message =
          "The body is not a JSON object; docs/reference/admin.md has its members."};
  if (code == shape::ShapeErrc::kSerialization) return &kSerialization;
  return shape_error_name(code);
}

}  // namespace penstock::api::admin
