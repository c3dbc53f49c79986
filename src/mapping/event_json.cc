#include "mapping/event_json.h"

#include "base/base64.h"
#include "shape/json_text.h"

namespace penstock::mapping {
namespace {

constexpr std::string_view kOpen = R"({"Records":[)";
constexpr std::string_view kClose = "]}";
static_assert(kOpen.size() + kClose.size() == kEventFrameBytes);

// A record's text between its own values, in the service's order. There is no encryptionType:
// its presence breaks some deserialisers, and the service does not send it.
constexpr std::string_view kKey = R"({"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":)";
constexpr std::string_view kNumber = R"(,"sequenceNumber":")";
constexpr std::string_view kData = R"(","data":")";
constexpr std::string_view kArrival = R"(","approximateArrivalTimestamp":)";
constexpr std::string_view kEventId =
    R"(},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":")";

/// What follows the sequence number in the eventID: the same for all records of a shard.
std::string tail_of(const EventContext& context) {
  std::string tail = R"(","eventName":"aws:kinesis:record","invokeIdentityArn":)";
  shape::append_json_string(tail, context.role_arn);
  tail += R"(,"awsRegion":)";
  shape::append_json_string(tail, context.region);
  tail += R"(,"eventSourceARN":)";
  shape::append_json_string(tail, context.source_arn);
  tail += "}";
  return tail;
}

/// The size of what append_json_string writes.
std::size_t json_string_size(std::string_view text) {
  std::size_t size = text.size() + 2;
  for (const char c : text) {
    if (c == '"' || c == '\\') ++size;
    if (static_cast<unsigned char>(c) >= 0x20) [[likely]]
      continue;
    size += std::string_view("\b\f\n\r\t").find(c) == std::string_view::npos ? 5 : 1;
  }
  return size;
}

void append_record(const Item& record, std::string_view shard_id, std::string_view tail,
                   std::string& out) {
  char number[stream::SequenceNumber::kDigits];
  record.number.write_to(number);
  const std::string_view digits(number, sizeof number);
  out += kKey;
  shape::append_json_string(out, record.key);
  out.append(kNumber).append(digits).append(kData);
  base64_append(out, record.data);
  out += kArrival;
  shape::append_json_seconds(out, unix_millis(record.arrival));
  out.append(kEventId).append(shard_id).append(":").append(digits).append(tail);
}

}  // namespace

std::size_t event_record_bytes(const Item& record, const EventContext& context) {
  std::string arrival;
  shape::append_json_seconds(arrival, unix_millis(record.arrival));
  constexpr std::size_t kFixed = kKey.size() + kNumber.size() + kData.size() + kArrival.size() +
                                 kEventId.size() + 2 * stream::SequenceNumber::kDigits +
                                 std::string_view(":,").size();
  constexpr std::size_t kTail =
      std::string_view(
          R"(","eventName":"aws:kinesis:record","invokeIdentityArn":,"awsRegion":,"eventSourceARN":})")
          .size();
  return kFixed + kTail + json_string_size(record.key) + base64_encoded_size(record.data.size()) +
         arrival.size() + context.shard_id.size() + json_string_size(context.role_arn) +
         json_string_size(context.region) + json_string_size(context.source_arn);
}

std::string event_json(std::span<const Item> records, const EventContext& context) {
  const std::string tail = tail_of(context);
  std::size_t size = kEventFrameBytes;
  for (const Item& record : records) {
    size += record.event_bytes != 0 ? record.event_bytes : event_record_bytes(record, context);
  }
  std::string out;
  out.reserve(size);
  out += kOpen;
  bool first = true;
  for (const Item& record : records) {
    if (!first) out.push_back(',');
    first = false;
    append_record(record, context.shard_id, tail, out);
  }
  out += kClose;
  return out;
}

}  // namespace penstock::mapping
