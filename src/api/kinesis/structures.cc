#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {

HashKeyRange wire(const penstock::HashKeyRange& range) {
  return {range.start.to_string(), range.end.to_string()};
}

Shard wire(const stream::ShardView& shard) {
  Shard out{
      .shard_id = shard.id(),
      .hash_key_range = wire(shard.range),
      .sequence_number_range = {.starting_sequence_number = shard.starting.to_string()},
  };
  if (shard.parent) out.parent_shard_id = stream::shard_id_text(*shard.parent);
  if (shard.adjacent_parent) {
    out.adjacent_parent_shard_id = stream::shard_id_text(*shard.adjacent_parent);
  }
  if (shard.ending) {
    out.sequence_number_range.ending_sequence_number = shard.ending->to_string();
  }
  return out;
}

std::vector<Shard> wire(const std::vector<stream::ShardView>& shards) {
  std::vector<Shard> out;
  out.reserve(shards.size());
  for (const stream::ShardView& shard : shards) out.push_back(wire(shard));
  return out;
}

WarmThroughputObject wire(const stream::WarmThroughput& warm) {
  WarmThroughputObject out{.current_mibps = static_cast<std::int32_t>(warm.current)};
  if (warm.target) out.target_mibps = static_cast<std::int32_t>(*warm.target);
  return out;
}

StreamModeDetails wire(stream::StreamMode mode) {
  return {.stream_mode = std::string(to_text(mode))};
}

std::vector<EnhancedMetrics> wire_metrics(stream::MetricSet metrics) {
  std::vector<EnhancedMetrics> out(1);
  out.front().shard_level_metrics = stream::metric_names(metrics);
  return out;
}

stream::Distribution distribution_of(std::string_view text) {
  return text == "AUTO" ? stream::Distribution::kAuto : stream::Distribution::kUserPartitionKey;
}

std::string encryption_type(const stream::StreamSummary& stream) {
  return stream.key_id.empty() ? "NONE" : "KMS";
}

std::optional<std::string> key_id(const stream::StreamSummary& stream) {
  return stream.key_id.empty() ? std::nullopt : std::optional(stream.key_id);
}

}  // namespace penstock::api::kinesis
