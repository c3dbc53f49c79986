#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/put_arena.h"
#include "api/kinesis/puts.h"
#include "shape/cbor_text.h"
#include "shape/json_text.h"

#include <array>
#include <type_traits>

namespace penstock::api::kinesis {
namespace {

struct PutRecordsRequestEntry {
  std::optional<std::string> partition_key;
  std::optional<std::string> explicit_hash_key;
  std::optional<shape::Blob> data;
  static constexpr std::string_view kShapeName = "PutRecordsRequestEntry";
  static constexpr auto shape() {
    using Self = PutRecordsRequestEntry;
    return std::array{
        shape::member<&Self::partition_key>("PartitionKey", kPartitionKey,
                                            "Its MD5 chooses the shard."),
        shape::member<&Self::explicit_hash_key>("ExplicitHashKey", kHashKey,
                                                "Chooses the shard instead."),
        shape::member<&Self::data>("Data", kData),
    };
  }
};

struct PutRecordsRequest {
  std::optional<std::vector<PutRecordsRequestEntry>> records;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;
  std::optional<bool> dry_run;

  static constexpr auto shape() {
    using Self = PutRecordsRequest;
    return std::array{
        shape::member<&Self::records>(
            "Records",
            {shape::required, shape::sensitive,
             shape::length(1, static_cast<std::int64_t>(kPutRecordsEntriesMax))},
            "Stored or refused one by one."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
        shape::member<&Self::dry_run>("DryRun", {}, "Only checks."),
    };
  }
};

struct PutRecordsResultEntry {
  std::optional<std::string> sequence_number;
  std::optional<std::string> shard_id;
  std::optional<std::string> error_code;
  std::optional<std::string> error_message;
  static constexpr std::string_view kShapeName = "PutRecordsResultEntry";
  static constexpr auto shape() {
    using Self = PutRecordsResultEntry;
    return std::array{
        shape::member<&Self::sequence_number>("SequenceNumber", kSequenceNumber),
        shape::member<&Self::shard_id>("ShardId", kShardId),
        shape::member<&Self::error_code>("ErrorCode", {},
                                         "Of an entry that was not stored: send it again."),
        shape::member<&Self::error_message>("ErrorMessage"),
    };
  }
};

struct PutRecordsReply {
  std::optional<std::int32_t> failed_record_count;
  std::vector<PutRecordsResultEntry> records;
  std::optional<std::string> encryption_type;
  static constexpr auto shape() {
    using Self = PutRecordsReply;
    return std::array{
        shape::member<&Self::failed_record_count>("FailedRecordCount",
                                                  {shape::range(1, shape::kNoLimit)},
                                                  "Entries that were not stored; 0 when all were."),
        shape::member<&Self::records>(
            "Records",
            {shape::required, shape::length(1, static_cast<std::int64_t>(kPutRecordsEntriesMax))},
            "In the order of the request."),
        shape::member<&Self::encryption_type>("EncryptionType", {shape::one_of(kEncryptionTypes)},
                                              "KMS; absent while the stream is not encrypted."),
    };
  }
};

constexpr std::string_view kErrors[] = {"ResourceNotFoundException", "InvalidArgumentException",
                                        "ProvisionedThroughputExceededException",
                                        "InternalFailureException", "DryRunOperationException"};
constexpr shape::Operation<PutRecordsRequest, PutRecordsReply> kPutRecords{
    .name = "PutRecords",
    .errors = kErrors,
    .doc = "Stores up to 500 records, each on its own: some may fail inside a 200."};

constexpr std::size_t kResultBytes = 128;  // One stored entry's, in JSON.

/// A stored entry's result in JSON: the same characters but for two numbers, whose digits need no
/// escapes. So it is copied in one piece.
class StoredText {
 public:
  void append(shape::JsonText& out, const stream::PutOutcome& outcome) {
    outcome.number.write_to(text_.data() + kNumberAt);
    stream::write_shard_id(outcome.shard, text_.data() + kShardAt);
    out.raw({text_.data(), text_.size()});
  }

