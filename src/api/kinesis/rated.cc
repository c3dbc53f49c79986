#include "api/kinesis/rated.h"

#include "shape/document.h"
#include "stream/consumer_types.h"

namespace penstock::api::kinesis {
namespace {

/// The stream that a request is about, by any of the members that say so. What cannot be read is
/// for the operation to refuse.
Status admit(const Parts& parts, std::string_view operation, const front::Request& request) {
  const bool cbor = request.protocol == front::Protocol::kCbor11;
  const Result<shape::Document> body =
      cbor ? shape::parse_cbor(request.body) : shape::parse_json(request.body, shape::kValuesMax);
  if (!body.ok()) return ok();
  std::string arn(body->string_at("StreamARN"));
  for (const char* member : {"ConsumerARN", "ResourceARN"}) {
    const std::string_view named = body->string_at(member);
    if (!arn.empty() || named.empty()) continue;
    const auto consumer = stream::parse_consumer_arn(named);
    arn = consumer ? stream::stream_arn(consumer->stream.tenant, consumer->stream.name)
                   : std::string(named);
  }
  return parts.streams.admit_call(caller_of(request), operation,
                                  {body->string_at("StreamName"), arn});
}

Task<front::Reply> refuse(front::Reply reply) { co_return std::move(reply); }

}  // namespace

front::Operation rated(Parts parts, front::Operation operation) {
  if (!parts.streams.counts_calls_of(operation.name)) return operation;
  operation.serve = [parts, name = operation.name, serve = std::move(operation.serve)](
                        front::Request& request) -> Task<front::Reply> {
    const Status admitted = admit(parts, name, request);
    if (!admitted.ok()) return refuse(error_reply(kStyle, request, admitted.error()));
    return serve(request);
  };
  return operation;
}

}  // namespace penstock::api::kinesis
