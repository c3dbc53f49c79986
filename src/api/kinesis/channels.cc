#include "api/kinesis/channel_rules.h"
#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "stream/errors.h"

#include <map>
#include <vector>

/// Channels to S3 are known by name and by what their requests must be. A request that AWS would
/// take is refused.
namespace penstock::api::kinesis {
namespace {

constexpr std::array<std::string_view, 4> kRecordFormatTypes{"GSR_JSON", "JSON", "STRING",
                                                             "BYTE_ARRAY"};
constexpr std::array<std::string_view, 3> kS3StorageClasses{"STANDARD", "INTELLIGENT_TIERING",
                                                            "GLACIER_IR"};
constexpr std::array<std::string_view, 3> kS3CompressionTypes{"NONE", "GZIP", "ZSTD"};
constexpr std::array<std::string_view, 1> kPartitionTransforms{"TIME_HOUR"};
constexpr std::array<std::string_view, 3> kS3TablesCompressionTypes{"NONE", "ZSTD", "SNAPPY"};
constexpr std::array<std::string_view, 1> kChannelEncryptionTypes{"KMS"};

struct RecordConfiguration {
  std::optional<std::string> record_format_type;
  std::optional<std::string> gsr_schema_arn;
  static constexpr std::string_view kShapeName = "RecordConfiguration";
  static constexpr auto shape() {
    using Self = RecordConfiguration;
    return std::array{
        shape::member<&Self::record_format_type>(
            "RecordFormatType", {shape::required, shape::one_of(kRecordFormatTypes)}),
        shape::member<&Self::gsr_schema_arn>(
            "GSRSchemaARN", {shape::pattern("arn:aws[-a-z0-9]*:glue:[-a-z0-9]+:\\d{12}:schema/"
                                            "[-a-zA-Z0-9_$#.]+/[-a-zA-Z0-9_$#.]+",
                                            &is_schema_arn),
                             shape::length(1, 512)}),
    };
  }
};

struct ChannelStreamConfiguration {
  std::optional<std::string> stream_arn;
  std::optional<RecordConfiguration> record_configuration;
  static constexpr std::string_view kShapeName = "ChannelStreamConfiguration";
  static constexpr auto shape() {
    using Self = ChannelStreamConfiguration;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::record_configuration>("RecordConfiguration", {shape::required}),
    };
  }
};

struct DeadLetterQueueS3Configuration {
  std::optional<std::string> bucket_arn;
  std::optional<std::string> expected_bucket_owner;
  std::optional<std::string> error_output_prefix;
  static constexpr std::string_view kShapeName = "DeadLetterQueueS3Configuration";
  static constexpr auto shape() {
    using Self = DeadLetterQueueS3Configuration;
    return std::array{
        shape::member<&Self::bucket_arn>(
            "BucketARN",
            {shape::required,
             shape::pattern("arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}", &is_bucket_arn),
             shape::length(1, 2048)}),
        shape::member<&Self::expected_bucket_owner>(
            "ExpectedBucketOwner",
            {shape::required, shape::pattern("\\d{12}", &is_bucket_owner), shape::length(12, 12)}),
        shape::member<&Self::error_output_prefix>(
            "ErrorOutputPrefix",
            {shape::pattern("[0-9A-Za-z!\\-_'.*()\\/]+", &is_s3_prefix), shape::length(1, 512)}),
    };
  }
};

struct S3StorageConfiguration {
  std::optional<std::string> bucket_arn;
  std::optional<std::string> expected_bucket_owner;
  std::optional<std::string> output_key_template;
  std::optional<std::string> storage_class;
  std::optional<std::string> compression_type;
  static constexpr std::string_view kShapeName = "S3StorageConfiguration";
  static constexpr auto shape() {
    using Self = S3StorageConfiguration;
    return std::array{
        shape::member<&Self::bucket_arn>(
            "BucketARN",
            {shape::required,
             shape::pattern("arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}", &is_bucket_arn),
             shape::length(1, 2048)}),
        shape::member<&Self::expected_bucket_owner>(
            "ExpectedBucketOwner",
            {shape::required, shape::pattern("\\d{12}", &is_bucket_owner), shape::length(12, 12)}),
        shape::member<&Self::output_key_template>(
            "OutputKeyTemplate", {shape::pattern("[0-9A-Za-z!\\-_'.*()\\/=:{}]+", &is_s3_template),
                                  shape::length(1, 1024)}),
        shape::member<&Self::storage_class>("StorageClass", {shape::one_of(kS3StorageClasses)}),
        shape::member<&Self::compression_type>(
            "CompressionType", {shape::required, shape::one_of(kS3CompressionTypes)}),
    };
  }
};

struct S3DestinationConfiguration {
  std::optional<std::int32_t> data_freshness_in_seconds;
  std::optional<DeadLetterQueueS3Configuration> dead_letter_queue_s3_configuration;
  std::optional<S3StorageConfiguration> storage_configuration;
  static constexpr std::string_view kShapeName = "S3DestinationConfiguration";
  static constexpr auto shape() {
    using Self = S3DestinationConfiguration;
    return std::array{
        shape::member<&Self::data_freshness_in_seconds>("DataFreshnessInSeconds"),
        shape::member<&Self::dead_letter_queue_s3_configuration>("DeadLetterQueueS3Configuration"),
        shape::member<&Self::storage_configuration>("StorageConfiguration", {shape::required}),
    };
  }
};

struct PartitionField {
  std::optional<std::string> transform;
  std::optional<std::string> source_name;
  static constexpr std::string_view kShapeName = "PartitionField";
  static constexpr auto shape() {
    using Self = PartitionField;
    return std::array{
        shape::member<&Self::transform>("Transform",
                                        {shape::required, shape::one_of(kPartitionTransforms)}),
        shape::member<&Self::source_name>(
            "SourceName",
            {shape::required, shape::pattern("[a-zA-Z0-9\\.\\_]+", &is_partition_source),
             shape::length(1, 255)}),
    };
  }
};

struct PartitionSpec {
  std::optional<std::vector<PartitionField>> partition_fields;
  static constexpr std::string_view kShapeName = "PartitionSpec";
  static constexpr auto shape() {
    using Self = PartitionSpec;
    return std::array{
        shape::member<&Self::partition_fields>("PartitionFields",
                                               {shape::required, shape::length(1, 10)}),
    };
  }
};

struct S3TablesConfiguration {
  std::optional<std::string> table_bucket_arn;
  std::optional<std::string> table_namespace;
  std::optional<std::string> table_name;
  std::optional<std::string> compression_type;
  std::optional<PartitionSpec> partition_spec;
  static constexpr std::string_view kShapeName = "S3TablesConfiguration";
  static constexpr auto shape() {
    using Self = S3TablesConfiguration;
    return std::array{
        shape::member<&Self::table_bucket_arn>(
            "TableBucketARN",
            {shape::required,
             shape::pattern("arn:aws[-a-z0-9]*:s3tables:[-a-z0-9]+:\\d{12}:bucket/[a-z0-9_-]{3,63}",
                            &is_table_bucket_arn),
             shape::length(1, 2048)}),
        shape::member<&Self::table_namespace>(
            "Namespace",
            {shape::required, shape::pattern("[0-9a-z_]+", &is_table_name), shape::length(1, 255)}),
        shape::member<&Self::table_name>(
            "TableName",
            {shape::required, shape::pattern("[0-9a-z_]+", &is_table_name), shape::length(1, 255)}),
        shape::member<&Self::compression_type>(
            "CompressionType", {shape::required, shape::one_of(kS3TablesCompressionTypes)}),
        shape::member<&Self::partition_spec>("PartitionSpec"),
    };
  }
};

struct S3TablesDestinationConfiguration {
  std::optional<std::int32_t> data_freshness_in_seconds;
  std::optional<DeadLetterQueueS3Configuration> dead_letter_queue_s3_configuration;
  std::optional<std::vector<S3TablesConfiguration>> s3_tables_configuration_list;
  static constexpr std::string_view kShapeName = "S3TablesDestinationConfiguration";
  static constexpr auto shape() {
    using Self = S3TablesDestinationConfiguration;
    return std::array{
        shape::member<&Self::data_freshness_in_seconds>("DataFreshnessInSeconds"),
        shape::member<&Self::dead_letter_queue_s3_configuration>("DeadLetterQueueS3Configuration",
                                                                 {shape::required}),
        shape::member<&Self::s3_tables_configuration_list>(
            "S3TablesConfigurationList", {shape::required, shape::length(1, 10000)}),
    };
  }
};

struct ChannelEncryptionConfiguration {
  std::optional<std::string> encryption_type;
  std::optional<std::string> key_id;
  static constexpr std::string_view kShapeName = "ChannelEncryptionConfiguration";
  static constexpr auto shape() {
    using Self = ChannelEncryptionConfiguration;
    return std::array{
        shape::member<&Self::encryption_type>(
            "EncryptionType", {shape::required, shape::one_of(kChannelEncryptionTypes)}),
        shape::member<&Self::key_id>("KeyId", {shape::required, shape::length(1, 2048)}),
    };
  }
};

struct CloudWatchLogs {
  std::optional<bool> enabled;
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_stream_name;
  static constexpr std::string_view kShapeName = "CloudWatchLogs";
  static constexpr auto shape() {
    using Self = CloudWatchLogs;
    return std::array{
        shape::member<&Self::enabled>("Enabled", {shape::required}),
        shape::member<&Self::log_group_name>(
            "LogGroupName",
            {shape::pattern("[\\.\\-_/#A-Za-z0-9]+", &is_log_group), shape::length(1, 512)}),
        shape::member<&Self::log_stream_name>(
            "LogStreamName", {shape::pattern("[^:*]*", &is_log_stream), shape::length(1, 512)}),
    };
  }
};

struct ChannelLoggingConfiguration {
  std::optional<CloudWatchLogs> cloud_watch_logs;
  static constexpr std::string_view kShapeName = "ChannelLoggingConfiguration";
  static constexpr auto shape() {
    using Self = ChannelLoggingConfiguration;
    return std::array{
        shape::member<&Self::cloud_watch_logs>("CloudWatchLogs", {shape::required}),
    };
  }
};

struct CreateChannelRequest {
  std::optional<std::string> channel_name;
  std::optional<std::string> service_execution_role_arn;
  std::optional<std::vector<ChannelStreamConfiguration>> stream_configuration_list;
  std::optional<S3DestinationConfiguration> s3_destination_configuration;
  std::optional<S3TablesDestinationConfiguration> s3_tables_destination_configuration;
  std::optional<ChannelEncryptionConfiguration> encryption_configuration;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<ChannelLoggingConfiguration> logging_configuration;
  static constexpr auto shape() {
    using Self = CreateChannelRequest;
    return std::array{
        shape::member<&Self::channel_name>("ChannelName", kRequiredStreamName),
        shape::member<&Self::service_execution_role_arn>(
            "ServiceExecutionRoleARN",
            {shape::required,
             shape::pattern("arn:aws[-a-z0-9]*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+",
                            &is_role_arn),
             shape::length(1, 512)}),
        shape::member<&Self::stream_configuration_list>("StreamConfigurationList",
                                                        {shape::required, shape::length(1, 10000)}),
        shape::member<&Self::s3_destination_configuration>("S3DestinationConfiguration"),
        shape::member<&Self::s3_tables_destination_configuration>(
            "S3TablesDestinationConfiguration"),
        shape::member<&Self::encryption_configuration>("EncryptionConfiguration"),
        shape::member<&Self::tags>("Tags", kTags),
        shape::member<&Self::logging_configuration>("LoggingConfiguration"),
    };
  }
};

struct DescribeChannelRequest {
  std::optional<std::string> channel_arn;
  static constexpr auto shape() {
    using Self = DescribeChannelRequest;
    return std::array{
        shape::member<&Self::channel_arn>("ChannelARN", kRequiredChannelArn),
    };
  }
};

struct StreamFilter {
  std::optional<std::string> stream_arn;
  std::optional<shape::Timestamp> stream_creation_timestamp;
  static constexpr std::string_view kShapeName = "StreamFilter";
  static constexpr auto shape() {
    using Self = StreamFilter;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::stream_creation_timestamp>("StreamCreationTimestamp"),
    };
  }
};

