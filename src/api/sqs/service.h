#pragma once

#include "front/request.h"
#include "shape/shape.h"
#include "sqs/queue_service.h"

#include <vector>

namespace penstock::api::sqs {

/// The SQS service for dispatch, JSON 1.0. Everything runs on the control loop; `queues` outlives
/// it.
front::Service make_sqs_service(penstock::sqs::QueueService& queues);

/// Its declarations: reference page, comparison with the published model.
std::vector<shape::OperationInfo> sqs_shapes();

}  // namespace penstock::api::sqs
