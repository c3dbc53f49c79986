#pragma once

#include "api/bind.h"
#include "api/sqs/errors.h"
#include "front/request.h"
#include "shape/shape.h"
#include "sqs/queue_service.h"

/// Every operation of the service: its declaration, and itself ready for dispatch. One file each.
namespace penstock::api::sqs {

using Queues = penstock::sqs::QueueService;

inline Result<shape::Empty> nothing(Status status) {
  if (!status.ok()) return std::move(status).error();
  return shape::Empty{};
}

shape::OperationInfo create_queue_shape();
shape::OperationInfo get_queue_url_shape();
shape::OperationInfo list_queues_shape();
shape::OperationInfo delete_queue_shape();
shape::OperationInfo purge_queue_shape();
shape::OperationInfo get_queue_attributes_shape();
shape::OperationInfo set_queue_attributes_shape();
shape::OperationInfo tag_queue_shape();
shape::OperationInfo untag_queue_shape();
shape::OperationInfo list_queue_tags_shape();
shape::OperationInfo send_message_shape();
shape::OperationInfo send_message_batch_shape();
shape::OperationInfo receive_message_shape();
shape::OperationInfo delete_message_shape();
shape::OperationInfo delete_message_batch_shape();
shape::OperationInfo change_message_visibility_shape();
shape::OperationInfo change_message_visibility_batch_shape();

front::Operation create_queue(Queues& queues);
front::Operation get_queue_url(Queues& queues);
front::Operation list_queues(Queues& queues);
front::Operation delete_queue(Queues& queues);
front::Operation purge_queue(Queues& queues);
front::Operation get_queue_attributes(Queues& queues);
front::Operation set_queue_attributes(Queues& queues);
front::Operation tag_queue(Queues& queues);
front::Operation untag_queue(Queues& queues);
front::Operation list_queue_tags(Queues& queues);
front::Operation send_message(Queues& queues);
front::Operation send_message_batch(Queues& queues);
front::Operation receive_message(Queues& queues);
front::Operation delete_message(Queues& queues);
front::Operation delete_message_batch(Queues& queues);
front::Operation change_message_visibility(Queues& queues);
front::Operation change_message_visibility_batch(Queues& queues);

}  // namespace penstock::api::sqs