struct ListChannelsRequest {
  std::optional<std::vector<StreamFilter>> stream_filter;
  std::optional<std::int32_t> max_results;
  std::optional<std::string> next_token;
  static constexpr auto shape() {
    using Self = ListChannelsRequest;
    return std::array{
        shape::member<&Self::stream_filter>("StreamFilter", {shape::length(1, 10000)}),
        shape::member<&Self::max_results>("MaxResults", {shape::range(1, 10000)}),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1048576)}),
    };
  }
};

struct S3DestinationUpdateInput {
  std::optional<std::int32_t> data_freshness_in_seconds;
  static constexpr std::string_view kShapeName = "S3DestinationUpdateInput";
  static constexpr auto shape() {
    using Self = S3DestinationUpdateInput;
    return std::array{
        shape::member<&Self::data_freshness_in_seconds>("DataFreshnessInSeconds",
                                                        {shape::required}),
    };
  }
};

struct S3TablesDestinationUpdateInput {
  std::optional<std::int32_t> data_freshness_in_seconds;
  static constexpr std::string_view kShapeName = "S3TablesDestinationUpdateInput";
  static constexpr auto shape() {
    using Self = S3TablesDestinationUpdateInput;
    return std::array{
        shape::member<&Self::data_freshness_in_seconds>("DataFreshnessInSeconds",
                                                        {shape::required}),
    };
  }
};

