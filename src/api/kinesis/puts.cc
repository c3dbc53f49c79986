#include "api/kinesis/puts.h"

#include "shape/document.h"

namespace penstock::api::kinesis {

std::string booked_stream(const stream::StreamTarget& target) {
  if (!target.name.empty() || target.arn.empty()) return std::string(target.name);
  const auto named = stream::parse_stream_arn(target.arn);
  return named ? named->name : std::string();
}

void book_received(const Parts& parts, const front::Request& request,
                   const stream::StreamTarget& target, std::size_t entries) {
  if (!target.name.empty()) {
    parts.receipts.entries_received(request.caller, target.name, entries);
  } else {
    parts.receipts.entries_received(request.caller, booked_stream(target), entries);
  }
}

void book_refused(const Parts& parts, const front::Request& request, bool single) {
  const bool cbor = request.protocol == front::Protocol::kCbor11;
  const Result<shape::Document> body =
      cbor ? shape::parse_cbor(request.body) : shape::parse_json(request.body, shape::kValuesMax);
  if (!body.ok()) return;  // Nobody can say how many entries it was to be.
  const shape::Document* records = body->find("Records");
  const std::size_t entries = single ? 1 : records == nullptr ? 0 : records->items.size();
  if (entries == 0) return;
  const stream::StreamTarget target{body->string_at("StreamName"), body->string_at("StreamARN")};
  const std::string name = booked_stream(target);
  parts.receipts.entries_received(request.caller, name, entries);
  parts.streams.put_refused(caller_of(request), {name, {}}, entries);
}

}  // namespace penstock::api::kinesis
