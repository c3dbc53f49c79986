#include "api/kinesis/consumers.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct DescribeStreamConsumerRequest {
  std::optional<std::string> stream_arn;
  std::optional<std::string> consumer_name;
  std::optional<std::string> consumer_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DescribeStreamConsumerRequest;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn, "Together with ConsumerName."),
        shape::member<&Self::consumer_name>("ConsumerName", kConsumerName),
        shape::member<&Self::consumer_arn>("ConsumerARN", kConsumerArn, "Is enough by itself."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct ConsumerDescription {
  std::string consumer_name;
  std::string consumer_arn;
  std::string consumer_status;
  shape::Timestamp consumer_creation_timestamp;
  std::string stream_arn;
  static constexpr std::string_view kShapeName = "ConsumerDescription";
  static constexpr auto shape() {
    using Self = ConsumerDescription;
    return std::array{
        shape::member<&Self::consumer_name>("ConsumerName", kRequiredConsumerName),
        shape::member<&Self::consumer_arn>("ConsumerARN", kRequiredConsumerArn),
        shape::member<&Self::consumer_status>("ConsumerStatus",
                                              {shape::required, shape::one_of(kConsumerStatuses)}),
        shape::member<&Self::consumer_creation_timestamp>("ConsumerCreationTimestamp",
                                                          {shape::required}),
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
    };
  }
};

struct DescribeStreamConsumerReply {
  ConsumerDescription consumer_description;
  static constexpr auto shape() {
    return std::array{shape::member<&DescribeStreamConsumerReply::consumer_description>(
        "ConsumerDescription", {shape::required})};
  }
};

constexpr std::string_view kErrors[] = {"LimitExceededException", "ResourceNotFoundException",
                                        "InvalidArgumentException"};
constexpr shape::Operation<DescribeStreamConsumerRequest, DescribeStreamConsumerReply>
    kDescribeStreamConsumer{.name = "DescribeStreamConsumer",
                            .errors = kErrors,
                            .doc = "A consumer and whether it may subscribe yet."};

}  // namespace

shape::OperationInfo describe_stream_consumer_shape() {
  return shape::describe(kDescribeStreamConsumer);
}

front::Operation describe_stream_consumer(Parts parts) {
  return bind(
      kDescribeStreamConsumer, kStyle,
      [parts](const front::Request& request,
              DescribeStreamConsumerRequest input) -> Result<DescribeStreamConsumerReply> {
        TRY(const stream::ConsumerView found,
            parts.streams.describe_consumer(caller_of(request), consumer_of(input)));
        return DescribeStreamConsumerReply{{.consumer_name = found.id.name,
                                            .consumer_arn = found.arn,
                                            .consumer_status = std::string(to_text(found.status)),
                                            .consumer_creation_timestamp = wire(found.created()),
                                            .stream_arn = found.stream_arn}};
      });
}

}  // namespace penstock::api::kinesis
