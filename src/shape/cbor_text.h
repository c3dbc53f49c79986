#pragma once

#include "shape/shape.h"

#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::shape {

/// Writes CBOR as Kinesis does: maps and lists of indefinite length, shortest integers, timestamps
/// as tag 1 with integer milliseconds (RFC 8949 would have seconds; the Java SDKs want these).
/// The same members as JsonText.
class CborText {
 public:
  explicit CborText(std::string& out) : out_(&out) {}

  CborText& begin_object() { return byte(0xBF); }
  CborText& end_object() { return byte(0xFF); }
  CborText& begin_list() { return byte(0x9F); }
  CborText& end_list() { return byte(0xFF); }
  CborText& key(std::string_view name) { return text(name); }
  CborText& text(std::string_view value) {
    head(0x60, value.size());
    out_->append(value);
    return *this;
  }
  CborText& bytes(std::string_view value) {
    head(0x40, value.size());
    out_->append(value);
    return *this;
  }
  CborText& number(std::integral auto value) {
    const auto wide = static_cast<std::int64_t>(value);
    return wide < 0 ? head(0x20, ~static_cast<std::uint64_t>(wide))
                    : head(0x00, static_cast<std::uint64_t>(wide));
  }
  CborText& number(double value) {
    byte(0xFB);
    return big_endian(std::bit_cast<std::uint64_t>(value), 8);
  }
  CborText& boolean(bool value) { return byte(value ? 0xF5 : 0xF4); }
  CborText& null() { return byte(0xF6); }
  CborText& timestamp(Timestamp value) {
    byte(0xC1);
    return number(value.millis);
  }

 private:
  CborText& byte(unsigned value) {
    out_->push_back(static_cast<char>(value));
    return *this;
  }
  CborText& big_endian(std::uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
      out_->push_back(static_cast<char>(value >> shift));
    }
    return *this;
  }
  CborText& head(unsigned major, std::uint64_t value) {
    if (value < 24) return byte(major | static_cast<unsigned>(value));
    if (value <= 0xFF) return byte(major | 24), big_endian(value, 1);
    if (value <= 0xFFFF) return byte(major | 25), big_endian(value, 2);
    if (value <= 0xFFFFFFFF) return byte(major | 26), big_endian(value, 4);
    return byte(major | 27), big_endian(value, 8);
  }
  std::string* out_;
};

}  // namespace penstock::shape
