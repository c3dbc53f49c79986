#include "api/wire_error.h"

#include "base/log.h"
#include "shape/cbor_text.h"
#include "shape/errors.h"
#include "shape/json_text.h"

namespace penstock::api {
namespace {

template <class Writer>
void write_typed(std::string& body, const ErrorName& name, std::string_view message) {
  Writer writer(body);
  writer.begin_object().key("__type").text(name.name);
  if (!message.empty()) writer.key(name.message_key).text(message);
  writer.end_object();
}

void write_head(const ErrorName& name, front::Reply& reply) {
  reply.status = name.status;
  reply.headers.emplace_back("x-amzn-ErrorType", name.name.substr(name.name.find('#') + 1));
  if (!name.header.empty()) reply.headers.emplace_back(name.header, name.header_value);
}

}  // namespace

void write_type_error(const front::Request& request, const ErrorName& name,
                      std::string_view message, front::Reply& reply) {
  write_head(name, reply);
  if (request.protocol == front::Protocol::kCbor11) {
    write_typed<shape::CborText>(reply.body, name, message);
  } else {
    write_typed<shape::JsonText>(reply.body, name, message);
  }
}

void write_rest_error(const front::Request&, const ErrorName& name, std::string_view message,
                      front::Reply& reply) {
  write_head(name, reply);
  reply.content_type = "application/json";
  shape::JsonText json(reply.body);
  json.begin_object();
  if (!name.fields.empty()) json.raw(name.fields);
  if (name.name != "ValidationException") {
    json.key("Type").text(name.status >= 500 ? "Service" : "User");
  }
  if (!message.empty()) json.key(name.message_key).text(message);
  json.end_object();
}

front::Reply error_reply(const ServiceStyle& style, const front::Request& request,
                         const Error& error) {
  front::Reply reply;
  if (const ErrorName* name = style.name_of(error.code); name != nullptr) {
    const std::string_view text =
        error.message.empty() ? name->fallback_message : std::string_view(error.message);
    style.write_error(request, *name, text, reply);
    return reply;
  }
  log::error("request failed inside", {{"request_id", request.request_id.view()},
                                       {"domain", error.code.domain().name},
                                       {"code", error.code.name()},
                                       {"message", error.message}});
  style.write_error(request, style.internal, style.internal.fallback_message, reply);
  return reply;
}

const ErrorName* shape_error_name(const ErrorCode& code) {
  static constexpr ErrorName kSerialization{.name = "SerializationException",
                                            .message_key = "Message"};
  static constexpr ErrorName kValidation{.name = "ValidationException"};
  if (code == shape::ShapeErrc::kSerialization) return &kSerialization;
  if (code == shape::ShapeErrc::kValidation) return &kValidation;
  return nullptr;
}

}  // namespace penstock::api
