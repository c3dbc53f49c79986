#pragma once

#include "api/wire_error.h"

namespace penstock::api::kinesis {

/// Codes of stream and shape in Kinesis' names; everything else is InternalFailure, 500.
extern const ServiceStyle kStyle;

}  // namespace penstock::api::kinesis
