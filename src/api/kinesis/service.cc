#include "api/kinesis/service.h"

#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {

front::Service make_kinesis_service(stream::StreamService& streams,
                                    front::ReceiptObserver& receipts) {
  const Parts parts{streams, receipts};
  front::Service service{.name = "kinesis", .target_prefix = "Kinesis_20131202"};
  for (front::Operation (*const make)(Parts) : {&put_record,
                                                &put_records,
                                                &get_shard_iterator,
                                                &get_records,
                                                &create_stream,
                                                &delete_stream,
                                                &describe_stream,
                                                &describe_stream_summary,
                                                &list_streams,
                                                &list_shards,
                                                &describe_limits,
                                                &split_shard,
                                                &merge_shards,
                                                &update_shard_count,
                                                &increase_stream_retention_period,
                                                &decrease_stream_retention_period,
                                                &add_tags_to_stream,
                                                &remove_tags_from_stream,
                                                &list_tags_for_stream,
                                                &update_max_record_size,
                                                &update_stream_record_distribution_strategy,
                                                &start_stream_encryption,
                                                &stop_stream_encryption,
                                                &enable_enhanced_monitoring,
                                                &disable_enhanced_monitoring,
                                                &register_stream_consumer,
                                                &describe_stream_consumer,
                                                &list_stream_consumers,
                                                &deregister_stream_consumer,
                                                &tag_resource,
                                                &untag_resource,
                                                &list_tags_for_resource,
                                                &put_resource_policy,
                                                &get_resource_policy,
                                                &delete_resource_policy}) {
    service.operations.push_back(make(parts));
  }
  return service;
}

std::vector<shape::OperationInfo> kinesis_shapes() {
  return {put_record_shape(),
          put_records_shape(),
          get_shard_iterator_shape(),
          get_records_shape(),
          create_stream_shape(),
          delete_stream_shape(),
          describe_stream_shape(),
          describe_stream_summary_shape(),
          list_streams_shape(),
          list_shards_shape(),
          describe_limits_shape(),
          split_shard_shape(),
          merge_shards_shape(),
          update_shard_count_shape(),
          increase_stream_retention_period_shape(),
          decrease_stream_retention_period_shape(),
          add_tags_to_stream_shape(),
          remove_tags_from_stream_shape(),
          list_tags_for_stream_shape(),
          update_max_record_size_shape(),
          update_stream_record_distribution_strategy_shape(),
          start_stream_encryption_shape(),
          stop_stream_encryption_shape(),
          enable_enhanced_monitoring_shape(),
          disable_enhanced_monitoring_shape(),
          register_stream_consumer_shape(),
          describe_stream_consumer_shape(),
          list_stream_consumers_shape(),
          deregister_stream_consumer_shape(),
          tag_resource_shape(),
          untag_resource_shape(),
          list_tags_for_resource_shape(),
          put_resource_policy_shape(),
          get_resource_policy_shape(),
          delete_resource_policy_shape()};
}

}  // namespace penstock::api::kinesis
