#include "stream/entry.h"

#include "base/check.h"
#include "base/hex.h"
#include "shape/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace penstock::stream {
namespace {

// A shard is one text of fields between colons, since a stream may have thousands:
// number, parent, adjacent parent, first key, last key (32 hex digits), creation second, closing
// ms.
constexpr std::size_t kFields = 7;

struct StoredTransition {
  std::int64_t kind = 0;
  std::int64_t due_ms = 0;
  std::int64_t shard = 0;
  std::int64_t adjacent = 0;
  std::string split_at;
  static constexpr auto shape() {
    using Self = StoredTransition;
    return std::array{shape::member<&Self::kind>("kind"), shape::member<&Self::due_ms>("due_ms"),
                      shape::member<&Self::shard>("shard"),
                      shape::member<&Self::adjacent>("adjacent"),
                      shape::member<&Self::split_at>("split_at")};
  }
};

struct StoredStream {
  std::string account;
  std::string region;
  std::string name;
  std::string log;  ///< Decimal: JSON numbers end at 2^53 for some readers.
  std::string status;
  std::string mode;
  std::int64_t created_ms = 0;
  std::int64_t retention_hours = 24;
  std::int64_t gone_before_ms = 0;
  std::int64_t max_record_kib = 1024;
  std::map<std::string, std::string> tags;
  std::optional<shape::RawJson> options;
  std::vector<std::string> shards;
  std::int64_t next_shard = 0;
  std::int64_t shards_wanted = 0;
  std::optional<StoredTransition> transition;
  std::vector<std::string> steps;
  std::vector<std::int64_t> resizes_ms;
  std::vector<std::int64_t> mode_changes_ms;
  std::optional<std::int64_t> warm_mibps;
  static constexpr auto shape() {
    using Self = StoredStream;
    return std::array{
        shape::member<&Self::account>("account"),
        shape::member<&Self::region>("region"),
        shape::member<&Self::name>("name"),
        shape::member<&Self::log>("log"),
        shape::member<&Self::status>("status"),
        shape::member<&Self::mode>("mode"),
        shape::member<&Self::created_ms>("created_ms"),
        shape::member<&Self::retention_hours>("retention_hours"),
        shape::member<&Self::gone_before_ms>("gone_before_ms"),
        shape::member<&Self::max_record_kib>("max_record_kib"),
        shape::member<&Self::tags>("tags"),
        shape::member<&Self::options>("options"),
        shape::member<&Self::shards>("shards"),
        shape::member<&Self::next_shard>("next_shard"),
        shape::member<&Self::shards_wanted>("shards_wanted"),
        shape::member<&Self::transition>("transition"),
        shape::member<&Self::steps>("steps"),
        shape::member<&Self::resizes_ms>("resizes_ms"),
        shape::member<&Self::mode_changes_ms>("mode_changes_ms"),
        shape::member<&Self::warm_mibps>("warm_mibps"),
    };
  }
};

struct StoredShards {
  std::vector<std::string> shards;
  static constexpr auto shape() {
    return std::array{shape::member<&StoredShards::shards>("shards")};
  }
};

std::string hash_key_hex(HashKey key) {
  std::string bytes(16, '\0');
  for (std::size_t i = 16; i-- > 0; key.value >>= 8) bytes[i] = static_cast<char>(key.value & 0xFF);
  return hex_encode(bytes);
}

std::optional<HashKey> hash_key_from_hex(std::string_view text) {
  const std::optional<std::string> bytes = hex_decode(text);
  if (!bytes || bytes->size() != 16) return std::nullopt;
  HashKey key;
  for (const char byte : *bytes) key.value = key.value << 8 | static_cast<std::uint8_t>(byte);
  return key;
}

template <class T>
std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string text_of(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : std::string();
}

std::string stored_shard(const ShardEntry& shard) {
  std::string text = std::to_string(shard.number);
  const auto add = [&text](std::string_view field) { text.append(":").append(field); };
  add(text_of(shard.parent));
  add(text_of(shard.adjacent_parent));
  add(hash_key_hex(shard.range.start));
  add(hash_key_hex(shard.range.end));
  add(std::to_string(shard.created_s));
  add(shard.closed ? std::to_string(unix_millis(*shard.closed)) : std::string());
  return text;
}

std::optional<ShardEntry> restored_shard(std::string_view text) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t colon = text.find(':');
    if ((colon == text.npos) != (i + 1 == kFields)) return std::nullopt;
    fields[i] = text.substr(0, colon);
    if (colon != text.npos) text.remove_prefix(colon + 1);
  }
  const auto number = number_from<std::uint32_t>(fields[0]);
  const auto start = hash_key_from_hex(fields[3]);
  const auto end = hash_key_from_hex(fields[4]);
  const auto created = number_from<std::int64_t>(fields[5]);
  const auto closed = number_from<std::int64_t>(fields[6]);
  if (!number || !start || !end || !created) return std::nullopt;
  ShardEntry shard{.number = *number,
                   .parent = number_from<std::uint32_t>(fields[1]),
                   .adjacent_parent = number_from<std::uint32_t>(fields[2]),
                   .range = {*start, *end},
                   .created_s = *created};
  if (closed) shard.closed = service_time(*closed);
  return shard;
}

