#include "api/bind.h"

#include "base/percent.h"
#include "shape/check.h"
#include "shape/document.h"
#include "shape/errors.h"
#include "shape/read.h"
#include "shape/write.h"

#include <algorithm>
#include <optional>

namespace penstock::api {
namespace {

using shape::Encoding;
using shape::Kind;
using shape::Member;
using shape::Rule;

Error malformed() { return Error{shape::ShapeErrc::kSerialization, {}}; }

bool is_rest(front::Protocol protocol) {
  return protocol == front::Protocol::kRestJson || protocol == front::Protocol::kPlain;
}

/// The rule that says where a member travels; nullptr: in the body.
const Rule* place_of(const Member& member) {
  for (const Rule& rule : member.rules) {
    switch (rule.type) {
      case Rule::Type::kInPath:
      case Rule::Type::kInQuery:
      case Rule::Type::kInHeader:
      case Rule::Type::kPayload:
      case Rule::Type::kStatus: return &rule;
      default: break;
    }
  }
  return nullptr;
}

/// `lower` is in lower case already.
bool equals_ignoring_case(std::string_view lower, std::string_view text) {
  return std::equal(lower.begin(), lower.end(), text.begin(), text.end(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

/// The value becomes present with the first text and, when it is a list, grows with the others.
class TextPlace {
 public:
  TextPlace(const Member& member, void* object) : member_(member), object_(object) {}
  Status take(std::string_view text) {
    if (place_ == nullptr || member_.type()->kind != Kind::kList) place_ = member_.set(object_);
    return shape::read_text(text, *member_.type(), place_);
  }

 private:
  const Member& member_;
  void* object_;
  void* place_ = nullptr;
};

Status decode_query(std::string_view query, const Rule& rule, TextPlace place) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), true);
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return malformed();
    if (*name == rule.text) TRY_OK(place.take(*value));
  }
  return ok();
}

Status decode_payload(const front::Request& request, const Member& member, void* object) {
  if (request.body.empty()) return ok();
  void* place = member.set(object);
  if (member.type()->kind == Kind::kBlob) {
    static_cast<shape::Blob*>(place)->bytes = request.body;
    return ok();
  }
  TRY(const shape::Document body, shape::parse_json(request.body, shape::kValuesMax));
  if (body.cut) return malformed();
  return shape::read(body, *member.type(), place, Encoding::kJson);
}

Status decode_outside(const front::Request& request, const Member& member, const Rule& rule,
                      void* object) {
  TextPlace place(member, object);
  switch (rule.type) {
    case Rule::Type::kInPath:
      for (const auto& [name, value] : request.labels) {
        if (name == rule.text) TRY_OK(place.take(value));
      }
      return ok();
    case Rule::Type::kInQuery: return decode_query(request.query, rule, place);
    case Rule::Type::kInHeader:
      for (const auto& [name, value] : request.headers) {
        if (equals_ignoring_case(name, rule.text)) return place.take(value);
      }
      return ok();
    case Rule::Type::kPayload: return decode_payload(request, member, object);
    default: return ok();
  }
}

/// The body as an object; nothing when a REST request has none, or has a payload instead.
Result<std::optional<shape::Document>> body_document(const front::Request& request,
                                                     const shape::Type& type) {
  bool in_body = false;
  for (const Member& member : type.members()) {
    const Rule* rule = place_of(member);
    in_body |= rule == nullptr;
    if (rule != nullptr && rule->type == Rule::Type::kPayload) {
      return std::optional<shape::Document>();
    }
  }
  if (is_rest(request.protocol) && (!in_body || request.body.empty())) {
    return std::optional<shape::Document>();
  }
  const bool cbor = request.protocol == front::Protocol::kCbor11;
  TRY(shape::Document body,
      cbor ? shape::parse_cbor(request.body) : shape::parse_json(request.body, shape::kValuesMax));
  if (!body.is(shape::Document::Kind::kObject)) return malformed();
  return std::optional<shape::Document>(std::move(body));
}

}  // namespace

Status decode(const front::Request& request, const shape::Type& type, void* object) {
  TRY(const std::optional<shape::Document> body, body_document(request, type));
  const Encoding encoding =
      request.protocol == front::Protocol::kCbor11 ? Encoding::kCbor : Encoding::kJson;
  for (const Member& member : type.members()) {
    if (const Rule* rule = place_of(member); rule != nullptr) {
      TRY_OK(decode_outside(request, member, *rule, object));
      continue;
    }
    const shape::Document* value = body ? body->find(member.name) : nullptr;
    if (value == nullptr || value->is(shape::Document::Kind::kNull)) continue;
    TRY_OK(shape::read(*value, *member.type(), member.set(object), encoding));
  }
  TRY_OK(shape::check(object, type));
  // What was left out is not known to be right, whatever it was.
  if (body && body->cut) return malformed();
  return ok();
}

void encode(const front::Request& request, const shape::Type& type, const void* object,
            int success_status, front::Reply& reply) {
  reply.status = success_status;
  bool in_body = false;
  for (const Member& member : type.members()) {
    const Rule* rule = place_of(member);
    if (rule == nullptr) {
      in_body = true;
      continue;
    }
    const void* value = member.get(object);
    if (value == nullptr) continue;
    if (rule->type == Rule::Type::kInHeader) {
      reply.headers.emplace_back(rule->text, shape::write_text(value, *member.type()));
    } else if (rule->type == Rule::Type::kStatus) {
      reply.status = *static_cast<const std::int32_t*>(value);
    } else if (rule->type == Rule::Type::kPayload) {
      if (member.type()->kind == Kind::kBlob) {
        reply.body = static_cast<const shape::Blob*>(value)->bytes;
      } else {
        shape::write_json(value, *member.type(), reply.body);
      }
    }
  }
  if (!in_body) return;
  if (request.protocol == front::Protocol::kCbor11) {
    shape::write_cbor(object, type, reply.body);
  } else {
    shape::write_json(object, type, reply.body, true);
  }
}

}  // namespace penstock::api
