#include "api/kinesis/put_body.h"
#include "api/kinesis/put_rules.h"

#include <cstdint>

// A cursor over CBOR (RFC 8949) that knows what a put may consist of, and gives up on the rest.

namespace penstock::api::kinesis {
namespace {

enum class Major : std::uint8_t { kBytes = 2, kText = 3, kList = 4, kMap = 5 };

/// Valid UTF-8 without overlong forms and surrogates, as the walker demands of text.
bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i < static_cast<std::size_t>(more))
      return false;
    std::uint32_t code = lead & (0x3Fu >> more);
    for (int j = 0; j < more; ++j) {
      const auto next = static_cast<std::uint8_t>(text[i++]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3Fu);
    }
    const std::uint32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  }
  return true;
}

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }

  /// The head of an item of this major type. `indefinite` instead of a count.
  bool head(Major major, std::uint64_t& count, bool& indefinite) {
    if (bytes_.empty()) return false;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    if (first >> 5 != static_cast<std::uint8_t>(major)) return false;
    bytes_.remove_prefix(1);
    const unsigned low = first & 0x1F;
    indefinite = low == 31;
    count = low;
    if (low < 24 || indefinite) return true;
    if (low > 27) return false;
    const std::size_t size = std::size_t{1} << (low - 24);
    if (bytes_.size() < size) return false;
    count = 0;
    for (const char byte : bytes_.substr(0, size))
      count = count << 8 | static_cast<std::uint8_t>(byte);
    bytes_.remove_prefix(size);
    return true;
  }

  bool string(Major major, std::string_view& out) {
    std::uint64_t size = 0;
    bool indefinite = false;
    if (!head(major, size, indefinite) || indefinite || size > bytes_.size()) return false;
    out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool text(std::string_view& out) { return string(Major::kText, out) && is_utf8(out); }

  /// Calls `item()` for each item of a list, or each key of a map.
  template <class Item>
  bool each(Major major, Item item) {
    std::uint64_t count = 0;
    bool indefinite = false;
    if (!head(major, count, indefinite)) return false;
    for (std::uint64_t i = 0; indefinite || i < count; ++i) {
      if (indefinite && take_break()) return true;
      if (!item()) return false;
    }
    return true;
  }

 private:
  bool take_break() {
    if (bytes_.empty() || static_cast<std::uint8_t>(bytes_.front()) != 0xFF) return false;
    bytes_.remove_prefix(1);
    return true;
  }
  std::string_view bytes_;
};

/// One member of an entry; `known` is false for members of other structures, which are left unread.
bool take_entry_member(std::string_view key, Cursor& at, stream::PutEntry& entry, bool& has_data,
                       bool& known) {
  known = true;
  if (key == "Data") {
    has_data = true;
    return at.string(Major::kBytes, entry.data) &&
           entry.data.size() <= static_cast<std::size_t>(kDataBytesMax);
  }
  if (key == "PartitionKey") {
    return at.text(entry.partition_key) && put_rules::is_partition_key(entry.partition_key);
  }
  if (key == "ExplicitHashKey") {
    return at.text(entry.explicit_hash_key) && is_hash_key(entry.explicit_hash_key);
  }
  known = false;
  return true;
}

bool take_stream(std::string_view key, Cursor& at, PutBody& body) {
  if (key == "StreamName") return at.text(body.stream_name) && put_rules::is_name(body.stream_name);
  if (key == "StreamARN") return at.text(body.stream_arn) && put_rules::is_arn(body.stream_arn);
  return false;
}

bool read_entry(Cursor& at, PutBody& body) {
  stream::PutEntry entry;
  bool has_data = false;
  const bool usual = at.each(Major::kMap, [&] {
    std::string_view key;
    bool known = false;
    return at.text(key) && take_entry_member(key, at, entry, has_data, known) && known;
  });
  if (!usual || !has_data) return false;
  body.entries.push_back(entry);
  return body.entries.size() <= kPutRecordsEntriesMax;
}

}  // namespace

std::optional<PutBody> read_put_records_cbor(std::string_view body) {
  PutBody out;
  Cursor at(body);
  const bool usual = at.each(Major::kMap, [&] {
    std::string_view key;
    if (!at.text(key)) return false;
    if (key != "Records") return take_stream(key, at, out);
    return out.entries.empty() && at.each(Major::kList, [&] { return read_entry(at, out); });
  });
  if (!usual || !at.at_end() || !put_rules::is_entry_count(out.entries.size())) return std::nullopt;
  return out;
}

std::optional<PutBody> read_put_record_cbor(std::string_view body) {
  PutBody out;
  Cursor at(body);
  stream::PutEntry entry;
  bool has_data = false;
  const bool usual = at.each(Major::kMap, [&] {
    std::string_view key;
    bool known = false;
    if (!at.text(key) || !take_entry_member(key, at, entry, has_data, known)) return false;
    if (known) return true;
    if (key == "SequenceNumberForOrdering") {
      return at.text(out.sequence_number_for_ordering) &&
             is_sequence_number(out.sequence_number_for_ordering);
    }
    return take_stream(key, at, out);
  });
  if (!usual || !at.at_end() || !has_data) return std::nullopt;
  out.entries.push_back(entry);
  return out;
}

}  // namespace penstock::api::kinesis