std::optional<StreamStatus> status_from(std::string_view text) {
  for (const StreamStatus status : {StreamStatus::kCreating, StreamStatus::kActive,
                                    StreamStatus::kUpdating, StreamStatus::kDeleting}) {
    if (to_text(status) == text) return status;
  }
  return std::nullopt;
}

Error corrupt(std::string_view key) {
  return {Errc::kCorrupt, "the document " + std::string(key) + " is not a stream"};
}

std::vector<std::int64_t> stored_times(const std::vector<ServiceTime>& times) {
  std::vector<std::int64_t> out;
  for (const ServiceTime at : times) out.push_back(unix_millis(at));
  return out;
}

std::vector<ServiceTime> restored_times(const std::vector<std::int64_t>& stored) {
  std::vector<ServiceTime> out;
  for (const std::int64_t at : stored) out.push_back(service_time(at));
  return out;
}

void close(StreamEntry& entry, std::uint32_t number, ServiceTime now) {
  const ShardEntry* shard = entry.find(number);
  entry.shards[static_cast<std::size_t>(shard - entry.shards.data())].closed = now;
}

/// Children sort behind their parents: a later second, also when shards are split within one.
std::int64_t child_second(const StreamEntry& entry, std::uint32_t parent, ServiceTime now) {
  return std::max(unix_seconds(now), entry.find(parent)->created_s) + 1;
}

void split_shard(StreamEntry& entry, std::uint32_t parent, HashKey at, ServiceTime now) {
  PENSTOCK_CHECK(entry.find(parent) != nullptr, "a shard that is being split exists");
  const HashKeyRange range = entry.find(parent)->range;
  const std::int64_t second = child_second(entry, parent, now);
  close(entry, parent, now);
  for (const HashKeyRange& part : {HashKeyRange{range.start, {at.value - 1}}, {at, range.end}}) {
    entry.shards.push_back(
        {.number = entry.next_shard++, .parent = parent, .range = part, .created_s = second});
  }
}

void merge_shards(StreamEntry& entry, std::uint32_t lower, std::uint32_t upper, ServiceTime now) {
  PENSTOCK_CHECK(entry.find(lower) != nullptr && entry.find(upper) != nullptr,
                 "shards that are being merged exist");
  const std::int64_t second =
      std::max(child_second(entry, lower, now), child_second(entry, upper, now));
  const HashKeyRange range{entry.find(lower)->range.start, entry.find(upper)->range.end};
  close(entry, lower, now);
  close(entry, upper, now);
  entry.shards.push_back({.number = entry.next_shard++,
                          .parent = lower,
                          .adjacent_parent = upper,
                          .range = range,
                          .created_s = second});
}

void become_active(StreamEntry& entry) {
  entry.status = StreamStatus::kActive;
  entry.transition = {};
}

}  // namespace

std::optional<SequenceNumber> ShardEntry::ending() const {
  if (!closed) return std::nullopt;
  return stamp().ending(unix_seconds(*closed));
}

ShardView ShardEntry::view() const {
  return {.number = number,
          .parent = parent,
          .adjacent_parent = adjacent_parent,
          .range = range,
          .starting = stamp().starting(),
          .ending = ending()};
}

