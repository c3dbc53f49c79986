#include "mapping/errors.h"

namespace penstock::mapping {
namespace {

std::string_view text(int value) {
  switch (static_cast<MappingErrc>(value)) {
    case MappingErrc::kNotFound: return "not_found";
    case MappingErrc::kConflict: return "conflict";
    case MappingErrc::kInvalidParameter: return "invalid_parameter";
    case MappingErrc::kInUse: return "in_use";
  }
  return "unknown";
}

}  // namespace

const ErrorDomain& error_domain(MappingErrc) {
  static constexpr ErrorDomain kDomain{"mapping", text};
  return kDomain;
}

}  // namespace penstock::mapping
