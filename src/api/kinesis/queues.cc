#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "stream/errors.h"

#include <map>
#include <vector>

/// Queues of streams are known by name and by what their requests must be. A request that AWS would
/// take is refused.
namespace penstock::api::kinesis {
namespace {

constexpr std::array<std::string_view, 3> kQueueStartingPositionTypes{"TRIM_HORIZON", "LATEST",
                                                                      "AT_TIMESTAMP"};
constexpr std::array<std::string_view, 2> kTargetTypes{"BUILT_IN", "NONE"};

struct QueueStartingPosition {
  std::optional<std::string> type;
  std::optional<shape::Timestamp> timestamp;
  static constexpr std::string_view kShapeName = "QueueStartingPosition";
  static constexpr auto shape() {
    using Self = QueueStartingPosition;
    return std::array{
        shape::member<&Self::type>("Type",
                                   {shape::required, shape::one_of(kQueueStartingPositionTypes)}),
        shape::member<&Self::timestamp>("Timestamp"),
    };
  }
};

struct QueueStreamConfiguration {
  std::optional<std::string> stream_arn;
  std::optional<QueueStartingPosition> starting_position;
  static constexpr std::string_view kShapeName = "QueueStreamConfiguration";
  static constexpr auto shape() {
    using Self = QueueStreamConfiguration;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::starting_position>("StartingPosition"),
    };
  }
};

struct DeadLetterConfiguration {
  std::optional<std::string> target_type;
  std::optional<std::int32_t> max_receive_count;
  static constexpr std::string_view kShapeName = "DeadLetterConfiguration";
  static constexpr auto shape() {
    using Self = DeadLetterConfiguration;
    return std::array{
        shape::member<&Self::target_type>("TargetType",
                                          {shape::required, shape::one_of(kTargetTypes)}),
        shape::member<&Self::max_receive_count>("MaxReceiveCount", {shape::range(1, 1000)}),
    };
  }
};

struct QueueAttributes {
  std::optional<std::int32_t> visibility_timeout_seconds;
  std::optional<DeadLetterConfiguration> dead_letter_configuration;
  static constexpr std::string_view kShapeName = "QueueAttributes";
  static constexpr auto shape() {
    using Self = QueueAttributes;
    return std::array{
        shape::member<&Self::visibility_timeout_seconds>("VisibilityTimeoutSeconds",
                                                         {shape::range(0, 43200)}),
        shape::member<&Self::dead_letter_configuration>("DeadLetterConfiguration"),
    };
  }
};

struct CreateQueueRequest {
  std::optional<std::string> queue_name;
  std::optional<std::vector<QueueStreamConfiguration>> stream_configuration_list;
  std::optional<QueueAttributes> queue_attributes;
  std::optional<std::map<std::string, std::string>> tags;
  static constexpr auto shape() {
    using Self = CreateQueueRequest;
    return std::array{
        shape::member<&Self::queue_name>("QueueName", kRequiredStreamName),
        shape::member<&Self::stream_configuration_list>("StreamConfigurationList",
                                                        {shape::required, shape::length(1, 10000)}),
        shape::member<&Self::queue_attributes>("QueueAttributes"),
        shape::member<&Self::tags>("Tags", kTags),
    };
  }
};

struct DescribeQueueRequest {
  std::optional<std::string> queue_arn;
  static constexpr auto shape() {
    using Self = DescribeQueueRequest;
    return std::array{
        shape::member<&Self::queue_arn>("QueueARN", kRequiredQueueArn),
    };
  }
};

struct QueueStreamFilter {
  std::optional<std::string> stream_arn;
  std::optional<shape::Timestamp> stream_creation_timestamp;
  static constexpr std::string_view kShapeName = "QueueStreamFilter";
  static constexpr auto shape() {
    using Self = QueueStreamFilter;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::stream_creation_timestamp>("StreamCreationTimestamp"),
    };
  }
};

