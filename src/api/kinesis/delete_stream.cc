#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct DeleteStreamRequest {
  std::optional<std::string> stream_name;
  std::optional<bool> enforce_consumer_deletion;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = DeleteStreamRequest;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::enforce_consumer_deletion>(
            "EnforceConsumerDeletion", {},
            "With its registered consumers, which otherwise forbid it."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "LimitExceededException",
                                        "ResourceInUseException", "InvalidArgumentException"};
constexpr shape::Operation<DeleteStreamRequest, shape::Empty> kDeleteStream{
    .name = "DeleteStream",
    .errors = kErrors,
    .doc = "Removes a stream with all its records, for good."};

}  // namespace

shape::OperationInfo delete_stream_shape() { return shape::describe(kDeleteStream); }

front::Operation delete_stream(Parts parts) {
  return bind(kDeleteStream, kStyle,
              [parts](const front::Request& request,
                      DeleteStreamRequest input) -> Task<Result<shape::Empty>> {
                const auto consumers = input.enforce_consumer_deletion.value_or(false)
                                           ? stream::ConsumerRemoval::kEnforced
                                           : stream::ConsumerRemoval::kRefused;
                co_return nothing(
                    co_await parts.streams.remove(caller_of(request), target_of(input), consumers));
              });
}

}  // namespace penstock::api::kinesis
