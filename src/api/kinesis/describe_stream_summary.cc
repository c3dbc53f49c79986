#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct DescribeStreamSummaryRequest {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DescribeStreamSummaryRequest;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

// No StreamId: clients that see one send it with every call and make a host name of it.
struct StreamDescriptionSummary {
  std::string stream_name;
  std::string stream_arn;
  std::string stream_status;
  StreamModeDetails stream_mode_details;
  std::int32_t retention_period_hours = 24;
  shape::Timestamp stream_creation_timestamp;
  std::vector<EnhancedMetrics> enhanced_monitoring;
  std::string encryption_type;
  std::optional<std::string> key_id;
  std::int32_t open_shard_count = 0;
  std::int32_t consumer_count = 0;
  std::optional<WarmThroughputObject> warm_throughput;
  std::int32_t max_record_size_kib = 1024;
  std::optional<std::string> record_distribution_strategy;
  static constexpr std::string_view kShapeName = "StreamDescriptionSummary";
  static constexpr auto shape() {
    using Self = StreamDescriptionSummary;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kRequiredStreamName),
        shape::member<&Self::stream_arn>("StreamARN", {shape::required}),
        shape::member<&Self::stream_status>("StreamStatus", {shape::required},
                                            "CREATING, ACTIVE, UPDATING or DELETING."),
        shape::member<&Self::stream_mode_details>("StreamModeDetails"),
        shape::member<&Self::retention_period_hours>("RetentionPeriodHours", {shape::required}),
        shape::member<&Self::stream_creation_timestamp>("StreamCreationTimestamp",
                                                        {shape::required}),
        shape::member<&Self::enhanced_monitoring>("EnhancedMonitoring", {shape::required}),
        shape::member<&Self::encryption_type>("EncryptionType", {shape::one_of(kEncryptionTypes)}),
        shape::member<&Self::key_id>("KeyId", {shape::length(1, 2048)},
                                     "As StartStreamEncryption had it."),
        shape::member<&Self::open_shard_count>("OpenShardCount",
                                               {shape::required, shape::range(0, 1'000'000)}),
        shape::member<&Self::consumer_count>("ConsumerCount", {shape::range(0, 1'000'000)},
                                             "Consumers with enhanced fan-out."),
        shape::member<&Self::warm_throughput>(
            "WarmThroughput", {}, "Of on-demand streams of an account with a billing commitment."),
        shape::member<&Self::max_record_size_kib>("MaxRecordSizeInKiB",
                                                  {shape::range(1024, 10240)}),
        shape::member<&Self::record_distribution_strategy>("RecordDistributionStrategy",
                                                           {shape::one_of(kDistributionStrategies)},
                                                           "Of on-demand streams."),
    };
  }
};

struct DescribeStreamSummaryReply {
  StreamDescriptionSummary summary;
  static constexpr auto shape() {
    return std::array{shape::member<&DescribeStreamSummaryReply::summary>(
        "StreamDescriptionSummary", {shape::required})};
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "LimitExceededException",
                                        "InvalidArgumentException"};
constexpr shape::Operation<DescribeStreamSummaryRequest, DescribeStreamSummaryReply>
    kDescribeStreamSummary{.name = "DescribeStreamSummary",
                           .errors = kErrors,
                           .doc = "A stream without its shards, but with how many are open."};

StreamDescriptionSummary wire_summary(const stream::StreamSummary& found) {
  StreamDescriptionSummary out{
      .stream_name = found.name.name,
      .stream_arn = found.arn,
      .stream_status = std::string(to_text(found.status)),
      .stream_mode_details = wire(found.mode),
      .retention_period_hours = static_cast<std::int32_t>(found.retention_hours),
      .stream_creation_timestamp = wire(found.created),
      .enhanced_monitoring = wire_metrics(found.metrics),
      .encryption_type = encryption_type(found),
      .key_id = key_id(found),
      .open_shard_count = static_cast<std::int32_t>(found.open_shards),
      .consumer_count = static_cast<std::int32_t>(found.consumers),
      .max_record_size_kib = static_cast<std::int32_t>(found.max_record_kib)};
  if (found.mode == stream::StreamMode::kOnDemand) {
    out.record_distribution_strategy = std::string(to_text(found.distribution));
  }
  if (found.warm) out.warm_throughput = wire(*found.warm);
  return out;
}

}  // namespace

shape::OperationInfo describe_stream_summary_shape() {
  return shape::describe(kDescribeStreamSummary);
}

front::Operation describe_stream_summary(Parts parts) {
  return bind(kDescribeStreamSummary, kStyle,
              [parts](const front::Request& request,
                      DescribeStreamSummaryRequest input) -> Result<DescribeStreamSummaryReply> {
                TRY(const stream::StreamSummary found,
                    parts.streams.summary(caller_of(request), target_of(input)));
                return DescribeStreamSummaryReply{wire_summary(found)};
              });
}

}  // namespace penstock::api::kinesis
