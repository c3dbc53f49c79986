#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/put_arena.h"
#include "api/kinesis/puts.h"
#include "shape/cbor_text.h"
#include "shape/json_text.h"

namespace penstock::api::kinesis {
namespace {

struct PutRecordRequest {
  std::optional<std::string> sequence_number_for_ordering;
  std::optional<std::string> partition_key;
  std::optional<std::string> explicit_hash_key;
  std::optional<shape::Blob> data;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<bool> dry_run;

  static constexpr auto shape() {
    using Self = PutRecordRequest;
    return std::array{
        shape::member<&Self::sequence_number_for_ordering>(
            "SequenceNumberForOrdering", kSequenceNumber, "The new number will be greater."),
        shape::member<&Self::partition_key>("PartitionKey", kPartitionKey,
                                            "Its MD5 chooses the shard."),
        shape::member<&Self::explicit_hash_key>("ExplicitHashKey", kHashKey,
                                                "Chooses the shard instead."),
        shape::member<&Self::data>("Data", kData),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::dry_run>("DryRun", {}, "Only checks."),
    };
  }
};

struct PutRecordReply {
  std::string shard_id;
  std::string sequence_number;
  std::optional<std::string> encryption_type;
  static constexpr auto shape() {
    using Self = PutRecordReply;
    return std::array{
        shape::member<&Self::shard_id>("ShardId", kRequiredShardId),
        shape::member<&Self::sequence_number>(
            "SequenceNumber",
            {shape::required, shape::pattern("0|([1-9]\\d{0,128})", &is_sequence_number)}),
        shape::member<&Self::encryption_type>("EncryptionType", {shape::one_of(kEncryptionTypes)},
                                              "KMS; absent while the stream is not encrypted."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "ProvisionedThroughputExceededException",
                                        "InternalFailureException", "DryRunOperationException"};
constexpr shape::Operation<PutRecordRequest, PutRecordReply> kPutRecord{
    .name = "PutRecord",
    .errors = kErrors,
    .doc = "Stores one record. The answer means that it is durable."};

constexpr std::size_t kReplyBytes = 128;

template <class Text>
void write(const stream::PutRecordReply& reply, std::string& body) {
  char number[stream::SequenceNumber::kDigits];
  reply.number.write_to(number);
  char shard[stream::kShardIdBytes];
  stream::write_shard_id(reply.shard, shard);
  body.reserve(kReplyBytes);
  Text out(body);
  out.begin_object();
  out.key("ShardId").text({shard, sizeof shard});
  out.key("SequenceNumber").text({number, sizeof number});
  if (reply.is_encrypted) out.key("EncryptionType").text(kEncryptedType);
  out.end_object();
}

front::Reply reply_of(const front::Request& request, const Result<stream::PutRecordReply>& stored) {
  if (!stored.ok()) return error_reply(kStyle, request, stored.error());
  front::Reply reply;
  if (request.protocol == front::Protocol::kCbor11) {
    write<shape::CborText>(*stored, reply.body);
  } else {
    write<shape::JsonText>(*stored, reply.body);
  }
  return reply;
}

/// Through the tables: whatever the hand-written reader left alone.
Task<front::Reply> put_generally(Parts parts, const front::Request& request) {
  const Result<PutRecordRequest> input = decode<PutRecordRequest>(request);
  if (!input.ok()) {
    book_refused(parts, request, true);
    co_return error_reply(kStyle, request, input.error());
  }
  const stream::PutRecord put{
      .stream = target_of(*input),
      .entry = {view(input->partition_key), input->data->bytes, view(input->explicit_hash_key)},
      .sequence_number_for_ordering = view(input->sequence_number_for_ordering),
      .dry_run = input->dry_run.value_or(false)};
  book_received(parts, request, put.stream, 1);
  co_return reply_of(request, co_await parts.streams.put_record(caller_of(request), put));
}

Task<front::Reply> serve(Parts parts, const front::Request& request) {
  const bool cbor = request.protocol == front::Protocol::kCbor11;
  PutArena arena(cbor ? 0 : put_arena_bytes(request.body.size()));
  const std::optional<PutBody> body =
      cbor ? read_put_record_cbor(request.body) : read_put_record_json(request.body, arena.data());
  if (!body) co_return co_await put_generally(parts, request);
  const stream::PutRecord put{.stream = body->target(),
                              .entry = body->entries.front(),
                              .sequence_number_for_ordering = body->sequence_number_for_ordering};
  book_received(parts, request, put.stream, 1);
  co_return reply_of(request, co_await parts.streams.put_record(caller_of(request), put));
}

}  // namespace

shape::OperationInfo put_record_shape() { return shape::describe(kPutRecord); }

front::Operation put_record(Parts parts) {
  return {.name = kPutRecord.name,
          .affinity = front::Affinity::kAnyLoop,
          .serve = [parts](front::Request& request) { return serve(parts, request); },
          .method = kPutRecord.method,
          .path = kPutRecord.path};
}

}  // namespace penstock::api::kinesis