struct ListQueuesRequest {
  std::optional<std::int32_t> max_results;
  std::optional<std::string> next_token;
  std::optional<std::vector<QueueStreamFilter>> stream_filter;
  static constexpr auto shape() {
    using Self = ListQueuesRequest;
    return std::array{
        shape::member<&Self::max_results>("MaxResults", {shape::range(1, 10000)}),
        shape::member<&Self::next_token>("NextToken", {shape::length(1, 1048576)}),
        shape::member<&Self::stream_filter>("StreamFilter", {shape::length(1, 10000)}),
    };
  }
};

struct UpdateQueueRequest {
  std::optional<std::string> queue_arn;
  std::optional<QueueAttributes> queue_attributes;
  static constexpr auto shape() {
    using Self = UpdateQueueRequest;
    return std::array{
        shape::member<&Self::queue_arn>("QueueARN", kRequiredQueueArn),
        shape::member<&Self::queue_attributes>("QueueAttributes", {shape::required}),
    };
  }
};

struct DeleteQueueRequest {
  std::optional<std::string> queue_arn;
  static constexpr auto shape() {
    using Self = DeleteQueueRequest;
    return std::array{
        shape::member<&Self::queue_arn>("QueueARN", kRequiredQueueArn),
    };
  }
};

struct ReceiveQueueRecordsRequest {
  std::optional<std::string> queue_arn;
  std::optional<std::int32_t> limit;
  std::optional<std::int32_t> wait_time_seconds;
  std::optional<std::int32_t> visibility_timeout_seconds;
  static constexpr auto shape() {
    using Self = ReceiveQueueRecordsRequest;
    return std::array{
        shape::member<&Self::queue_arn>("QueueARN", kRequiredQueueArn),
        shape::member<&Self::limit>("Limit", {shape::range(1, 10)}),
        shape::member<&Self::wait_time_seconds>("WaitTimeSeconds", {shape::range(1, 20)}),
        shape::member<&Self::visibility_timeout_seconds>("VisibilityTimeoutSeconds",
                                                         {shape::range(0, 43200)}),
    };
  }
};

/// Calls about up to ten records of a queue, each by its receipt handle.
template <class Entry>
struct OnEntries {
  std::optional<std::string> queue_arn;
  std::optional<std::vector<Entry>> entries;
  static constexpr auto shape() {
    using Self = OnEntries;
    return std::array{
        shape::member<&Self::queue_arn>("QueueARN", kRequiredQueueArn),
        shape::member<&Self::entries>("Entries", {shape::required, shape::length(1, 10)}),
    };
  }
};

struct AcknowledgeQueueRecordsRequestEntry {
  std::optional<std::string> receipt_handle;
  static constexpr std::string_view kShapeName = "AcknowledgeQueueRecordsRequestEntry";
  static constexpr auto shape() {
    using Self = AcknowledgeQueueRecordsRequestEntry;
    return std::array{
        shape::member<&Self::receipt_handle>("ReceiptHandle",
                                             {shape::required, shape::length(1, 1024)}),
    };
  }
};

using AcknowledgeQueueRecordsRequest = OnEntries<AcknowledgeQueueRecordsRequestEntry>;

struct UpdateQueueRecordsVisibilityRequestEntry {
  std::optional<std::string> receipt_handle;
  std::optional<std::int32_t> visibility_timeout_seconds;
  static constexpr std::string_view kShapeName = "UpdateQueueRecordsVisibilityRequestEntry";
  static constexpr auto shape() {
    using Self = UpdateQueueRecordsVisibilityRequestEntry;
    return std::array{
        shape::member<&Self::receipt_handle>("ReceiptHandle",
                                             {shape::required, shape::length(1, 1024)}),
        shape::member<&Self::visibility_timeout_seconds>("VisibilityTimeoutSeconds",
                                                         {shape::required, shape::range(0, 43200)}),
    };
  }
};

using UpdateQueueRecordsVisibilityRequest = OnEntries<UpdateQueueRecordsVisibilityRequestEntry>;

using ReceiveDeadLetterQueueRecordsRequest = ReceiveQueueRecordsRequest;

