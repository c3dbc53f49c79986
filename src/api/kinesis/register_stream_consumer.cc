#include "api/kinesis/consumers.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct RegisterStreamConsumerRequest {
  std::optional<std::string> stream_arn;
  std::optional<std::string> consumer_name;
  std::optional<std::string> stream_id;
  std::optional<std::map<std::string, std::string>> tags;

  static constexpr auto shape() {
    using Self = RegisterStreamConsumerRequest;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::consumer_name>("ConsumerName", kRequiredConsumerName,
                                            "Unique among the consumers of the stream."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::tags>("Tags", kTags, "Given to the consumer at once; at most 50."),
    };
  }
};

struct RegisterStreamConsumerReply {
  Consumer consumer;
  static constexpr auto shape() {
    return std::array{
        shape::member<&RegisterStreamConsumerReply::consumer>("Consumer", {shape::required})};
  }
};

constexpr std::string_view kErrors[] = {"InvalidArgumentException", "LimitExceededException",
                                        "ResourceInUseException", "ResourceNotFoundException"};
constexpr shape::Operation<RegisterStreamConsumerRequest, RegisterStreamConsumerReply>
    kRegisterStreamConsumer{
        .name = "RegisterStreamConsumer",
        .errors = kErrors,
        .doc = "Registers a consumer that reads by SubscribeToShard, once it is ACTIVE."};

}  // namespace

shape::OperationInfo register_stream_consumer_shape() {
  return shape::describe(kRegisterStreamConsumer);
}

front::Operation register_stream_consumer(Parts parts) {
  return bind(
      kRegisterStreamConsumer, kStyle,
      [parts](const front::Request& request,
              RegisterStreamConsumerRequest input) -> Task<Result<RegisterStreamConsumerReply>> {
        stream::RegisterConsumer registration{.stream_arn = view(input.stream_arn),
                                              .name = view(input.consumer_name)};
        if (input.tags) registration.tags = std::move(*input.tags);
        CO_TRY(const stream::ConsumerView made, co_await parts.streams.register_consumer(
                                                    caller_of(request), std::move(registration)));
        co_return RegisterStreamConsumerReply{wire(made)};
      });
}

}  // namespace penstock::api::kinesis
