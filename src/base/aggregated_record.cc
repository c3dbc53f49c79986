#include "base/aggregated_record.h"

#include "base/check.h"
#include "base/hex.h"
#include "base/md5.h"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock {
namespace {

using namespace std::literals;

constexpr std::string_view kMagic = "\xF3\x89\x9A\xC2"sv;
constexpr std::size_t kDigestBytes = 16;

// Protobuf's wire types.
constexpr std::uint64_t kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4,
                        kFixed32 = 5;
constexpr std::uint64_t kFieldMax = (1u << 29) - 1;
/// As deep as protobuf's own readers follow groups.
constexpr std::size_t kGroupsMax = 100;

/// Reads a protobuf message field by field. Whatever is wrong ends it, with `bad()`.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  /// The next field that has a number and a value of a known type; groups are passed over.
  bool next() {
    while (!bad_ && !rest_.empty()) {
      if (!read_tag()) return false;
      if (type_ == kGroup) {
        skip_group();
        continue;
      }
      return read_value();
    }
    return false;
  }
  bool bad() const { return bad_; }
  bool is_varint(std::uint64_t field) const { return field_ == field && type_ == kVarint; }
  bool is_bytes(std::uint64_t field) const { return field_ == field && type_ == kBytes; }
  std::uint64_t varint() const { return number_; }
  std::string_view bytes() const { return bytes_; }

 private:
  bool fail() {
    bad_ = true;
    return false;
  }
  bool read_varint(std::uint64_t& number) {
    number = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) return fail();
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      number |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return true;
    }
    return fail();
  }
  bool take(std::uint64_t count) {
    if (count > rest_.size()) return fail();
    bytes_ = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  bool read_tag() {
    std::uint64_t tag = 0;
    if (!read_varint(tag)) return false;
    field_ = tag >> 3;
    type_ = tag & 7;
    return field_ == 0 || field_ > kFieldMax ? fail() : true;
  }
  bool read_value() {
    switch (type_) {
      case kVarint: return read_varint(number_);
      case kFixed64: return take(8);
      case kFixed32: return take(4);
      case kBytes: return read_varint(number_) && take(number_);
      default: return fail();
    }
  }
  /// A group ends with the tag that has its number.
  void skip_group() {
    std::array<std::uint64_t, kGroupsMax> open{field_};
    std::size_t depth = 1;
    while (depth > 0 && read_tag()) {
      if (type_ == kGroup) {
        if (depth == kGroupsMax) fail();
        if (bad_) return;
        open[depth++] = field_;
      } else if (type_ != kGroupEnd) {
        if (!read_value()) return;
      } else if (open[--depth] != field_) {
        fail();
        return;
      }
    }
  }

  std::string_view rest_;
  std::uint64_t field_ = 0;
  std::uint64_t type_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool bad_ = false;
};

struct IndexedRecord {
  std::uint64_t partition_key = 0;
  std::optional<std::uint64_t> explicit_hash_key;
  std::string_view data;
};

bool is_tag(std::string_view message) {
  bool has_key = false;
  FieldReader fields(message);
  while (fields.next()) has_key = has_key || fields.is_bytes(1);
  return !fields.bad() && has_key;
}

std::optional<IndexedRecord> read_record(std::string_view message) {
  IndexedRecord record;
  bool has_key = false;
  bool has_data = false;
  FieldReader fields(message);
  while (fields.next()) {
    if (fields.is_varint(1)) {
      record.partition_key = fields.varint();
      has_key = true;
    } else if (fields.is_varint(2)) {
      record.explicit_hash_key = fields.varint();
    } else if (fields.is_bytes(3)) {
      record.data = fields.bytes();
      has_data = true;
    } else if (fields.is_bytes(4) && !is_tag(fields.bytes())) {
      return std::nullopt;
    }
  }
  if (fields.bad() || !has_key || !has_data) return std::nullopt;
  return record;
}

std::size_t varint_size(std::uint64_t number) {
  std::size_t size = 1;
  for (; number >= 0x80; number >>= 7) ++size;
  return size;
}

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

void append_tag(std::string& out, std::uint64_t field, std::uint64_t type) {
  append_varint(out, field << 3 | type);
}

std::size_t bytes_field_size(std::size_t size) { return 1 + varint_size(size) + size; }

