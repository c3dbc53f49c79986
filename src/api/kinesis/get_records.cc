#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/structures.h"
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

struct Record {
  std::string sequence_number;
  std::optional<shape::Timestamp> approximate_arrival_timestamp;
  shape::Blob data;
  std::optional<std::string> partition_key;
  std::optional<std::string> encryption_type;
  static constexpr std::string_view kShapeName = "Record";
  static constexpr auto shape() {
    using Self = Record;
    return std::array{
        shape::member<&Self::sequence_number>(
            "SequenceNumber",
            {shape::required, shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)}),
        shape::member<&Self::approximate_arrival_timestamp>("ApproximateArrivalTimestamp"),
        shape::member<&Self::data>("Data", kData),
        shape::member<&Self::partition_key>("PartitionKey", kPartitionKey,
                                            "As it was sent; absent when none was."),
        shape::member<&Self::encryption_type>(
            "EncryptionType", {shape::one_of(kEncryptionTypes)},
            "KMS of what arrived while the stream was encrypted, else absent."),
    };
  }
};

struct ChildShard {
  std::string shard_id;
  std::vector<std::string> parent_shards;
  HashKeyRange hash_key_range;
  static constexpr std::string_view kShapeName = "ChildShard";
  static constexpr auto shape() {
    using Self = ChildShard;
    return std::array{
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId),
        shape::member<&Self::parent_shards>("ParentShards", {shape::required}),
        shape::member<&Self::hash_key_range>("HashKeyRange", {shape::required}),
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

/// What a page takes on the wire, so that its buffer is made once.
std::size_t page_bytes(const stream::GetRecordsReply& page) {
  return 1'024 + stream::wire_bytes(page.slice) + 512 * page.child_shards.size();
}

/// A record in JSON; what is the same in every one is not looked at for escapes.
void write_record(shape::JsonText& out, const engine::Record& record, std::string_view number,
                  bool is_encrypted) {
  out.raw(R"({"SequenceNumber":")").add(number).add(R"(","ApproximateArrivalTimestamp":)");
  out.timestamp(wire(record.arrival));
  out.add(R"(,"Data":)").bytes(record.data);
  if (!record.key.empty()) out.add(R"(,"PartitionKey":)").text(record.key);
  if (is_encrypted) out.add(R"(,"EncryptionType":"KMS")");
  out.add("}");
}

void write_record(shape::CborText& out, const engine::Record& record, std::string_view number,
                  bool is_encrypted) {
  out.begin_object();
  out.key("SequenceNumber").text(number);
  out.key("ApproximateArrivalTimestamp").timestamp(wire(record.arrival));
  out.key("Data").bytes(record.data);
  if (!record.key.empty()) out.key("PartitionKey").text(record.key);
  if (is_encrypted) out.key("EncryptionType").text(kEncryptedType);
  out.end_object();
}

template <class Text>
void write(const stream::GetRecordsReply& page, std::string& body) {
  body = front::body_with_room(page_bytes(page));
  Text out(body);
  out.begin_object();
  out.key("Records").begin_list();
  char number[stream::SequenceNumber::kDigits];
  for (const engine::Record& record : page.slice.records) {
    page.stamp.number(record.at, record.arrival).write_to(number);
    const bool is_encrypted =
        page.encryption != nullptr && page.encryption->holds_at(record.arrival);
    write_record(out, record, {number, sizeof number}, is_encrypted);
  }
  out.end_list();
  if (!page.next_iterator.empty()) out.key("NextShardIterator").text(page.next_iterator);
  out.key("MillisBehindLatest").number(page.millis_behind_latest);
  if (!page.child_shards.empty()) {
    out.key("ChildShards").begin_list();
    for (const stream::ChildShard& child : page.child_shards) {
      out.begin_object();
      out.key("ShardId").text(stream::shard_id_text(child.number));
      out.key("ParentShards").begin_list();
      for (const std::uint32_t parent : child.parents) out.text(stream::shard_id_text(parent));
      out.end_list();
      out.key("HashKeyRange").begin_object();
      out.key("StartingHashKey").text(child.range.start.to_string());
      out.key("EndingHashKey").text(child.range.end.to_string());
      out.end_object();
      out.end_object();
    }
    out.end_list();
  }
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
