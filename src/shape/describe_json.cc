#include "shape/describe_json.h"

#include "shape/json_text.h"

namespace penstock::shape {
namespace {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kBoolean: return "boolean";
    case Kind::kInteger: return "integer";
    case Kind::kLong: return "long";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBlob: return "blob";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kRawJson: return "json";
    case Kind::kStructure: return "structure";
    case Kind::kList: return "list";
    case Kind::kMap: return "map";
  }
  return {};
}

void write_bounds(JsonText& json, std::string_view name, const Rule& rule) {
  json.key(name).begin_list().number(rule.low);
  if (rule.high == kNoLimit) {
    json.null();
  } else {
    json.number(rule.high);
  }
  json.end_list();
}

void write_place(JsonText& json, std::string_view in, std::string_view at) {
  json.key("in").text(in);
  if (!at.empty()) json.key("at").text(at);
}

void write_rule(JsonText& json, const Rule& rule) {
  using Type = Rule::Type;
  switch (rule.type) {
    case Type::kNone: return;
    case Type::kRequired: json.key("required").boolean(true); return;
    case Type::kSensitive: json.key("sensitive").boolean(true); return;
    case Type::kRange: return write_bounds(json, "range", rule);
    case Type::kLength: return write_bounds(json, "length", rule);
    case Type::kElementLength: return write_bounds(json, "element_length", rule);
    case Type::kKeyLength: return write_bounds(json, "key_length", rule);
    case Type::kValueLength: return write_bounds(json, "value_length", rule);
    case Type::kPattern: json.key("pattern").text(rule.text); return;
    case Type::kInPath: return write_place(json, "path", rule.text);
    case Type::kInQuery: return write_place(json, "query", rule.text);
    case Type::kInHeader: return write_place(json, "header", rule.text);
    case Type::kPayload: return write_place(json, "payload", {});
    case Type::kStatus: return write_place(json, "status", {});
    case Type::kEnum:
      json.key("enum").begin_list();
      for (std::size_t i = 0; i < rule.value_count; ++i) json.text(rule.values[i]);
      json.end_list();
      return;
  }
}

void write_type(JsonText& json, const Type& type) {
  json.begin_object().key("kind").text(name_of(type.kind));
  if (!type.name.empty()) json.key("name").text(type.name);
  if (type.kind == Kind::kList || type.kind == Kind::kMap) {
    json.key("element");
    write_type(json, *type.element());
  }
  if (type.kind == Kind::kStructure) {
    json.key("members").begin_list();
    for (const Member& member : type.members()) {
      json.begin_object().key("name").text(member.name);
      json.key("nullable").boolean(member.optional);
      for (const Rule& rule : member.rules) write_rule(json, rule);
      json.key("type");
      write_type(json, *member.type());
      json.end_object();
    }
    json.end_list();
  }
  json.end_object();
}

}  // namespace

void describe_json(std::span<const OperationInfo> operations, std::string& out) {
  JsonText json(out);
  json.begin_object().key("operations").begin_list();
  for (const OperationInfo& operation : operations) {
    json.begin_object().key("name").text(operation.name);
    json.key("method").text(operation.method).key("path").text(operation.path);
    json.key("status").number(operation.success_status);
    json.key("errors").begin_list();
    for (const std::string_view error : operation.errors) json.text(error);
    json.end_list().key("request");
    write_type(json, *operation.request);
    json.key("response");
    write_type(json, *operation.response);
    json.end_object();
  }
  json.end_list().end_object();
}

}  // namespace penstock::shape
