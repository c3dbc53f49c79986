#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct UpdateStreamModeRequest {
  std::optional<StreamModeDetails> stream_mode_details;
  std::optional<std::string> stream_arn;
  std::optional<std::int32_t> warm_throughput_mibps;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = UpdateStreamModeRequest;
    return std::array{
        shape::member<&Self::stream_mode_details>("StreamModeDetails", {shape::required},
                                                  "The mode it shall have."),
        shape::member<&Self::stream_arn>("StreamARN", kRequiredStreamArn),
        shape::member<&Self::warm_throughput_mibps>(
            "WarmThroughputMiBps", {shape::range(0, shape::kNoLimit)},
            "With ON_DEMAND, for an account with a billing commitment."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "ResourceInUseException",
                                        "InvalidArgumentException", "LimitExceededException",
                                        "ValidationException"};
constexpr shape::Operation<UpdateStreamModeRequest, shape::Empty> kUpdateStreamMode{
    .name = "UpdateStreamMode",
    .errors = kErrors,
    .doc = "Lets the service choose the shards, or you. The shards stay as they are."};

}  // namespace

shape::OperationInfo update_stream_mode_shape() { return shape::describe(kUpdateStreamMode); }

front::Operation update_stream_mode(Parts parts) {
  return bind(kUpdateStreamMode, kStyle,
              [parts](const front::Request& request,
                      UpdateStreamModeRequest input) -> Task<Result<shape::Empty>> {
                const stream::StreamMode mode =
                    view(input.stream_mode_details->stream_mode) == "ON_DEMAND"
                        ? stream::StreamMode::kOnDemand
                        : stream::StreamMode::kProvisioned;
                co_return nothing(co_await parts.streams.set_mode(
                    caller_of(request), {.arn = view(input.stream_arn)}, mode,
                    input.warm_throughput_mibps));
              });
}

}  // namespace penstock::api::kinesis
