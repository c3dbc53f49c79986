#pragma once

#include "front/request.h"
#include "shape/shape.h"

namespace penstock::stream {
class StreamService;
}

namespace penstock::api::admin {

/// GET /_penstock/streams/{name}/scaling: how a stream is scaled on demand, and why it was.
/// `streams` outlives it.
front::Operation scaling_operation(const stream::StreamService& streams);

/// Its declaration, for the reference page.
shape::OperationInfo scaling_shape();

}  // namespace penstock::api::admin
