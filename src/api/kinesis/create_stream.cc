#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"

namespace penstock::api::kinesis {
namespace {

struct CreateStreamRequest {
  std::optional<std::int32_t> shard_count;
  std::optional<std::string> stream_name;
  std::optional<StreamModeDetails> stream_mode_details;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::int32_t> warm_throughput_mibps;
  std::optional<std::int32_t> max_record_size_kib;
  std::optional<std::string> record_distribution_strategy;

  static constexpr auto shape() {
    using Self = CreateStreamRequest;
    return std::array{
        shape::member<&Self::shard_count>("ShardCount", {shape::range(1, shape::kNoLimit)},
                                          "Shards to begin with; not with ON_DEMAND."),
        shape::member<&Self::stream_name>("StreamName", kRequiredStreamName,
                                          "Unique in an account and region."),
        shape::member<&Self::stream_mode_details>(
            "StreamModeDetails", {},
            "Without it: PROVISIONED when ShardCount is given, else ON_DEMAND."),
        shape::member<&Self::tags>("Tags", kTags, "Given to the stream at once."),
        shape::member<&Self::warm_throughput_mibps>(
            "WarmThroughputMiBps", {shape::range(0, shape::kNoLimit)},
            "With ON_DEMAND, for an account with a billing commitment."),
        shape::member<&Self::max_record_size_kib>("MaxRecordSizeInKiB", {shape::range(1024, 10240)},
                                                  "Data and key of one record; 1024 without it."),
        shape::member<&Self::record_distribution_strategy>("RecordDistributionStrategy",
                                                           {shape::one_of(kDistributionStrategies)},
                                                           "AUTO only with ON_DEMAND."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceInUseException", "LimitExceededException",
                                        "InvalidArgumentException", "ValidationException"};
constexpr shape::Operation<CreateStreamRequest, shape::Empty> kCreateStream{
    .name = "CreateStream",
    .errors = kErrors,
    .doc = "Makes a stream. It is CREATING first, then ACTIVE."};

}  // namespace

shape::OperationInfo create_stream_shape() { return shape::describe(kCreateStream); }

front::Operation create_stream(Parts parts) {
  return bind(
      kCreateStream, kStyle,
      [parts](const front::Request& request,
              CreateStreamRequest input) -> Task<Result<shape::Empty>> {
        stream::CreateStream create{
            .name = view(input.stream_name),
            .shard_count = input.shard_count,
            .max_record_kib = input.max_record_size_kib,
            .warm_mibps = input.warm_throughput_mibps,
            .distribution = distribution_of(view(input.record_distribution_strategy))};
        if (input.stream_mode_details) {
          create.mode = view(input.stream_mode_details->stream_mode) == "ON_DEMAND"
                            ? stream::StreamMode::kOnDemand
                            : stream::StreamMode::kProvisioned;
        }
        if (input.tags) create.tags = std::move(*input.tags);
        co_return nothing(co_await parts.streams.create(caller_of(request), std::move(create)));
      });
}

}  // namespace penstock::api::kinesis
