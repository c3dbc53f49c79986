#pragma once

#include "front/request.h"
#include "shape/shape.h"

#include <vector>

namespace penstock::stream {
class StreamService;
}

namespace penstock::api::admin {

/// GET, PUT and DELETE /_penstock/streams/{StreamName}/limits: what a stream has instead of the
/// server's limits. The streams outlive the operations.
std::vector<front::Operation> stream_limits_operations(stream::StreamService& streams);
/// Their declarations, for the reference page.
std::vector<shape::OperationInfo> stream_limits_shapes();

}  // namespace penstock::api::admin
