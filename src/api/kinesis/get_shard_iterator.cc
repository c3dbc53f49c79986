#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {
namespace {

struct GetShardIteratorRequest {
  std::optional<std::string> shard_id;
  std::optional<std::string> shard_iterator_type;
  std::optional<std::string> starting_sequence_number;
  std::optional<std::string> stream_name;
  std::optional<shape::Timestamp> timestamp;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<bool> dry_run;

  static constexpr auto shape() {
    using Self = GetShardIteratorRequest;
    return std::array{
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId,
                                       "shardId-000000000005; also 5 or shardId-5."),
        shape::member<&Self::shard_iterator_type>("ShardIteratorType",
                                                  {shape::required, shape::one_of(kIteratorTypes)}),
        shape::member<&Self::starting_sequence_number>(
            "StartingSequenceNumber", kSequenceNumber,
            "For AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::timestamp>("Timestamp", {}, "For AT_TIMESTAMP; not in the future."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::dry_run>("DryRun", {}, "Only checks."),
    };
  }
};

struct GetShardIteratorReply {
  std::string shard_iterator;
  static constexpr auto shape() {
    return std::array{shape::member<&GetShardIteratorReply::shard_iterator>(
        "ShardIterator", {shape::length(1, 512)}, "Good for 300 s.")};
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "ProvisionedThroughputExceededException",
                                        "InternalFailureException", "DryRunOperationException"};
constexpr shape::Operation<GetShardIteratorRequest, GetShardIteratorReply> kGetShardIterator{
    .name = "GetShardIterator",
    .errors = kErrors,
    .doc = "A token for a place in a shard, for GetRecords."};

}  // namespace

shape::OperationInfo get_shard_iterator_shape() { return shape::describe(kGetShardIterator); }

front::Operation get_shard_iterator(Parts parts) {
  return bind(
      kGetShardIterator, kStyle,
      [parts](const front::Request& request,
              GetShardIteratorRequest input) -> Task<Result<GetShardIteratorReply>> {
        stream::GetShardIterator get{
            .stream = target_of(input),
            .shard_id = view(input.shard_id),
            .type = iterator_type_of(view(input.shard_iterator_type)),
            .starting_sequence_number = optional_view(input.starting_sequence_number),
            .dry_run = input.dry_run.value_or(false)};
        if (input.timestamp) get.timestamp = service_time(input.timestamp->millis);
        CO_TRY(std::string token,
               co_await parts.streams.get_shard_iterator(caller_of(request), get));
        co_return GetShardIteratorReply{std::move(token)};
      },
      front::Affinity::kAnyLoop);
}

}  // namespace penstock::api::kinesis
