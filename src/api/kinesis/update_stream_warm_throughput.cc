#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct UpdateStreamWarmThroughputRequest {
  std::optional<std::int32_t> warm_throughput_mibps;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = UpdateStreamWarmThroughputRequest;
    return std::array{
        shape::member<&Self::warm_throughput_mibps>(
            "WarmThroughputMiBps", {shape::required, shape::range(0, shape::kNoLimit)},
            "What the stream shall take at once, in MiB a second."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct UpdateStreamWarmThroughputReply {
  std::string stream_arn;
  std::string stream_name;
  WarmThroughputObject warm_throughput;
  static constexpr auto shape() {
    using Self = UpdateStreamWarmThroughputReply;
    return std::array{
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::warm_throughput>("WarmThroughput", {}, "Before the change."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "LimitExceededException",
                                        "InvalidArgumentException", "ResourceInUseException",
                                        "ValidationException"};
constexpr shape::Operation<UpdateStreamWarmThroughputRequest, UpdateStreamWarmThroughputReply>
    kUpdateStreamWarmThroughput{
        .name = "UpdateStreamWarmThroughput",
        .errors = kErrors,
        .doc =
            "Gives an on-demand stream of an account with a billing commitment more shards, "
            "before its traffic needs them."};

}  // namespace

shape::OperationInfo update_stream_warm_throughput_shape() {
  return shape::describe(kUpdateStreamWarmThroughput);
}

front::Operation update_stream_warm_throughput(Parts parts) {
  return bind(kUpdateStreamWarmThroughput, kStyle,
              [parts](const front::Request& request, UpdateStreamWarmThroughputRequest input)
                  -> Task<Result<UpdateStreamWarmThroughputReply>> {
                CO_TRY(stream::WarmThroughputReply made,
                       co_await parts.streams.set_warm_throughput(
                           caller_of(request), target_of(input), *input.warm_throughput_mibps));
                co_return UpdateStreamWarmThroughputReply{
                    .stream_arn = std::move(made.arn),
                    .stream_name = std::move(made.stream.name),
                    .warm_throughput = wire(made.warm)};
              });
}

}  // namespace penstock::api::kinesis