 private:
  static constexpr std::string_view kForm =
      R"({"SequenceNumber":"00000000000000000000000000000000000000000000000000000000",)"
      R"("ShardId":"shardId-000000000000"})";
  static constexpr std::size_t kNumberAt = kForm.find('0');
  static constexpr std::size_t kShardAt = kForm.find("shardId");
  static_assert(kForm.find('"', kNumberAt) == kNumberAt + stream::SequenceNumber::kDigits);
  static_assert(kForm.size() == kShardAt + stream::kShardIdBytes + 2);
  std::array<char, kForm.size()> text_ = [] {
    std::array<char, kForm.size()> text{};
    kForm.copy(text.data(), kForm.size());
    return text;
  }();
};

void write_stored(shape::CborText& out, const stream::PutOutcome& outcome) {
  char number[stream::SequenceNumber::kDigits];
  char shard[stream::kShardIdBytes];
  outcome.number.write_to(number);
  stream::write_shard_id(outcome.shard, shard);
  out.begin_object();
  out.key("SequenceNumber").text({number, sizeof number});
  out.key("ShardId").text({shard, sizeof shard});
  out.end_object();
}

template <class Text>
void write(const stream::PutRecordsReply& reply, std::string& body) {
  body.reserve(64 + reply.outcomes.size() * kResultBytes);
  Text out(body);
  out.begin_object();
  out.key("FailedRecordCount").number(reply.not_stored);
  out.key("Records").begin_list();
  StoredText stored;
  for (const stream::PutOutcome& outcome : reply.outcomes) {
    if (outcome.fate == stream::PutFate::kStored) {
      if constexpr (std::is_same_v<Text, shape::JsonText>) {
        stored.append(out, outcome);
      } else {
        write_stored(out, outcome);
      }
      continue;
    }
    out.begin_object();
    out.key("ErrorCode")
        .text(outcome.fate == stream::PutFate::kThrottled ? "ProvisionedThroughputExceededException"
                                                          : "InternalFailure");
    out.key("ErrorMessage").text(stream::put_error_message(reply, outcome));
    out.end_object();
  }
  out.end_list();
  if (reply.is_encrypted) out.key("EncryptionType").text(kEncryptedType);
  out.end_object();
}

front::Reply reply_of(const front::Request& request,
                      const Result<stream::PutRecordsReply>& stored) {
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
  const Result<PutRecordsRequest> input = decode<PutRecordsRequest>(request);
  if (!input.ok()) {
    book_refused(parts, request, false);
    co_return error_reply(kStyle, request, input.error());
  }
  std::vector<stream::PutEntry> entries;
  entries.reserve(input->records->size());
  for (const PutRecordsRequestEntry& entry : *input->records) {
    entries.push_back(
        {view(entry.partition_key), entry.data->bytes, view(entry.explicit_hash_key)});
  }
  const stream::PutRecords put{
      .stream = target_of(*input), .entries = entries, .dry_run = input->dry_run.value_or(false)};
  book_received(parts, request, put.stream, put.entries.size());
  co_return reply_of(request, co_await parts.streams.put_records(caller_of(request), put));
}

Task<front::Reply> serve(Parts parts, const front::Request& request) {
  const bool cbor = request.protocol == front::Protocol::kCbor11;
  PutArena arena(cbor ? 0 : put_arena_bytes(request.body.size()));
  const std::optional<PutBody> body = cbor ? read_put_records_cbor(request.body)
                                           : read_put_records_json(request.body, arena.data());
  if (!body) co_return co_await put_generally(parts, request);
  const stream::PutRecords put{.stream = body->target(), .entries = body->entries};
  book_received(parts, request, put.stream, put.entries.size());
  co_return reply_of(request, co_await parts.streams.put_records(caller_of(request), put));
}

}  // namespace

shape::OperationInfo put_records_shape() { return shape::describe(kPutRecords); }

front::Operation put_records(Parts parts) {
  return {.name = kPutRecords.name,
          .affinity = front::Affinity::kAnyLoop,
          .serve = [parts](front::Request& request) { return serve(parts, request); },
          .method = kPutRecords.method,
          .path = kPutRecords.path};
}

}  // namespace penstock::api::kinesis