bool StreamEntry::expired(const ShardEntry& shard, ServiceTime now) const {
  return shard.closed && *shard.closed < horizon(now);
}

std::int64_t StreamEntry::open_shards() const {
  return std::count_if(shards.begin(), shards.end(),
                       [](const ShardEntry& shard) { return !shard.closed; });
}

std::int64_t StreamEntry::open_shards_ahead() const {
  std::int64_t open = open_shards() + shards_wanted;
  if (transition.kind == Transition::Kind::kSplit) ++open;
  std::int64_t most = open;
  for (const ReshardStep& step : steps) {
    open += step.merged_with ? -1 : 1;
    most = std::max(most, open);
  }
  return most;
}

std::vector<OpenShard> StreamEntry::open_by_key() const {
  std::vector<OpenShard> open;
  for (const ShardEntry& shard : shards) {
    if (!shard.closed) open.push_back({shard.number, shard.range});
  }
  std::sort(open.begin(), open.end(),
            [](const OpenShard& a, const OpenShard& b) { return a.range.start < b.range.start; });
  return open;
}

const ShardEntry* StreamEntry::find(std::uint32_t number) const {
  const auto found = std::lower_bound(
      shards.begin(), shards.end(), number,
      [](const ShardEntry& shard, std::uint32_t wanted) { return shard.number < wanted; });
  return found != shards.end() && found->number == number ? &*found : nullptr;
}

std::string document_key(const StreamName& name) {
  return std::string(kDocumentPrefix) + name.tenant.account + "/" + name.tenant.region + "/" +
         name.name;
}

std::string encode(const StreamEntry& entry) {
  StoredStream out{.account = entry.name.tenant.account,
                   .region = entry.name.tenant.region,
                   .name = entry.name.name,
                   .log = std::to_string(entry.log.value),
                   .status = std::string(to_text(entry.status)),
                   .mode = std::string(to_text(entry.mode)),
                   .created_ms = unix_millis(entry.created),
                   .retention_hours = entry.retention_hours,
                   .gone_before_ms = unix_millis(entry.gone_before),
                   .max_record_kib = entry.max_record_kib,
                   .tags = entry.tags,
                   .next_shard = entry.next_shard,
                   .shards_wanted = entry.shards_wanted,
                   .resizes_ms = stored_times(entry.resizes),
                   .mode_changes_ms = stored_times(entry.mode_changes),
                   .warm_mibps = entry.warm_mibps};
  for (const ReshardStep& step : entry.steps) out.steps.push_back(to_text(step));
  if (std::string options = encode(entry.options); !options.empty()) {
    out.options = shape::RawJson{std::move(options)};
  }
  if (entry.shards.size() <= kShardsOfPage) {
    for (const ShardEntry& shard : entry.shards) out.shards.push_back(stored_shard(shard));
  }
  if (entry.transition.kind != Transition::Kind::kNone) {
    const Transition& going = entry.transition;
    out.transition = {static_cast<std::int64_t>(going.kind), unix_millis(going.due), going.shard,
                      going.adjacent, hash_key_hex(going.split_at)};
  }
  return shape::to_json(out);
}

std::string page_prefix(const StreamName& name) {
  return "stream-shards/" + name.tenant.account + "/" + name.tenant.region + "/" + name.name + "/";
}

std::vector<std::pair<std::string, std::string>> encode_pages(const StreamEntry& entry) {
  std::vector<std::pair<std::string, std::string>> pages;
  if (entry.shards.size() <= kShardsOfPage) return pages;
  for (std::size_t first = 0; first < entry.shards.size(); first += kShardsOfPage) {
    StoredShards page;
    const std::size_t end = std::min(first + kShardsOfPage, entry.shards.size());
    for (std::size_t i = first; i < end; ++i) page.shards.push_back(stored_shard(entry.shards[i]));
    char number[8];  // Two digits, so that keys sort as pages follow each other.
    std::snprintf(number, sizeof number, "%02zu", first / kShardsOfPage);
    pages.emplace_back(page_prefix(entry.name) + number, shape::to_json(page));
  }
  return pages;
}