struct AcknowledgeDeadLetterQueueRecordsRequestEntry {
  std::optional<std::string> receipt_handle;
  static constexpr std::string_view kShapeName = "AcknowledgeDeadLetterQueueRecordsRequestEntry";
  static constexpr auto shape() {
    using Self = AcknowledgeDeadLetterQueueRecordsRequestEntry;
    return std::array{
        shape::member<&Self::receipt_handle>("ReceiptHandle",
                                             {shape::required, shape::length(1, 1024)}),
    };
  }
};

using AcknowledgeDeadLetterQueueRecordsRequest =
    OnEntries<AcknowledgeDeadLetterQueueRecordsRequestEntry>;

struct UpdateDeadLetterQueueRecordsVisibilityRequestEntry {
  std::optional<std::string> receipt_handle;
  std::optional<std::int32_t> visibility_timeout_seconds;
  static constexpr std::string_view kShapeName =
      "UpdateDeadLetterQueueRecordsVisibilityRequestEntry";
  static constexpr auto shape() {
    using Self = UpdateDeadLetterQueueRecordsVisibilityRequestEntry;
    return std::array{
        shape::member<&Self::receipt_handle>("ReceiptHandle",
                                             {shape::required, shape::length(1, 1024)}),
        shape::member<&Self::visibility_timeout_seconds>("VisibilityTimeoutSeconds",
                                                         {shape::required, shape::range(0, 43200)}),
    };
  }
};

using UpdateDeadLetterQueueRecordsVisibilityRequest =
    OnEntries<UpdateDeadLetterQueueRecordsVisibilityRequestEntry>;

struct RestoreDeadLetterQueueRecordsRequestEntry {
  std::optional<std::string> receipt_handle;
  static constexpr std::string_view kShapeName = "RestoreDeadLetterQueueRecordsRequestEntry";
  static constexpr auto shape() {
    using Self = RestoreDeadLetterQueueRecordsRequestEntry;
    return std::array{
        shape::member<&Self::receipt_handle>("ReceiptHandle",
                                             {shape::required, shape::length(1, 1024)}),
    };
  }
};

using RestoreDeadLetterQueueRecordsRequest = OnEntries<RestoreDeadLetterQueueRecordsRequestEntry>;

constexpr std::string_view kErrorsOfCreateQueue[] = {
    "ValidationException",    "ResourceInUseException",   "ResourceNotFoundException",
    "LimitExceededException", "InvalidArgumentException", "InternalFailureException"};
constexpr std::string_view kErrorsOfDescribeQueue[] = {
    "ValidationException", "ResourceNotFoundException", "LimitExceededException",
    "InvalidArgumentException", "InternalFailureException"};
constexpr std::string_view kErrorsOfListQueues[] = {
    "ValidationException", "ExpiredNextTokenException", "LimitExceededException",
    "InvalidArgumentException", "InternalFailureException"};
constexpr std::string_view kErrorsOfReceiveQueueRecords[] = {
    "InternalFailureException", "InvalidArgumentException", "ResourceNotFoundException",
    "ThrottlingException"};

constexpr shape::Operation<CreateQueueRequest, shape::Empty> kCreateQueue{
    .name = "CreateQueue",
    .errors = kErrorsOfCreateQueue,
    .doc = "Would make a queue of a stream; refused."};
constexpr shape::Operation<DescribeQueueRequest, shape::Empty> kDescribeQueue{
    .name = "DescribeQueue",
    .errors = kErrorsOfDescribeQueue,
    .doc = "Would describe a queue; refused."};
constexpr shape::Operation<ListQueuesRequest, shape::Empty> kListQueues{
    .name = "ListQueues", .errors = kErrorsOfListQueues, .doc = "Would list queues; refused."};
constexpr shape::Operation<UpdateQueueRequest, shape::Empty> kUpdateQueue{
    .name = "UpdateQueue", .errors = kErrorsOfCreateQueue, .doc = "Would change a queue; refused."};
constexpr shape::Operation<DeleteQueueRequest, shape::Empty> kDeleteQueue{
    .name = "DeleteQueue",
    .errors = kErrorsOfDescribeQueue,
    .doc = "Would remove a queue; refused."};
