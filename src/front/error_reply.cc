#include "front/error_reply.h"

#include "shape/cbor_text.h"
#include "shape/json_text.h"

namespace penstock::front {

std::string_view content_type_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kJson10: return "application/x-amz-json-1.0";
    case Protocol::kJson11: return "application/x-amz-json-1.1";
    case Protocol::kCbor11: return "application/x-amz-cbor-1.1";
    case Protocol::kRestJson:
    case Protocol::kPlain: return "application/json";
  }
  return "application/json";
}

namespace {

template <class Writer>
void write_typed(std::string& body, std::string_view type, std::string_view message) {
  Writer out(body);
  out.begin_object().key("__type").text(type);
  if (!message.empty()) out.key("message").text(message);
  out.end_object();
}

}  // namespace

Reply typed_error(Protocol protocol, int status, std::string_view type, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.content_type = content_type_of(protocol);
  reply.headers.emplace_back("x-amzn-ErrorType", type);
  if (protocol == Protocol::kCbor11) {
    write_typed<shape::CborText>(reply.body, type, message);
  } else {
    write_typed<shape::JsonText>(reply.body, type, message);
  }
  return reply;
}

Reply xml_error(int status, std::string_view type, std::string_view message) {
  const std::string name(type);
  Reply reply;
  reply.status = status;
  reply.body = message.empty() ? "<" + name + "/>\n"
                               : "<" + name + ">\n  <Message>" + std::string(message) +
                                     "</Message>\n</" + name + ">\n";
  return reply;
}

Reply rest_error(int status, std::string_view type, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.headers.emplace_back("x-amzn-ErrorType", type);
  shape::JsonText(reply.body).begin_object().key("message").text(message).end_object();
  return reply;
}

Reply out_of_memory() {
  return typed_error(Protocol::kJson11, 503, "ServiceUnavailable",
                     "the memory for requests is spent; try again");
}

}  // namespace penstock::front
