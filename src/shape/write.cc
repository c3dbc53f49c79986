#include "shape/write.h"

#include "base/check.h"
#include "shape/document.h"

namespace penstock::shape {
namespace {

bool travels_outside_the_body(const Member& member) {
  for (const Rule& rule : member.rules) {
    switch (rule.type) {
      case Rule::Type::kInPath:
      case Rule::Type::kInQuery:
      case Rule::Type::kInHeader:
      case Rule::Type::kPayload:
      case Rule::Type::kStatus: return true;
      default: break;
    }
  }
  return false;
}

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

void write_raw(JsonText& writer, const RawJson& raw) { writer.raw(raw.text); }

void write_document(CborText& writer, const Document& document) {
  switch (document.kind) {
    case Document::Kind::kNull: writer.null(); return;
    case Document::Kind::kBoolean: writer.boolean(document.boolean); return;
    case Document::Kind::kNumber:
      if (std::to_string(document.integer) == document.text) {
        writer.number(document.integer);
      } else {
        writer.number(document.number);
      }
      return;
    case Document::Kind::kString: writer.text(document.text); return;
    case Document::Kind::kBytes: writer.bytes(document.text); return;
    case Document::Kind::kList:
      writer.begin_list();
      for (const Document& item : document.items) write_document(writer, item);
      writer.end_list();
      return;
    case Document::Kind::kObject:
      writer.begin_object();
      for (std::size_t i = 0; i < document.items.size(); ++i) {
        writer.key(document.names[i]);
        write_document(writer, document.items[i]);
      }
      writer.end_object();
      return;
  }
}

void write_raw(CborText& writer, const RawJson& raw) {
  const Result<Document> parsed = parse_json(raw.text);
  PENSTOCK_CHECK(parsed.ok(), "a RawJson member holds JSON");
  write_document(writer, *parsed);
}

template <class Writer>
void write_value(Writer& writer, const void* value, const Type& type, bool body_only) {
  switch (type.kind) {
    case Kind::kBoolean: writer.boolean(as<bool>(value)); return;
    case Kind::kInteger: writer.number(as<std::int32_t>(value)); return;
    case Kind::kLong: writer.number(as<std::int64_t>(value)); return;
    case Kind::kDouble: writer.number(as<double>(value)); return;
    case Kind::kString: writer.text(as<std::string>(value)); return;
    case Kind::kBlob: writer.bytes(as<Blob>(value).bytes); return;
    case Kind::kTimestamp: writer.timestamp(as<Timestamp>(value)); return;
    case Kind::kRawJson: write_raw(writer, as<RawJson>(value)); return;
    case Kind::kStructure:
      writer.begin_object();
      for (const Member& member : type.members()) {
        const void* inner = member.get(value);
        if (inner == nullptr || (body_only && travels_outside_the_body(member))) continue;
        writer.key(member.name);
        write_value(writer, inner, *member.type(), false);
      }
      writer.end_object();
      return;
    case Kind::kList:
      writer.begin_list();
      for (std::size_t i = 0; i < type.size(value); ++i) {
        write_value(writer, type.at(value, i), *type.element(), false);
      }
      writer.end_list();
      return;
    case Kind::kMap: {
      struct Context {
        Writer* writer;
        const Type* element;
      } context{&writer, type.element()};
      writer.begin_object();
      type.each(value, &context, [](void* opaque, const std::string& key, const void* inner) {
        const auto& c = *static_cast<Context*>(opaque);
        c.writer->key(key);
        write_value(*c.writer, inner, *c.element, false);
      });
      writer.end_object();
      return;
    }
  }
}

}  // namespace

void write_json(const void* value, const Type& type, std::string& out, bool body_only) {
  JsonText writer(out);
  write_value(writer, value, type, body_only);
}

void write_cbor(const void* value, const Type& type, std::string& out) {
  CborText writer(out);
  write_value(writer, value, type, false);
}

std::string write_text(const void* value, const Type& type) {
  if (type.kind == Kind::kString) return as<std::string>(value);
  std::string out;
  write_json(value, type, out);
  return out;
}

}  // namespace penstock::shape
