#pragma once

#include "front/observer.h"
#include "front/request.h"
#include "shape/shape.h"
#include "stream/stream_service.h"

#include <vector>

namespace penstock::api::kinesis {

/// The Kinesis service for dispatch. PutRecord(s), GetRecords, GetShardIterator and
/// SubscribeToShard run on the connection's loop, everything else on the control loop. Both
/// arguments outlive it.
front::Service make_kinesis_service(stream::StreamService& streams,
                                    front::ReceiptObserver& receipts);

/// Its declarations: reference page, comparison with the published model.
std::vector<shape::OperationInfo> kinesis_shapes();

}  // namespace penstock::api::kinesis
