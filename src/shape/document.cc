#include "shape/document.h"

#include "shape/json_text.h"

namespace penstock::shape {
namespace {

void append(JsonText& json, const Document& document) {
  switch (document.kind) {
    case Document::Kind::kNull: json.null(); return;
    case Document::Kind::kBoolean: json.boolean(document.boolean); return;
    case Document::Kind::kNumber: json.raw(document.text); return;
    case Document::Kind::kString: json.text(document.text); return;
    case Document::Kind::kBytes: json.bytes(document.text); return;
    case Document::Kind::kList:
      json.begin_list();
      for (const Document& item : document.items) append(json, item);
      json.end_list();
      return;
    case Document::Kind::kObject:
      json.begin_object();
      for (std::size_t i = 0; i < document.items.size(); ++i) {
        json.key(document.names[i]);
        append(json, document.items[i]);
      }
      json.end_object();
      return;
  }
}

}  // namespace

const Document* Document::find(std::string_view name) const {
  for (std::size_t i = names.size(); i-- > 0;) {
    if (names[i] == name) return &items[i];
  }
  return nullptr;
}

std::string_view Document::string_at(std::string_view name) const {
  const Document* value = find(name);
  return value != nullptr && value->is_string() ? std::string_view(value->text)
                                                : std::string_view{};
}

void Document::append_json(std::string& out) const {
  JsonText json(out);
  append(json, *this);
}

std::string Document::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

}  // namespace penstock::shape
