#include "api/kinesis/consumers.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct DeregisterStreamConsumerRequest {
  std::optional<std::string> stream_arn;
  std::optional<std::string> consumer_name;
  std::optional<std::string> consumer_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DeregisterStreamConsumerRequest;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn, "Together with ConsumerName."),
        shape::member<&Self::consumer_name>("ConsumerName", kConsumerName),
        shape::member<&Self::consumer_arn>("ConsumerARN", kConsumerArn, "Is enough by itself."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"LimitExceededException", "ResourceNotFoundException",
                                        "InvalidArgumentException"};
constexpr shape::Operation<DeregisterStreamConsumerRequest, shape::Empty> kDeregisterStreamConsumer{
    .name = "DeregisterStreamConsumer",
    .errors = kErrors,
    .doc = "Removes a consumer; its subscriptions end."};

}  // namespace

shape::OperationInfo deregister_stream_consumer_shape() {
  return shape::describe(kDeregisterStreamConsumer);
}

front::Operation deregister_stream_consumer(Parts parts) {
  return bind(kDeregisterStreamConsumer, kStyle,
              [parts](const front::Request& request,
                      DeregisterStreamConsumerRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.deregister_consumer(caller_of(request),
                                                                             consumer_of(input)));
              });
}

}  // namespace penstock::api::kinesis