constexpr shape::Operation<ReceiveQueueRecordsRequest, shape::Empty> kReceiveQueueRecords{
    .name = "ReceiveQueueRecords",
    .errors = kErrorsOfReceiveQueueRecords,
    .doc = "Would take records from a queue; refused."};
constexpr shape::Operation<AcknowledgeQueueRecordsRequest, shape::Empty> kAcknowledgeQueueRecords{
    .name = "AcknowledgeQueueRecords",
    .errors = kErrorsOfReceiveQueueRecords,
    .doc = "Would settle records of a queue; refused."};
constexpr shape::Operation<UpdateQueueRecordsVisibilityRequest, shape::Empty>
    kUpdateQueueRecordsVisibility{.name = "UpdateQueueRecordsVisibility",
                                  .errors = kErrorsOfReceiveQueueRecords,
                                  .doc = "Would hide records of a queue for longer; refused."};
constexpr shape::Operation<ReceiveDeadLetterQueueRecordsRequest, shape::Empty>
    kReceiveDeadLetterQueueRecords{.name = "ReceiveDeadLetterQueueRecords",
                                   .errors = kErrorsOfReceiveQueueRecords,
                                   .doc = "Would take records that a queue has given up; refused."};
constexpr shape::Operation<AcknowledgeDeadLetterQueueRecordsRequest, shape::Empty>
    kAcknowledgeDeadLetterQueueRecords{
        .name = "AcknowledgeDeadLetterQueueRecords",
        .errors = kErrorsOfReceiveQueueRecords,
        .doc = "Would settle records that a queue has given up; refused."};
constexpr shape::Operation<UpdateDeadLetterQueueRecordsVisibilityRequest, shape::Empty>
    kUpdateDeadLetterQueueRecordsVisibility{
        .name = "UpdateDeadLetterQueueRecordsVisibility",
        .errors = kErrorsOfReceiveQueueRecords,
        .doc = "Would hide records that a queue has given up; refused."};
constexpr shape::Operation<RestoreDeadLetterQueueRecordsRequest, shape::Empty>
    kRestoreDeadLetterQueueRecords{
        .name = "RestoreDeadLetterQueueRecords",
        .errors = kErrorsOfReceiveQueueRecords,
        .doc = "Would put records back that a queue has given up; refused."};

/// In no rule of the tables, so it comes behind them.
Error not_here() {
  return {stream::StreamErrc::kInvalidArgument,
          "This server does not have queues of streams yet. Read the stream with GetRecords, a "
          "consumer "
          "or an event source mapping, or use SQS, which it has."};
}

template <class Request>
front::Operation refusing(const shape::Operation<Request, shape::Empty>& operation) {
  return bind(operation, kStyle,
              [](const front::Request&, Request) -> Result<shape::Empty> { return not_here(); });
}

}  // namespace

std::vector<shape::OperationInfo> queue_shapes() {
  return {shape::describe(kCreateQueue),
          shape::describe(kDescribeQueue),
          shape::describe(kListQueues),
          shape::describe(kUpdateQueue),
          shape::describe(kDeleteQueue),
          shape::describe(kReceiveQueueRecords),
          shape::describe(kAcknowledgeQueueRecords),
          shape::describe(kUpdateQueueRecordsVisibility),
          shape::describe(kReceiveDeadLetterQueueRecords),
          shape::describe(kAcknowledgeDeadLetterQueueRecords),
          shape::describe(kUpdateDeadLetterQueueRecordsVisibility),
          shape::describe(kRestoreDeadLetterQueueRecords)};
}

std::vector<front::Operation> queue_operations() {
  return {refusing(kCreateQueue),
          refusing(kDescribeQueue),
          refusing(kListQueues),
          refusing(kUpdateQueue),
          refusing(kDeleteQueue),
          refusing(kReceiveQueueRecords),
          refusing(kAcknowledgeQueueRecords),
          refusing(kUpdateQueueRecordsVisibility),
          refusing(kReceiveDeadLetterQueueRecords),
          refusing(kAcknowledgeDeadLetterQueueRecords),
          refusing(kUpdateDeadLetterQueueRecordsVisibility),
          refusing(kRestoreDeadLetterQueueRecords)};
}

}  // namespace penstock::api::kinesis
