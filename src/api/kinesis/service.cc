#include "api/kinesis/service.h"

#include "api/kinesis/operations.h"
#include "api/kinesis/rated.h"

namespace penstock::api::kinesis {
namespace {

/// In the order of the reference page.
struct Row {
  front::Operation (*make)(Parts);
  shape::OperationInfo (*shape)();
};
constexpr Row kOperations[] = {
    {&put_record, &put_record_shape},
    {&put_records, &put_records_shape},
    {&get_shard_iterator, &get_shard_iterator_shape},
    {&get_records, &get_records_shape},
    {&subscribe_to_shard, &subscribe_to_shard_shape},
    {&create_stream, &create_stream_shape},
    {&delete_stream, &delete_stream_shape},
    {&describe_stream, &describe_stream_shape},
    {&describe_stream_summary, &describe_stream_summary_shape},
    {&list_streams, &list_streams_shape},
    {&list_shards, &list_shards_shape},
    {&describe_limits, &describe_limits_shape},
    {&split_shard, &split_shard_shape},
    {&merge_shards, &merge_shards_shape},
    {&update_shard_count, &update_shard_count_shape},
    {&update_stream_mode, &update_stream_mode_shape},
    {&update_stream_warm_throughput, &update_stream_warm_throughput_shape},
    {&describe_account_settings, &describe_account_settings_shape},
    {&update_account_settings, &update_account_settings_shape},
    {&increase_stream_retention_period, &increase_stream_retention_period_shape},
    {&decrease_stream_retention_period, &decrease_stream_retention_period_shape},
    {&add_tags_to_stream, &add_tags_to_stream_shape},
    {&remove_tags_from_stream, &remove_tags_from_stream_shape},
    {&list_tags_for_stream, &list_tags_for_stream_shape},
    {&update_max_record_size, &update_max_record_size_shape},
    {&update_stream_record_distribution_strategy,
     &update_stream_record_distribution_strategy_shape},
    {&start_stream_encryption, &start_stream_encryption_shape},
    {&stop_stream_encryption, &stop_stream_encryption_shape},
    {&enable_enhanced_monitoring, &enable_enhanced_monitoring_shape},
    {&disable_enhanced_monitoring, &disable_enhanced_monitoring_shape},
    {&register_stream_consumer, &register_stream_consumer_shape},
    {&describe_stream_consumer, &describe_stream_consumer_shape},
    {&list_stream_consumers, &list_stream_consumers_shape},
    {&deregister_stream_consumer, &deregister_stream_consumer_shape},
    {&tag_resource, &tag_resource_shape},
    {&untag_resource, &untag_resource_shape},
    {&list_tags_for_resource, &list_tags_for_resource_shape},
    {&put_resource_policy, &put_resource_policy_shape},
    {&get_resource_policy, &get_resource_policy_shape},
    {&delete_resource_policy, &delete_resource_policy_shape},
};

}  // namespace

front::Service make_kinesis_service(stream::StreamService& streams,
                                    front::ReceiptObserver& receipts) {
  const Parts parts{streams, receipts};
  front::Service service{.name = "kinesis", .target_prefix = "Kinesis_20131202"};
  for (const Row& row : kOperations) {
    service.operations.push_back(rated(parts, row.make(parts)));
  }
  for (auto* make : {&queue_operations, &channel_operations}) {
    for (front::Operation& operation : make()) service.operations.push_back(std::move(operation));
  }
  return service;
}

std::vector<shape::OperationInfo> kinesis_shapes() {
  std::vector<shape::OperationInfo> shapes;
  for (const Row& row : kOperations) shapes.push_back(row.shape());
  for (auto* more : {&queue_shapes, &channel_shapes}) {
    for (const shape::OperationInfo& info : more()) shapes.push_back(info);
  }
  return shapes;
}

}  // namespace penstock::api::kinesis