struct CloudWatchLogsUpdateInput {
  std::optional<bool> enabled;
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_stream_name;
  static constexpr std::string_view kShapeName = "CloudWatchLogsUpdateInput";
  static constexpr auto shape() {
    using Self = CloudWatchLogsUpdateInput;
    return std::array{
        shape::member<&Self::enabled>("Enabled", {shape::required}),
        shape::member<&Self::log_group_name>(
            "LogGroupName",
            {shape::pattern("[\\.\\-_/#A-Za-z0-9]+", &is_log_group), shape::length(1, 512)}),
        shape::member<&Self::log_stream_name>(
            "LogStreamName", {shape::pattern("[^:*]*", &is_log_stream), shape::length(1, 512)}),
    };
  }
};

struct ChannelLoggingUpdateInput {
  std::optional<CloudWatchLogsUpdateInput> cloud_watch_logs;
  static constexpr std::string_view kShapeName = "ChannelLoggingUpdateInput";
  static constexpr auto shape() {
    using Self = ChannelLoggingUpdateInput;
    return std::array{
        shape::member<&Self::cloud_watch_logs>("CloudWatchLogs", {shape::required}),
    };
  }
};

struct UpdateChannelRequest {
  std::optional<std::string> channel_arn;
  std::optional<S3DestinationUpdateInput> s3_destination_configuration;
  std::optional<S3TablesDestinationUpdateInput> s3_tables_destination_configuration;
  std::optional<ChannelLoggingUpdateInput> logging_configuration;
  static constexpr auto shape() {
    using Self = UpdateChannelRequest;
    return std::array{
        shape::member<&Self::channel_arn>("ChannelARN", kRequiredChannelArn),
        shape::member<&Self::s3_destination_configuration>("S3DestinationConfiguration"),
        shape::member<&Self::s3_tables_destination_configuration>(
            "S3TablesDestinationConfiguration"),
        shape::member<&Self::logging_configuration>("LoggingConfiguration"),
    };
  }
};