Status decode_page(std::string_view key, std::string_view page, StreamEntry& entry) {
  const Result<StoredShards> parsed = shape::from_json<StoredShards>(page);
  if (!parsed.ok()) return corrupt(key);
  for (const std::string& text : parsed->shards) {
    const std::optional<ShardEntry> shard = restored_shard(text);
    if (!shard) return corrupt(key);
    entry.shards.push_back(*shard);
  }
  return ok();
}

Result<StreamEntry> decode_entry(std::string_view key, std::string_view document) {
  const Result<StoredStream> parsed = shape::from_json<StoredStream>(document);
  if (!parsed.ok()) return corrupt(key);
  const StoredStream& in = *parsed;
  const std::optional<StreamStatus> status = status_from(in.status);
  const auto log = number_from<std::uint64_t>(in.log);
  if (!status || !log) return corrupt(key);
  StreamEntry entry{
      .name = {{in.account, in.region}, in.name},
      .log = LogId{*log},
      .status = *status,
      .mode = in.mode == "ON_DEMAND" ? StreamMode::kOnDemand : StreamMode::kProvisioned,
      .created = service_time(in.created_ms),
      .retention_hours = in.retention_hours,
      .gone_before = service_time(in.gone_before_ms),
      .max_record_kib = in.max_record_kib,
      .tags = in.tags,
      .next_shard = static_cast<std::uint32_t>(in.next_shard),
      .shards_wanted = static_cast<std::uint32_t>(in.shards_wanted),
      .resizes = restored_times(in.resizes_ms),
      .mode_changes = restored_times(in.mode_changes_ms),
      .warm_mibps = in.warm_mibps};
  for (const std::string& text : in.steps) {
    const std::optional<ReshardStep> step = parse_step(text);
    if (!step) return corrupt(key);
    entry.steps.push_back(*step);
  }
  if (in.options) {
    Result<StreamOptions> options = decode_options(in.options->text);
    if (!options.ok()) return corrupt(key);
    entry.options = std::move(*options);
  }
  for (const std::string& text : in.shards) {
    const std::optional<ShardEntry> shard = restored_shard(text);
    if (!shard) return corrupt(key);
    entry.shards.push_back(*shard);
  }
  if (in.transition) {
    const auto split_at = hash_key_from_hex(in.transition->split_at);
    if (!split_at || in.transition->kind < 0 ||
        in.transition->kind > static_cast<std::int64_t>(Transition::Kind::kReshard)) {
      return corrupt(key);
    }
    entry.transition = {.kind = static_cast<Transition::Kind>(in.transition->kind),
                        .due = service_time(in.transition->due_ms),
                        .shard = static_cast<std::uint32_t>(in.transition->shard),
                        .adjacent = static_cast<std::uint32_t>(in.transition->adjacent),
                        .split_at = *split_at};
  }
  return entry;
}

void add_first_shards(StreamEntry& entry, ServiceTime now) {
  for (const HashKeyRange& range : equal_hash_key_ranges(entry.shards_wanted)) {
    entry.shards.push_back(
        {.number = entry.next_shard++, .range = range, .created_s = unix_seconds(now)});
  }
  entry.shards_wanted = 0;
  become_active(entry);
}

void finish_split(StreamEntry& entry, ServiceTime now) {
  split_shard(entry, entry.transition.shard, entry.transition.split_at, now);
  become_active(entry);
}

void finish_merge(StreamEntry& entry, ServiceTime now) {
  merge_shards(entry, entry.transition.shard, entry.transition.adjacent, now);
  become_active(entry);
}

void finish_steps(StreamEntry& entry, ServiceTime now) {
  for (const ReshardStep& step : entry.steps) {
    if (step.merged_with) {
      merge_shards(entry, step.shard, *step.merged_with, now);
    } else {
      const ShardEntry* parent = entry.find(step.shard);
      PENSTOCK_CHECK(parent != nullptr, "a shard that is being split exists");
      split_shard(entry, step.shard, middle_of(parent->range), now);
    }
  }
  entry.steps.clear();
  if (entry.transition.kind == Transition::Kind::kReshard) become_active(entry);
}

bool drop_expired_shards(StreamEntry& entry, ServiceTime now) {
  return std::erase_if(entry.shards,
                       [&](const ShardEntry& shard) { return entry.expired(shard, now); }) != 0;
}

}  // namespace penstock::stream
