#pragma once

#include "base/base64.h"
#include "shape/shape.h"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::shape {

/// Appends `text` in quotes. `text` is UTF-8; only what JSON demands is escaped.
void append_json_string(std::string& out, std::string_view text);
/// Shortest text that reads back as the same number; null when it is not finite.
void append_json_double(std::string& out, double value);
void append_decimal(std::string& out, std::int64_t value);
/// Plain decimal seconds with a fraction of one to three digits: 1700000000.0, 1700000003.5.
void append_json_seconds(std::string& out, std::int64_t millis);

/// Writes compact JSON by hand; commas come by themselves.
///
///   JsonText json(out);
///   json.begin_object().key("Id").text("7").key("Sizes").begin_list().number(1).end_list();
///   json.end_object();
///
/// CborText has the same members, so one template serves both protocols.
class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(&out), start_(out.size()) {}

  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_list() { return open('['); }
  JsonText& end_list() { return close(']'); }
  JsonText& key(std::string_view name) {
    comma();
    append_json_string(*out_, name);
    out_->push_back(':');
    return *this;
  }
  JsonText& text(std::string_view value) {
    comma();
    append_json_string(*out_, value);
    return *this;
  }
  JsonText& bytes(std::string_view value) {
    comma();
    out_->push_back('"');
    base64_append(*out_, value);
    out_->push_back('"');
    return *this;
  }
  JsonText& number(std::integral auto value) {
    comma();
    append_decimal(*out_, static_cast<std::int64_t>(value));
    return *this;
  }
  JsonText& number(double value) {
    comma();
    append_json_double(*out_, value);
    return *this;
  }
  JsonText& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonText& null() { return raw("null"); }
  JsonText& timestamp(Timestamp value) {
    comma();
    append_json_seconds(*out_, value.millis);
    return *this;
  }
  /// A value that is JSON already.
  JsonText& raw(std::string_view json) {
    comma();
    out_->append(json);
    return *this;
  }

  /// Characters as they are, where no comma can be missing: pieces of JSON between values.
  JsonText& add(std::string_view json) {
    out_->append(json);
    return *this;
  }

 private:
  /// What a value or key follows decides whether a comma stands between.
  void comma() {
    if (out_->size() == start_) return;
    const char last = out_->back();
    if (last != '{' && last != '[' && last != ':') out_->push_back(',');
  }
  JsonText& open(char c) {
    comma();
    out_->push_back(c);
    return *this;
  }
  JsonText& close(char c) {
    out_->push_back(c);
    return *this;
  }
  std::string* out_;
  std::size_t start_;
};

}  // namespace penstock::shape