struct DeleteChannelRequest {
  std::optional<std::string> channel_arn;
  static constexpr auto shape() {
    using Self = DeleteChannelRequest;
    return std::array{
        shape::member<&Self::channel_arn>("ChannelARN", kRequiredChannelArn),
    };
  }
};

constexpr std::string_view kErrorsOfCreateChannel[] = {
    "ValidationException", "ResourceInUseException", "ResourceNotFoundException",
    "LimitExceededException", "InvalidArgumentException"};
constexpr std::string_view kErrorsOfDescribeChannel[] = {
    "ValidationException", "ResourceNotFoundException", "LimitExceededException",
    "InvalidArgumentException"};
constexpr std::string_view kErrorsOfListChannels[] = {
    "ValidationException", "ExpiredNextTokenException", "LimitExceededException",
    "InvalidArgumentException"};

constexpr shape::Operation<CreateChannelRequest, shape::Empty> kCreateChannel{
    .name = "CreateChannel",
    .errors = kErrorsOfCreateChannel,
    .doc = "Would deliver a stream to S3; refused."};
constexpr shape::Operation<DescribeChannelRequest, shape::Empty> kDescribeChannel{
    .name = "DescribeChannel",
    .errors = kErrorsOfDescribeChannel,
    .doc = "Would describe a channel; refused."};
constexpr shape::Operation<ListChannelsRequest, shape::Empty> kListChannels{
    .name = "ListChannels",
    .errors = kErrorsOfListChannels,
    .doc = "Would list channels; refused."};
constexpr shape::Operation<UpdateChannelRequest, shape::Empty> kUpdateChannel{
    .name = "UpdateChannel",
    .errors = kErrorsOfCreateChannel,
    .doc = "Would change a channel; refused."};
constexpr shape::Operation<DeleteChannelRequest, shape::Empty> kDeleteChannel{
    .name = "DeleteChannel",
    .errors = kErrorsOfDescribeChannel,
    .doc = "Would remove a channel; refused."};

/// In no rule of the tables, so it comes behind them.
Error not_here() {
  return {
      stream::StreamErrc::kInvalidArgument,
      "This server does not have channels yet. Read the stream with a consumer or an event source "
      "mapping, and deliver from there."};
}

template <class Request>
front::Operation refusing(const shape::Operation<Request, shape::Empty>& operation) {
  return bind(operation, kStyle,
              [](const front::Request&, Request) -> Result<shape::Empty> { return not_here(); });
}

}  // namespace

std::vector<shape::OperationInfo> channel_shapes() {
  return {shape::describe(kCreateChannel), shape::describe(kDescribeChannel),
          shape::describe(kListChannels), shape::describe(kUpdateChannel),
          shape::describe(kDeleteChannel)};
}

std::vector<front::Operation> channel_operations() {
  return {refusing(kCreateChannel), refusing(kDescribeChannel), refusing(kListChannels),
          refusing(kUpdateChannel), refusing(kDeleteChannel)};
}

}  // namespace penstock::api::kinesis
