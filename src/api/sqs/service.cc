#include "api/sqs/service.h"

#include "api/sqs/operations.h"

namespace penstock::api::sqs {

front::Service make_sqs_service(penstock::sqs::QueueService& queues) {
  front::Service service{.name = "sqs", .target_prefix = "AmazonSQS"};
  for (front::Operation (*const make)(Queues&) :
       {&create_queue, &get_queue_url, &list_queues, &delete_queue, &purge_queue,
        &get_queue_attributes, &set_queue_attributes, &tag_queue, &untag_queue, &list_queue_tags,
        &send_message, &send_message_batch, &receive_message, &delete_message,
        &delete_message_batch, &change_message_visibility, &change_message_visibility_batch}) {
    service.operations.push_back(make(queues));
  }
  return service;
}

std::vector<shape::OperationInfo> sqs_shapes() {
  return {
      create_queue_shape(),
      get_queue_url_shape(),
      list_queues_shape(),
      delete_queue_shape(),
      purge_queue_shape(),
      get_queue_attributes_shape(),
      set_queue_attributes_shape(),
      tag_queue_shape(),
      untag_queue_shape(),
      list_queue_tags_shape(),
      send_message_shape(),
      send_message_batch_shape(),
      receive_message_shape(),
      delete_message_shape(),
      delete_message_batch_shape(),
      change_message_visibility_shape(),
      change_message_visibility_batch_shape(),
  };
}

}  // namespace penstock::api::sqs
