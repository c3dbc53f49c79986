#pragma once

#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {

/// The same operation, which counts its calls where the server counts them and refuses those that
/// come too often, before it looks at what is asked. Where it does not: the operation itself.
front::Operation rated(Parts parts, front::Operation operation);

}  // namespace penstock::api::kinesis
