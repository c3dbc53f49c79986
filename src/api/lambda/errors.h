#pragma once

#include "api/wire_error.h"

namespace penstock::api::lambda {

/// Codes of function, mapping and shape in Lambda's names; everything else is ServiceException,
/// 500.
extern const ServiceStyle kStyle;

}  // namespace penstock::api::lambda