void append_bytes_field(std::string& out, std::uint64_t field, std::string_view bytes) {
  append_tag(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

}  // namespace

std::optional<HashKey> UserRecord::hash_key() const {
  if (!explicit_hash_key) return HashKey::of_partition_key(partition_key);
  std::string_view digits = *explicit_hash_key;
  // The client library reads the digits as a number, whatever stands in front of them.
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return HashKey::parse(digits);
}

std::optional<std::vector<UserRecord>> deaggregate(std::string_view data) {
  if (data.size() <= kMagic.size() + kDigestBytes || !data.starts_with(kMagic)) return std::nullopt;
  data.remove_prefix(kMagic.size());
  const std::string_view message = data.substr(0, data.size() - kDigestBytes);
  const Md5Digest digest = md5(message);
  if (as_chars(digest) != data.substr(message.size())) return std::nullopt;

  std::vector<std::string_view> partition_keys;
  std::vector<std::string_view> explicit_hash_keys;
  std::vector<IndexedRecord> indexed;
  FieldReader fields(message);
  while (fields.next()) {
    if (fields.is_bytes(1)) {
      partition_keys.push_back(fields.bytes());
    } else if (fields.is_bytes(2)) {
      explicit_hash_keys.push_back(fields.bytes());
    } else if (fields.is_bytes(3)) {
      const auto record = read_record(fields.bytes());
      if (!record) return std::nullopt;
      indexed.push_back(*record);
    }
  }
  if (fields.bad()) return std::nullopt;

  std::vector<UserRecord> records;
  records.reserve(indexed.size());
  for (const IndexedRecord& record : indexed) {
    if (record.partition_key >= partition_keys.size()) return std::nullopt;
    UserRecord& made = records.emplace_back();
    made.partition_key = partition_keys[record.partition_key];
    made.data = record.data;
    if (!record.explicit_hash_key) continue;
    if (*record.explicit_hash_key >= explicit_hash_keys.size()) return std::nullopt;
    made.explicit_hash_key = explicit_hash_keys[*record.explicit_hash_key];
    if (!made.hash_key()) return std::nullopt;
  }
  return records;
}

bool belong_to(const std::vector<UserRecord>& records, const HashKeyRange& shard) {
  return std::all_of(records.begin(), records.end(), [&](const UserRecord& record) {
    const auto key = record.hash_key();
    return key && shard.contains(*key);
  });
}

std::size_t AggregateBuilder::Table::index_of(std::string_view key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? places_.size() : found->second;
}

std::size_t AggregateBuilder::Table::cost_of(std::string_view key) const {
  return places_.contains(key) ? 0 : bytes_field_size(key.size());
}

std::size_t AggregateBuilder::Table::add(std::string_view key) {
  const std::size_t index = index_of(key);
  if (index == places_.size()) {
    places_.emplace(key, index);
    append_bytes_field(bytes_, field_, key);
  }
  return index;
}

/// Of the Record message without its own tag and length.
std::size_t AggregateBuilder::record_size(const UserRecord& record) const {
  std::size_t size = 1 + varint_size(partition_keys_.index_of(record.partition_key)) +
                     bytes_field_size(record.data.size());
  if (record.explicit_hash_key) {
    size += 1 + varint_size(explicit_hash_keys_.index_of(*record.explicit_hash_key));
  }
  return size;
}

std::size_t AggregateBuilder::size() const {
  return kMagic.size() + partition_keys_.bytes().size() + explicit_hash_keys_.bytes().size() +
         records_.size() + kDigestBytes;
}

std::size_t AggregateBuilder::size_with(const UserRecord& record) const {
  return size() + partition_keys_.cost_of(record.partition_key) +
         (record.explicit_hash_key ? explicit_hash_keys_.cost_of(*record.explicit_hash_key) : 0) +
         bytes_field_size(record_size(record));
}

void AggregateBuilder::add(const UserRecord& record) {
  append_tag(records_, 3, kBytes);
  append_varint(records_, record_size(record));
  append_tag(records_, 1, kVarint);
  append_varint(records_, partition_keys_.add(record.partition_key));
  if (record.explicit_hash_key) {
    append_tag(records_, 2, kVarint);
    append_varint(records_, explicit_hash_keys_.add(*record.explicit_hash_key));
  }
  append_bytes_field(records_, 3, record.data);
  ++count_;
}

std::string AggregateBuilder::take() {
  PENSTOCK_CHECK(count_ > 0, "an envelope has records");
  std::string envelope;
  envelope.reserve(size());
  envelope += kMagic;
  envelope += partition_keys_.bytes();
  envelope += explicit_hash_keys_.bytes();
  envelope += records_;
  const Md5Digest digest = md5(std::string_view(envelope).substr(kMagic.size()));
  envelope += as_chars(digest);
  *this = AggregateBuilder();
  return envelope;
}

}  // namespace penstock
