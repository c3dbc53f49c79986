#include "base/aggregated_record.h"

#include "base/check.h"
#include "base/hex.h"
#include "base/md5.h"

#include <optional>
#include <string>
#include <vector>

// The message inside an envelope, of a stranger; magic and sum are made right, or the input is
// taken as it is. It is held against a slow reading that first makes a tree of all fields and
// copies every text; and what was read is written again, and read again.

namespace penstock {
namespace {

struct Field {
  std::uint64_t number = 0;
  std::uint64_t type = 0;
  std::uint64_t value = 0;
  std::string bytes;
};
using Fields = std::vector<Field>;

/// As Protocol Buffers' own page on the encoding has it, one function a rule.
class SlowReader {
 public:
  explicit SlowReader(std::string text) : text_(std::move(text)) {}

  std::optional<Fields> message() {
    Fields fields;
    while (at_ < text_.size()) {
      const auto field = read(0);
      if (!field || field->type == 4) return std::nullopt;
      fields.push_back(*field);
    }
    return fields;
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 10; ++i) {
      if (at_ == text_.size()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(text_[at_++]);
      value += (std::uint64_t{byte} % 128) << (7 * i);
      if (byte < 128) return value;
    }
    return std::nullopt;
  }
  std::optional<std::string> some(std::uint64_t count) {
    if (text_.size() - at_ < count) return std::nullopt;
    at_ += count;
    return text_.substr(at_ - count, count);
  }
  std::optional<Field> read(int depth) {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    Field field{.number = *tag / 8, .type = *tag % 8, .value = 0, .bytes = {}};
    if (field.number == 0 || field.number >= (1u << 29)) return std::nullopt;
    if (field.type == 4) return field;
    if (field.type == 3) return group(field, depth + 1);
    std::optional<std::uint64_t> number;
    std::optional<std::string> bytes;
    if (field.type == 0 || field.type == 2) {
      number = varint();
      if (!number) return std::nullopt;
      field.value = *number;
    }
    if (field.type == 1) bytes = some(8);
    if (field.type == 2) bytes = some(field.value);
    if (field.type == 5) bytes = some(4);
    if (field.type != 0 && !bytes) return std::nullopt;
    if (bytes) field.bytes = *bytes;
    return field;
  }
  std::optional<Field> group(Field begin, int depth) {
    if (depth > 100) return std::nullopt;
    while (true) {
      const auto field = read(depth);
      if (!field) return std::nullopt;
      if (field->type != 4) continue;
      if (field->number != begin.number) return std::nullopt;
      return begin;
    }
  }

  std::string text_;
  std::size_t at_ = 0;
};

struct Slow {
  std::string partition_key;
  std::optional<std::string> explicit_hash_key;
  std::string data;
};

const Field* last(const Fields& fields, std::uint64_t number, std::uint64_t type) {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (field.number == number && field.type == type) found = &field;
  }
  return found;
}

std::vector<std::string> texts(const Fields& fields, std::uint64_t number) {
  std::vector<std::string> found;
  for (const Field& field : fields) {
    if (field.number == number && field.type == 2) found.push_back(field.bytes);
  }
  return found;
}

std::optional<std::vector<Slow>> slow_records(const std::string& message) {
  const auto fields = SlowReader(message).message();
  if (!fields) return std::nullopt;
  const auto keys = texts(*fields, 1);
  const auto hashes = texts(*fields, 2);
  std::vector<Slow> records;
  for (const std::string& text : texts(*fields, 3)) {
    const auto record = SlowReader(text).message();
    if (!record) return std::nullopt;
    for (const std::string& tag : texts(*record, 4)) {
      const auto parts = SlowReader(tag).message();
      if (!parts || last(*parts, 1, 2) == nullptr) return std::nullopt;
    }
    const Field* key = last(*record, 1, 0);
    const Field* hash = last(*record, 2, 0);
    const Field* data = last(*record, 3, 2);
    if (key == nullptr || data == nullptr || key->value >= keys.size()) return std::nullopt;
    Slow& made = records.emplace_back();
    made.partition_key = keys[key->value];
    made.data = data->bytes;
    if (hash == nullptr) continue;
    if (hash->value >= hashes.size()) return std::nullopt;
    made.explicit_hash_key = hashes[hash->value];
    std::string digits = hashes[hash->value];
    while (digits.size() > 1 && digits[0] == '0') digits.erase(0, 1);
    if (!HashKey::parse(digits)) return std::nullopt;
  }
  return records;
}

void check_against_slow(const std::vector<UserRecord>& records, const std::vector<Slow>& slow) {
  PENSTOCK_CHECK(records.size() == slow.size(), "as many records");
  for (std::size_t i = 0; i < records.size(); ++i) {
    PENSTOCK_CHECK(records[i].partition_key == slow[i].partition_key, "the same partition key");
    PENSTOCK_CHECK(records[i].data == slow[i].data, "the same data");
    PENSTOCK_CHECK(
        records[i].explicit_hash_key.has_value() == slow[i].explicit_hash_key.has_value() &&
            records[i].explicit_hash_key.value_or("") == slow[i].explicit_hash_key.value_or(""),
        "the same explicit hash key");
  }
}

void check_round_trip(const std::vector<UserRecord>& records) {
  AggregateBuilder builder;
  for (const UserRecord& record : records) {
    const std::size_t size = builder.size_with(record);
    builder.add(record);
    PENSTOCK_CHECK(builder.size() == size, "as large as was said");
  }
  const std::size_t size = builder.size();
  const std::string envelope = builder.take();
  PENSTOCK_CHECK(envelope.size() == size, "as large as was said");
  const auto again = deaggregate(envelope);
  PENSTOCK_CHECK(again == records, "what was written is read again");
}

void check_envelope(const std::string& envelope) {
  const auto records = deaggregate(envelope);
  if (!records) return;
  PENSTOCK_CHECK(records->size() <= envelope.size() / 6, "a record takes six bytes");
  if (!records->empty()) check_round_trip(*records);
}

void check_message(const std::string& message) {
  const Md5Digest digest = md5(message);
  const std::string envelope = "\xF3\x89\x9A\xC2" + message + std::string(as_chars(digest));
  const auto records = deaggregate(envelope);
  const auto slow = slow_records(message);
  PENSTOCK_CHECK(records.has_value() == (slow.has_value() && !message.empty()),
                 "both take it for an envelope, or neither");
  if (records) check_against_slow(*records, *slow);
  check_envelope(envelope);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  penstock::check_envelope(input);
  penstock::check_message(input);
  return 0;
}
