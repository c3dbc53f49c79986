#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/records.h"
#include "front/reply_bodies.h"
#include "shape/cbor_text.h"
#include "shape/json_text.h"

namespace penstock::api::kinesis {
namespace {

struct GetRecordsRequest {
  std::optional<std::int32_t> limit;
  std::optional<std::string> shard_iterator;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<bool> dry_run;
  static constexpr auto shape() {
    using Self = GetRecordsRequest;
    return std::array{
        shape::member<&Self::limit>("Limit", {shape::range(1, 10'000)},
                                    "Most records in the reply."),
        shape::member<&Self::shard_iterator>("ShardIterator",
                                             {shape::required, shape::length(1, 512)},
                                             "From GetShardIterator or the page before."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn, "Must be the iterator's stream."),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::dry_run>("DryRun", {}, "Only checks."),
    };
  }
};

struct GetRecordsReply {
  std::vector<Record> records;
  std::optional<std::string> next_shard_iterator;
  std::optional<std::int64_t> millis_behind_latest;
  std::optional<std::vector<ChildShard>> child_shards;
  static constexpr auto shape() {
    using Self = GetRecordsReply;
    return std::array{
        shape::member<&Self::records>("Records", {shape::required}),
        shape::member<&Self::next_shard_iterator>("NextShardIterator", {shape::length(1, 512)},
                                                  "Absent at the end of a closed shard."),
        shape::member<&Self::millis_behind_latest>("MillisBehindLatest",
                                                   {shape::range(0, shape::kNoLimit)},
                                                   "0: nothing is left to read."),
        shape::member<&Self::child_shards>("ChildShards", {}, "At the end of a closed shard."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException",
                                        "InvalidArgumentException",
                                        "ProvisionedThroughputExceededException",
                                        "ExpiredIteratorException",
                                        "InternalFailureException",
                                        "DryRunOperationException"};
constexpr shape::Operation<GetRecordsRequest, GetRecordsReply> kGetRecords{
    .name = "GetRecords",
    .errors = kErrors,
    .doc = "The next records of a shard, and where to go on."};

template <class Text>
void write(const stream::GetRecordsReply& page, std::string& body) {
  body = front::body_with_room(page_bytes(page.slice, page.child_shards));
  Text out(body);
  out.begin_object();
  write_records(out, page.slice, page.stamp, page.encryption.get());
  if (!page.next_iterator.empty()) out.key("NextShardIterator").text(page.next_iterator);
  out.key("MillisBehindLatest").number(page.millis_behind_latest);
  write_child_shards(out, page.child_shards);
  out.end_object();
}

Task<front::Reply> serve(Parts parts, const front::Request& request) {
  const Result<GetRecordsRequest> input = decode<GetRecordsRequest>(request);
  if (!input.ok()) co_return error_reply(kStyle, request, input.error());
  Result<stream::GetRecordsReply> page = co_await parts.streams.get_records(
      caller_of(request), {.iterator = view(input->shard_iterator),
                           .stream_arn = view(input->stream_arn),
                           .limit = input->limit,
                           .dry_run = input->dry_run.value_or(false)});
  if (!page.ok()) co_return error_reply(kStyle, request, page.error());
  front::Reply reply;
  reply.charge = std::move(page->charge);
  if (request.protocol == front::Protocol::kCbor11) {
    write<shape::CborText>(*page, reply.body);
  } else {
    write<shape::JsonText>(*page, reply.body);
  }
  co_return reply;
}

}  // namespace

shape::OperationInfo get_records_shape() { return shape::describe(kGetRecords); }

front::Operation get_records(Parts parts) {
  return {.name = kGetRecords.name,
          .affinity = front::Affinity::kAnyLoop,
          .serve = [parts](front::Request& request) { return serve(parts, request); },
          .method = kGetRecords.method,
          .path = kGetRecords.path};
}

}  // namespace penstock::api::kinesis
