#include "shape/errors.h"

namespace penstock::shape {

const ErrorDomain& error_domain(ShapeErrc) {
  static const ErrorDomain domain{"shape", [](int value) -> std::string_view {
                                    return value == static_cast<int>(ShapeErrc::kSerialization)
                                               ? "serialization"
                                               : "validation";
                                  }};
  return domain;
}

}  // namespace penstock::shape
