#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct DescribeStreamRequest {
  std::optional<std::int32_t> limit;
  std::optional<std::string> exclusive_start_shard_id;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DescribeStreamRequest;
    return std::array{
        shape::member<&Self::limit>("Limit", {shape::range(1, 10'000)},
                                    "Shards in the reply; default and most 100."),
        shape::member<&Self::exclusive_start_shard_id>("ExclusiveStartShardId", kShardId,
                                                       "The last shard of the page before."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct StreamDescription {
  std::string stream_name;
  std::string stream_arn;
  std::string stream_status;
  StreamModeDetails stream_mode_details;
  std::vector<Shard> shards;
  bool has_more_shards = false;
  std::int32_t retention_period_hours = 24;
  shape::Timestamp stream_creation_timestamp;
  std::vector<EnhancedMetrics> enhanced_monitoring;
  std::string encryption_type;
  std::optional<std::string> key_id;
  static constexpr std::string_view kShapeName = "StreamDescription";
  static constexpr auto shape() {
    using Self = StreamDescription;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kRequiredStreamName),
        shape::member<&Self::stream_arn>("StreamARN", {shape::required}),
        shape::member<&Self::stream_status>("StreamStatus", {shape::required},
                                            "CREATING, ACTIVE, UPDATING or DELETING."),
        shape::member<&Self::stream_mode_details>("StreamModeDetails"),
        shape::member<&Self::shards>("Shards", {shape::required},
                                     "Closed ones too, until their records have expired."),
        shape::member<&Self::has_more_shards>("HasMoreShards", {shape::required}),
        shape::member<&Self::retention_period_hours>("RetentionPeriodHours", {shape::required}),
        shape::member<&Self::stream_creation_timestamp>("StreamCreationTimestamp",
                                                        {shape::required}),
        shape::member<&Self::enhanced_monitoring>("EnhancedMonitoring", {shape::required}),
        shape::member<&Self::encryption_type>("EncryptionType", {shape::one_of(kEncryptionTypes)}),
        shape::member<&Self::key_id>("KeyId", {shape::length(1, 2048)},
                                     "As StartStreamEncryption had it."),
    };
  }
};

struct DescribeStreamReply {
  StreamDescription stream_description;
  static constexpr auto shape() {
    return std::array{shape::member<&DescribeStreamReply::stream_description>("StreamDescription",
                                                                              {shape::required})};
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "LimitExceededException",
                                        "InvalidArgumentException"};
constexpr shape::Operation<DescribeStreamRequest, DescribeStreamReply> kDescribeStream{
    .name = "DescribeStream",
    .errors = kErrors,
    .doc = "A stream with a page of its shards, in the order of their numbers."};

StreamDescription wire_description(const stream::StreamDescription& described) {
  const stream::StreamSummary& summary = described.summary;
  return {.stream_name = summary.name.name,
          .stream_arn = summary.arn,
          .stream_status = std::string(to_text(summary.status)),
          .stream_mode_details = wire(summary.mode),
          .shards = wire(described.shards),
          .has_more_shards = described.has_more_shards,
          .retention_period_hours = static_cast<std::int32_t>(summary.retention_hours),
          .stream_creation_timestamp = wire(summary.created),
          .enhanced_monitoring = wire_metrics(summary.metrics),
          .encryption_type = encryption_type(summary),
          .key_id = key_id(summary)};
}

}  // namespace

shape::OperationInfo describe_stream_shape() { return shape::describe(kDescribeStream); }

front::Operation describe_stream(Parts parts) {
  return bind(kDescribeStream, kStyle,
              [parts](const front::Request& request,
                      DescribeStreamRequest input) -> Result<DescribeStreamReply> {
                TRY(const stream::StreamDescription described,
                    parts.streams.describe(caller_of(request), target_of(input), input.limit,
                                           optional_view(input.exclusive_start_shard_id)));
                return DescribeStreamReply{wire_description(described)};
              });
}

}  // namespace penstock::api::kinesis
