#pragma once

#include "front/request.h"
#include "shape/shape.h"

namespace penstock::stream {
class StreamService;
}

namespace penstock::api::admin {

/// GET /_penstock/streams/{name}/shards: what each shard took in. `streams` outlives it.
front::Operation shard_traffic_operation(const stream::StreamService& streams);

/// Its declaration, for the reference page.
shape::OperationInfo shard_traffic_shape();

}  // namespace penstock::api::admin
