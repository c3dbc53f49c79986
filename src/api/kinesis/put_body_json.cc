#include "api/kinesis/put_body.h"
#include "api/kinesis/put_rules.h"
#include "base/base64.h"
#include "shape/document.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

// simdjson's on-demand parser with raw tokens: strings stay where they are in the body, and a blob
// is decoded from there straight into the arena.

namespace penstock::api::kinesis {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kSlackBytes = 16;  // Of one blob; base64_decode_capacity.

/// A string where it stands, up to the first quote, escaped or not.
std::string_view up_to_quote(ondemand::raw_json_string raw) {
  const char* begin = raw.raw();
  // The parser has seen the closing quote, so the search ends inside the body.
  const char* end = static_cast<const char*>(std::memchr(begin, '"', SIZE_MAX / 2));
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// A string without escapes, where it stands.
bool unescaped(ondemand::raw_json_string raw, std::string_view& out) {
  out = up_to_quote(raw);
  return std::memchr(out.data(), '\\', out.size()) == nullptr;
}

/// The same of a value, which is consumed.
bool raw_string(ondemand::value value, std::string_view& out) {
  ondemand::raw_json_string raw;
  return value.get_raw_json_string().get(raw) == simdjson::SUCCESS && unescaped(raw, out);
}

/// The same of a blob: an escape in it is no base64, so that nobody has to look for it.
bool raw_blob(ondemand::value value, std::string_view& out) {
  ondemand::raw_json_string raw;
  if (value.get_raw_json_string().get(raw) != simdjson::SUCCESS) return false;
  out = up_to_quote(raw);
  return true;
}

bool key_of(simdjson::simdjson_result<ondemand::field>& field, std::string_view& key) {
  ondemand::raw_json_string raw;
  return field.key().get(raw) == simdjson::SUCCESS && unescaped(raw, key);
}

bool value_of(simdjson::simdjson_result<ondemand::field>& field, ondemand::value& value) {
  return field.value().get(value) == simdjson::SUCCESS;
}

/// Decodes blobs one behind the other.
class Blobs {
 public:
  explicit Blobs(char* arena) : next_(arena) {}
  bool decode(std::string_view text, std::string_view& out) {
    const Base64Decoded decoded = base64_decode_to(text, next_);
    if (decoded.status != Base64Status::kOk) return false;
    out = {next_, decoded.size};
    next_ += decoded.size;
    return true;
  }

 private:
  char* next_;
};

/// Members of one entry, each at most once.
struct EntryReader {
  stream::PutEntry entry;
  bool has_data = false;

  /// False: something is unusual. `known`: the member is an entry's.
  bool take(std::string_view key, ondemand::value value, Blobs& blobs, bool& known) {
    known = true;
    std::string_view text;
    if (key == "Data") {
      if (has_data || !raw_blob(value, text)) return false;
      has_data = true;
      return blobs.decode(text, entry.data) &&
             entry.data.size() <= static_cast<std::size_t>(kDataBytesMax);
    }
    if (key == "PartitionKey") {
      return raw_string(value, entry.partition_key) &&
             put_rules::is_partition_key(entry.partition_key);
    }
    if (key == "ExplicitHashKey") {
      return raw_string(value, entry.explicit_hash_key) && is_hash_key(entry.explicit_hash_key);
    }
    known = false;
    return true;
  }
  /// A key may be absent: that is for the stream to say.
  bool complete() const { return has_data; }
};

bool take_stream(std::string_view key, ondemand::value value, PutBody& body) {
  if (key == "StreamName") {
    return raw_string(value, body.stream_name) && put_rules::is_name(body.stream_name);
  }
  if (key == "StreamARN") {
    return raw_string(value, body.stream_arn) && put_rules::is_arn(body.stream_arn);
  }
  return false;
}

/// At most so many entries fit into a body of this size, within what a call may have.
std::size_t entries_max(std::size_t body_bytes) {
  constexpr std::string_view kShortest = R"({"Data":""})";
  return std::min<std::size_t>(body_bytes / kShortest.size() + 1, kPutRecordsEntriesMax);
}

bool read_entries(ondemand::value value, Blobs& blobs, PutBody& body, std::size_t body_bytes) {
  ondemand::array list;
  if (!body.entries.empty() || value.get_array().get(list) != simdjson::SUCCESS) return false;
  body.entries.reserve(entries_max(body_bytes));
  for (auto element : list) {
    if (body.entries.size() == kPutRecordsEntriesMax) return false;
    ondemand::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return false;
    EntryReader reader;
    for (auto field : object) {
      std::string_view key;
      ondemand::value member;
      bool known = false;
      if (!key_of(field, key) || !value_of(field, member)) return false;
      if (!reader.take(key, member, blobs, known) || !known) return false;
    }
    if (!reader.complete()) return false;
    body.entries.push_back(reader.entry);
  }
  return put_rules::is_entry_count(body.entries.size());
}

/// Each loop's parser keeps its buffers.
ondemand::parser& parser() {
  thread_local ondemand::parser instance;
  return instance;
}

/// Calls `take(key, value)` for each member of the body, an object and nothing behind it.
template <class Take>
bool read_object(std::string_view body, Take take) {
  // The parser keeps four bytes for each token; a large body with many is none of the usual ones.
  constexpr std::size_t kLarge = 1u << 20;
  constexpr std::size_t kTokensMax = 40 * kPutRecordsEntriesMax;
  if (body.size() > kLarge && shape::has_more_json_tokens(body, kTokensMax)) return false;
  ondemand::document document;
  const simdjson::padded_string_view padded(body.data(), body.size(),
                                            body.size() + simdjson::SIMDJSON_PADDING);
  if (parser().iterate(padded).get(document) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (!key_of(field, key) || !value_of(field, value) || !take(key, value)) return false;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace

std::size_t put_arena_bytes(std::size_t body_bytes) {
  // Each blob is smaller than its text; only the last one's wide stores reach behind it.
  return body_bytes + kSlackBytes;
}

std::optional<PutBody> read_put_records_json(std::string_view body, char* arena) {
  PutBody out;
  Blobs blobs(arena);
  const bool usual = read_object(body, [&](std::string_view key, ondemand::value value) {
    return key == "Records" ? read_entries(value, blobs, out, body.size())
                            : take_stream(key, value, out);
  });
  if (!usual || out.entries.empty()) return std::nullopt;
  return out;
}

std::optional<PutBody> read_put_record_json(std::string_view body, char* arena) {
  PutBody out;
  Blobs blobs(arena);
  EntryReader reader;
  const bool usual = read_object(body, [&](std::string_view key, ondemand::value value) {
    bool known = false;
    if (!reader.take(key, value, blobs, known)) return false;
    if (known) return true;
    if (key == "SequenceNumberForOrdering") {
      return raw_string(value, out.sequence_number_for_ordering) &&
             is_sequence_number(out.sequence_number_for_ordering);
    }
    return take_stream(key, value, out);
  });
  if (!usual || !reader.complete()) return std::nullopt;
  out.entries.push_back(reader.entry);
  return out;
}

}  // namespace penstock::api::kinesis
