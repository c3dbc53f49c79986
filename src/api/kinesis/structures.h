#pragma once

#include "api/kinesis/members.h"
#include "shape/shape.h"
#include "stream/types.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Structures that several replies share, and their making from what the stream service gives.
namespace penstock::api::kinesis {

struct HashKeyRange {
  std::string starting_hash_key;
  std::string ending_hash_key;
  static constexpr std::string_view kShapeName = "HashKeyRange";
  static constexpr auto shape() {
    using Self = HashKeyRange;
    return std::array{
        shape::member<&Self::starting_hash_key>("StartingHashKey", kRequiredHashKey,
                                                "Belongs to the range."),
        shape::member<&Self::ending_hash_key>("EndingHashKey", kRequiredHashKey,
                                              "Belongs to the range, too."),
    };
  }
};
HashKeyRange wire(const penstock::HashKeyRange& range);

struct SequenceNumberRange {
  std::string starting_sequence_number;
  std::optional<std::string> ending_sequence_number;
  static constexpr std::string_view kShapeName = "SequenceNumberRange";
  static constexpr auto shape() {
    using Self = SequenceNumberRange;
    return std::array{
        shape::member<&Self::starting_sequence_number>(
            "StartingSequenceNumber",
            {shape::required, shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)}),
        shape::member<&Self::ending_sequence_number>("EndingSequenceNumber", kSequenceNumber,
                                                     "Present once the shard is closed."),
    };
  }
};

struct Shard {
  std::string shard_id;
  std::optional<std::string> parent_shard_id;
  std::optional<std::string> adjacent_parent_shard_id;
  HashKeyRange hash_key_range;
  SequenceNumberRange sequence_number_range;
  static constexpr std::string_view kShapeName = "Shard";
  static constexpr auto shape() {
    using Self = Shard;
    return std::array{
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId),
        shape::member<&Self::parent_shard_id>("ParentShardId", kShardId),
        shape::member<&Self::adjacent_parent_shard_id>("AdjacentParentShardId", kShardId,
                                                       "The other parent of a merge."),
        shape::member<&Self::hash_key_range>("HashKeyRange", {shape::required}),
        shape::member<&Self::sequence_number_range>("SequenceNumberRange", {shape::required}),
    };
  }
};
Shard wire(const stream::ShardView& shard);
std::vector<Shard> wire(const std::vector<stream::ShardView>& shards);

struct StreamModeDetails {
  std::optional<std::string> stream_mode;
  static constexpr std::string_view kShapeName = "StreamModeDetails";
  static constexpr auto shape() {
    return std::array{
        shape::member<&StreamModeDetails::stream_mode>(
            "StreamMode", {shape::required, shape::one_of(kStreamModes)},
            "PROVISIONED: you choose the shards; ON_DEMAND: the service does."),
    };
  }
};
StreamModeDetails wire(stream::StreamMode mode);

struct Tag {
  std::string key;
  std::string value;
  static constexpr std::string_view kShapeName = "Tag";
  static constexpr auto shape() {
    return std::array{shape::member<&Tag::key>("Key", {shape::required, shape::length(1, 128)}),
                      shape::member<&Tag::value>("Value", {shape::length(0, 256)})};
  }
};

struct WarmThroughputObject {
  std::optional<std::int32_t> target_mibps;
  std::optional<std::int32_t> current_mibps;
  static constexpr std::string_view kShapeName = "WarmThroughputObject";
  static constexpr auto shape() {
    using Self = WarmThroughputObject;
    constexpr shape::Rules kNatural{shape::range(0, shape::kNoLimit)};
    return std::array{
        shape::member<&Self::target_mibps>("TargetMiBps", kNatural, "As it was asked for last."),
        shape::member<&Self::current_mibps>("CurrentMiBps", kNatural, "What the open shards take."),
    };
  }
};
WarmThroughputObject wire(const stream::WarmThroughput& warm);

struct EnhancedMetrics {
  std::vector<std::string> shard_level_metrics;
  static constexpr std::string_view kShapeName = "EnhancedMetrics";
  static constexpr auto shape() {
    return std::array{shape::member<&EnhancedMetrics::shard_level_metrics>("ShardLevelMetrics")};
  }
};
/// A list of one: that is how descriptions have it, also when nothing is monitored.
std::vector<EnhancedMetrics> wire_metrics(stream::MetricSet metrics);

stream::Distribution distribution_of(std::string_view text);
/// "KMS" or "NONE", and the key's name.
std::string encryption_type(const stream::StreamSummary& stream);
std::optional<std::string> key_id(const stream::StreamSummary& stream);

inline shape::Timestamp wire(ServiceTime time) { return {unix_millis(time)}; }

}  // namespace penstock::api::kinesis
