#pragma once

#include "api/bind.h"
#include "api/kinesis/errors.h"
#include "front/observer.h"
#include "front/request.h"
#include "shape/shape.h"
#include "stream/stream_service.h"

#include <vector>

/// Every operation of the service: its declaration, and itself ready for dispatch. One file each.
namespace penstock::api::kinesis {

/// What operations are made of; outlives them.
struct Parts {
  stream::StreamService& streams;
  front::ReceiptObserver& receipts;
};

/// Views into the request.
inline stream::Caller caller_of(const front::Request& request) {
  return {request.caller.tenant, request.caller.access_key, request.caller.peer,
          request.caller.user_agent};
}

inline Result<shape::Empty> nothing(Status status) {
  if (!status.ok()) return std::move(status).error();
  return shape::Empty{};
}

shape::OperationInfo put_record_shape();
shape::OperationInfo put_records_shape();
shape::OperationInfo get_shard_iterator_shape();
shape::OperationInfo get_records_shape();
shape::OperationInfo subscribe_to_shard_shape();
shape::OperationInfo create_stream_shape();
shape::OperationInfo delete_stream_shape();
shape::OperationInfo describe_stream_shape();
shape::OperationInfo describe_stream_summary_shape();
shape::OperationInfo list_streams_shape();
shape::OperationInfo list_shards_shape();
shape::OperationInfo describe_limits_shape();
shape::OperationInfo split_shard_shape();
shape::OperationInfo merge_shards_shape();
shape::OperationInfo update_shard_count_shape();
shape::OperationInfo update_stream_mode_shape();
shape::OperationInfo update_stream_warm_throughput_shape();
shape::OperationInfo describe_account_settings_shape();
shape::OperationInfo update_account_settings_shape();
shape::OperationInfo increase_stream_retention_period_shape();
shape::OperationInfo decrease_stream_retention_period_shape();
shape::OperationInfo add_tags_to_stream_shape();
shape::OperationInfo remove_tags_from_stream_shape();
shape::OperationInfo list_tags_for_stream_shape();
shape::OperationInfo update_max_record_size_shape();
shape::OperationInfo update_stream_record_distribution_strategy_shape();
shape::OperationInfo start_stream_encryption_shape();
shape::OperationInfo stop_stream_encryption_shape();
shape::OperationInfo enable_enhanced_monitoring_shape();
shape::OperationInfo disable_enhanced_monitoring_shape();
shape::OperationInfo register_stream_consumer_shape();
shape::OperationInfo describe_stream_consumer_shape();
shape::OperationInfo list_stream_consumers_shape();
shape::OperationInfo deregister_stream_consumer_shape();
shape::OperationInfo tag_resource_shape();
shape::OperationInfo untag_resource_shape();
shape::OperationInfo list_tags_for_resource_shape();
shape::OperationInfo put_resource_policy_shape();
shape::OperationInfo get_resource_policy_shape();
shape::OperationInfo delete_resource_policy_shape();

front::Operation put_record(Parts parts);
front::Operation put_records(Parts parts);
front::Operation get_shard_iterator(Parts parts);
front::Operation get_records(Parts parts);
front::Operation subscribe_to_shard(Parts parts);
front::Operation create_stream(Parts parts);
front::Operation delete_stream(Parts parts);
front::Operation describe_stream(Parts parts);
front::Operation describe_stream_summary(Parts parts);
front::Operation list_streams(Parts parts);
front::Operation list_shards(Parts parts);
front::Operation describe_limits(Parts parts);
front::Operation split_shard(Parts parts);
front::Operation merge_shards(Parts parts);
front::Operation update_shard_count(Parts parts);
front::Operation update_stream_mode(Parts parts);
front::Operation update_stream_warm_throughput(Parts parts);
front::Operation describe_account_settings(Parts parts);
front::Operation update_account_settings(Parts parts);
front::Operation increase_stream_retention_period(Parts parts);
front::Operation decrease_stream_retention_period(Parts parts);
front::Operation add_tags_to_stream(Parts parts);
front::Operation remove_tags_from_stream(Parts parts);
front::Operation list_tags_for_stream(Parts parts);
front::Operation update_max_record_size(Parts parts);
front::Operation update_stream_record_distribution_strategy(Parts parts);
front::Operation start_stream_encryption(Parts parts);
front::Operation stop_stream_encryption(Parts parts);
front::Operation enable_enhanced_monitoring(Parts parts);
front::Operation disable_enhanced_monitoring(Parts parts);
front::Operation register_stream_consumer(Parts parts);
front::Operation describe_stream_consumer(Parts parts);
front::Operation list_stream_consumers(Parts parts);
front::Operation deregister_stream_consumer(Parts parts);
front::Operation tag_resource(Parts parts);
front::Operation untag_resource(Parts parts);
front::Operation list_tags_for_resource(Parts parts);
front::Operation put_resource_policy(Parts parts);
front::Operation get_resource_policy(Parts parts);
front::Operation delete_resource_policy(Parts parts);

// Queues of streams and channels to S3: what their requests must be is known, and then they are
// refused.
std::vector<shape::OperationInfo> queue_shapes();
std::vector<shape::OperationInfo> channel_shapes();
std::vector<front::Operation> queue_operations();
std::vector<front::Operation> channel_operations();

}  // namespace penstock::api::kinesis
