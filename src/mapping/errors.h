#pragma once

#include "base/error.h"

namespace penstock::mapping {

/// Why a call about a mapping is refused. Messages are the service's own texts.
enum class MappingErrc {
  kNotFound,
  kConflict,  ///< The same stream and function are mapped already.
  kInvalidParameter,
  kInUse,  ///< Its state forbids the change now.
};
const ErrorDomain& error_domain(MappingErrc);

}  // namespace penstock::mapping
