#pragma once

#include "base/result.h"
#include "base/task.h"
#include "front/request.h"
#include "shape/shape.h"

#include <vector>

namespace penstock::env {
class Clocks;
}
namespace penstock::engine {
class Meta;
}

namespace penstock::api::admin {

/// The stored offset of the service clock, applied to `clocks` once at start.
Status restore_service_clock(env::Clocks& clocks, const engine::Meta& meta);

/// GET and POST /_penstock/clock. Advancing needs `dev`; the new offset is stored before it holds,
/// so that the clock never goes back, whatever happens. Everything outlives the operations.
std::vector<front::Operation> clock_operations(env::Clocks& clocks, engine::Meta& meta, bool dev);

/// Their declarations, for the reference page.
std::vector<shape::OperationInfo> clock_shapes();

}  // namespace penstock::api::admin
