#include "stream/put_path.h"

#include "base/log.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "env/clocks.h"
#include "stream/errors.h"
#include "stream/texts.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>

namespace penstock::stream {
namespace {

std::int64_t size_of(const PutEntry& entry) {
  return static_cast<std::int64_t>(entry.partition_key.size() + entry.data.size());
}

/// "1 validation error detected: " and up to ten of what `violation(i)` says of entries.
template <class Violation>
Status no_violation(std::size_t entries, Violation violation) {
  constexpr std::size_t kListed = 10;
  std::size_t violations = 0;
  std::string text;
  for (std::size_t i = 0; i < entries && violations < kListed; ++i) {
    const std::string one = violation(i);
    if (one.empty()) continue;
    if (++violations > 1) text += "; ";
    text += one;
  }
  if (violations == 0) return ok();
  return Error{StreamErrc::kValidation, std::to_string(violations) + " validation error" +
                                            (violations == 1 ? "" : "s") + " detected: " + text};
}

std::string member_path(std::size_t entry, bool single, std::string_view member) {
  return (single ? "" : "records." + std::to_string(entry + 1) + ".member.") + std::string(member);
}

/// Whether each entry has the key that chooses its shard. The table of the operation cannot ask for
/// it, since some streams need none.
Status check_keys(std::span<const PutEntry> entries, bool single) {
  return no_violation(entries.size(), [&](std::size_t i) -> std::string {
    if (!entries[i].partition_key.empty()) return {};
    return "Value null at '" + member_path(i, single, "partitionKey") +
           "' failed to satisfy constraint: Member must not be null";
  });
}

/// The stream's own bound, in the wording of the bounds that every stream has.
Status check_sizes(std::span<const PutEntry> entries, std::int64_t bytes_max, bool single) {
  return no_violation(entries.size(), [&](std::size_t i) -> std::string {
    if (size_of(entries[i]) <= bytes_max) return {};
    return "Value at '" + member_path(i, single, "data") +
           "' failed to satisfy constraint: Member must have length less than or equal to " +
           std::to_string(bytes_max) + ".";
  });
}

Result<HashKey> hash_key_of(const PutEntry& entry) {
  if (entry.explicit_hash_key.empty()) return HashKey::of_partition_key(entry.partition_key);
  const std::optional<HashKey> key = HashKey::parse(entry.explicit_hash_key);
  if (key) return *key;
  return Error{StreamErrc::kInvalidArgument,
               "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
               "Specified value was " +
                   std::string(entry.explicit_hash_key)};
}

/// The first eight entries' keys; false when one of them names its hash key itself.
bool eight_partition_keys(std::span<const PutEntry> entries,
                          std::array<std::string_view, 8>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!entries[i].explicit_hash_key.empty()) return false;
    keys[i] = entries[i].partition_key;
  }
  return true;
}

Status add_hash_keys(std::span<const PutEntry> entries, std::vector<HashKey>& keys) {
  keys.reserve(entries.size());
  std::array<std::string_view, 8> eight;
  while (!entries.empty()) {
    if (entries.size() >= eight.size() && eight_partition_keys(entries, eight)) {
      const auto hashed = HashKey::of_partition_keys(eight);
      keys.insert(keys.end(), hashed.begin(), hashed.end());
      entries = entries.subspan(eight.size());
      continue;
    }
    TRY(const HashKey key, hash_key_of(entries.front()));
    keys.push_back(key);
    entries = entries.subspan(1);
  }
  return ok();
}

/// Keys that go around the open shards, for a stream that places records itself.
void add_placed_keys(const LiveStream& stream, std::size_t entries, std::vector<HashKey>& keys) {
  const auto count = static_cast<std::uint32_t>(entries);
  const std::uint32_t first = stream.placed->fetch_add(count, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < count; ++i) {
    keys.push_back(stream.routes[(first + i) % stream.routes.size()].end);
  }
}

/// Whether no number of the stream can name that second yet. Children of a reshard are created a
/// little ahead of the clock, and so are their first numbers.
bool lies_ahead(std::int64_t second, const LiveStream& stream, ServiceTime now) {
  return second > unix_seconds(now) &&
         std::none_of(stream.shards.begin(), stream.shards.end(),
                      [second](const auto& shard) { return shard.entry.created_s >= second; });
}

// An order of entries: the shard's index in the high half, the entry's in the low one.
std::uint64_t place_of(std::uint32_t shard, std::uint32_t entry) {
  return std::uint64_t{shard} << 32 | entry;
}
std::uint32_t shard_of(std::uint64_t place) { return static_cast<std::uint32_t>(place >> 32); }
std::uint32_t entry_of(std::uint64_t place) { return static_cast<std::uint32_t>(place); }

}  // namespace

/// The lists of one call, empty but with the room of earlier ones: a put in a warm server asks for
/// no memory here, however many entries it has.
struct PutPath::Lists {
  std::vector<HashKey> keys;  ///< One for each entry.
  std::vector<PutOutcome> outcomes;

  // Of one round.
  std::vector<std::uint32_t> open;    ///< Entries to be stored.
  std::vector<std::uint32_t> shards;  ///< Of each of them.
  std::vector<std::uint32_t> ends;    ///< Of each shard's entries in `order`.
  std::vector<std::uint64_t> order;   ///< The same by shard.
  std::vector<engine::NewRecord> records;
  std::vector<std::uint32_t> record_entries;  ///< The entry of each record.
  std::vector<engine::Append> appends;
  std::vector<const LiveStream::Shard*> append_shards;
  std::vector<std::uint32_t> returned;  ///< Entries whose shard was closed meanwhile.

  std::vector<ShardPutReport> reports;

  void clear() {
    keys.clear();
    outcomes.clear();
    open.clear();
    shards.clear();
    ends.clear();
    order.clear();
    records.clear();
    record_entries.clear();
    appends.clear();
    append_shards.clear();
    returned.clear();
    reports.clear();
  }
};

/// Lists for as long as a call runs, from a few that each loop's thread keeps.
class PutPath::ListsLease {
 public:
  ListsLease() {
    if (kept().empty()) {
      lists_ = std::make_unique<Lists>();
    } else {
      lists_ = std::move(kept().back());
      kept().pop_back();
    }
  }
  ~ListsLease() {
    // While puts wait for the disk there are as many as connections. One that has held 500 entries
    // has 40 KiB, and few are so large.
    constexpr std::size_t kFewEntries = 32;
    const std::size_t kept_max = lists_->keys.capacity() > kFewEntries ? 16 : 256;
    if (kept().size() >= kept_max) return;
    lists_->clear();
    kept().push_back(std::move(lists_));
  }
  ListsLease(const ListsLease&) = delete;
  ListsLease& operator=(const ListsLease&) = delete;
  Lists& operator*() const { return *lists_; }

 private:
  static std::vector<std::unique_ptr<Lists>>& kept() {
    thread_local std::vector<std::unique_ptr<Lists>> lists;
    return lists;
  }
  std::unique_ptr<Lists> lists_;
};

/// One call on its way.
struct PutPath::Call {
  const Caller& caller;
  std::span<const PutEntry> entries;
  LiveStreamPtr stream;
  Lists& lists;
  bool is_encrypted = false;  ///< Whether records of it count as encrypted.
};

Result<LiveStreamPtr> PutPath::check(const Caller& caller, const StreamTarget& target,
                                     std::span<const PutEntry> entries, bool single,
                                     std::vector<HashKey>& keys) const {
  TRY(const StreamName name, resolve_target(caller, target));
  LiveStreamPtr stream = directory_.find(name);
  if (stream == nullptr || !stream->takes_records()) return stream_not_found(name);
  const bool places = stream->entry.options.distribution == Distribution::kAuto;
  const std::int64_t bytes_max = stream->entry.max_record_kib * 1024;
  // One look at all of them; the words for what is wrong are found when something is.
  std::int64_t total = 0;
  bool is_unusual = false;
  for (const PutEntry& entry : entries) {
    const std::int64_t bytes = size_of(entry);
    total += bytes;
    is_unusual |= entry.partition_key.empty() || bytes > bytes_max;
  }
  if (is_unusual) {
    if (!places) TRY_OK(check_keys(entries, single));
    TRY_OK(check_sizes(entries, bytes_max, single));
  }
  if (places) {
    add_placed_keys(*stream, entries.size(), keys);
  } else {
    TRY_OK(add_hash_keys(entries, keys));
  }
  if (!single && std::cmp_greater(total, settings_.put_request_bytes_max)) {
    return Error{StreamErrc::kInvalidArgument,
                 "Records size exceeds " + std::to_string(settings_.put_request_bytes_max >> 20) +
                     " MB limit"};
  }
  return stream;
}

Task<Result<PutRecordsReply>> PutPath::put_records(Caller caller, PutRecords request) {
  const ListsLease lease;
  Lists& lists = *lease;
  Result<LiveStreamPtr> checked = check(caller, request.stream, request.entries, false, lists.keys);
  if (checked.ok() && request.dry_run) checked = dry_run_passed();
  if (!checked.ok()) {
    put_refused(caller, request.stream, request.entries.size());
    co_return std::move(checked).error();
  }
  Call call{.caller = caller,
            .entries = request.entries,
            .stream = std::move(checked).value(),
            .lists = lists};
  co_await store(call);
  PutRecordsReply reply{.stream = call.stream->entry.name, .is_encrypted = call.is_encrypted};
  for (const PutOutcome& outcome : lists.outcomes) {
    if (outcome.fate != PutFate::kStored) ++reply.not_stored;
  }
  reply.outcomes = std::move(lists.outcomes);
  co_return reply;
}

Task<Result<PutRecordReply>> PutPath::put_record(Caller caller, PutRecord request) {
  const std::span<const PutEntry> entries{&request.entry, 1};
  const ListsLease lease;
  Lists& lists = *lease;
  Result<LiveStreamPtr> checked = check(caller, request.stream, entries, true, lists.keys);
  if (checked.ok() && !request.sequence_number_for_ordering.empty()) {
    const Status ordered = check_ordering(request.sequence_number_for_ordering, **checked);
    if (!ordered.ok()) checked = ordered.error();
  }
  if (checked.ok() && request.dry_run) checked = dry_run_passed();
  if (!checked.ok()) {
    put_refused(caller, request.stream, 1);
    co_return std::move(checked).error();
  }
  Call call{
      .caller = caller, .entries = entries, .stream = std::move(checked).value(), .lists = lists};
  co_await store(call);
  const PutOutcome& outcome = lists.outcomes.front();
  switch (outcome.fate) {
    case PutFate::kStored: break;
    case PutFate::kThrottled:
      co_return Error{StreamErrc::kThroughputExceeded,
                      rate_exceeded_text(outcome.shard, call.stream->entry.name)};
    case PutFate::kFailed:
      co_return Error{StreamErrc::kInternalFailure,
                      "the record may not have been stored; send it again"};
  }
  co_return PutRecordReply{outcome.shard, outcome.number, call.is_encrypted};
}

Status PutPath::check_ordering(std::string_view number, const LiveStream& stream) const {
  const StreamName& name = stream.entry.name;
  if (stream.entry.options.distribution == Distribution::kAuto) {
    return Error{StreamErrc::kInvalidArgument,
                 "SequenceNumberForOrdering cannot be used with stream " + name.name +
                     " under account " + name.tenant.account +
                     ", whose RecordDistributionStrategy is AUTO."};
  }
  const auto minimum = decode_number(number);
  if (minimum && !lies_ahead(minimum->time_s, stream, parts_.clocks.service_now())) return ok();
  return Error{StreamErrc::kInvalidArgument,
               "ExclusiveMinimumSequenceNumber " + std::string(number) +
                   " used in PutRecord on stream " + name.name + " under account " +
                   name.tenant.account + " is invalid."};
}

Task<> PutPath::store(Call& call) {
  constexpr int kRounds = 8;  // Each but the first follows a reshard that overtook the one before.
  Lists& lists = call.lists;
  lists.outcomes.resize(call.entries.size());
  lists.open.resize(call.entries.size());
  std::iota(lists.open.begin(), lists.open.end(), 0u);
  for (int round = 0; round < kRounds; ++round) {
    order_by_shard(call);
    admit(call);
    co_await parts_.engine.log().append(lists.appends);
    settle(call);
    std::swap(lists.open, lists.returned);
    if (lists.open.empty()) break;
    std::sort(lists.open.begin(), lists.open.end());  // They came back shard by shard.
    co_await directory_.changed_since(call.stream);
    LiveStreamPtr now = directory_.find(call.stream->entry.log);
    if (now == nullptr || !now->takes_records()) break;
    call.stream = std::move(now);
  }
  report(call);
}

void PutPath::order_by_shard(Call& call) {
  Lists& lists = call.lists;
  const std::size_t count = lists.open.size();
  const std::size_t shard_count = call.stream->shards.size();
  lists.order.resize(count);
  if (count == 1) {
    lists.order[0] = place_of(call.stream->route(lists.keys[lists.open[0]]), lists.open[0]);
    return;
  }
  // Counted rather than sorted: that cost as much as reading the body. With far more shards than
  // entries the counters would.
  constexpr std::size_t kShardsPerEntry = 16;
  if (shard_count > kShardsPerEntry * count) {
    for (std::size_t i = 0; i < count; ++i) {
      lists.order[i] = place_of(call.stream->route(lists.keys[lists.open[i]]), lists.open[i]);
    }
    std::sort(lists.order.begin(), lists.order.end());
    return;
  }
  lists.shards.resize(count);
  lists.ends.assign(shard_count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    lists.shards[i] = call.stream->route(lists.keys[lists.open[i]]);
    ++lists.ends[lists.shards[i]];
  }
  std::partial_sum(lists.ends.begin(), lists.ends.end(), lists.ends.begin());
  for (std::size_t i = count; i-- > 0;) {
    lists.order[--lists.ends[lists.shards[i]]] = place_of(lists.shards[i], lists.open[i]);
  }
}

/// What became of each entry that was appended; those of a closed shard are returned.
void PutPath::settle(Call& call) {
  Lists& lists = call.lists;
  lists.returned.clear();
  std::size_t record = 0;
  for (std::size_t i = 0; i < lists.appends.size(); ++i) {
    const engine::Append& append = lists.appends[i];
    const LiveStream::Shard& shard = *lists.append_shards[i];
    const bool sealed =
        !append.outcome.ok() && append.outcome.error().code == engine::EngineErrc::kSealed;
    if (!sealed) note(call, shard, append);
    if (append.outcome.ok()) {
      call.is_encrypted |= call.stream->entry.options.encryption.holds_at(append.outcome->arrival);
    }
    std::uint64_t bytes = 0;
    for (std::size_t j = 0; j < append.records.size(); ++j, ++record) {
      const std::uint32_t entry = lists.record_entries[record];
      PutOutcome& outcome = lists.outcomes[entry];
      outcome.shard = shard.entry.number;
      if (append.outcome.ok()) {
        const engine::Appended& appended = *append.outcome;
        outcome.fate = PutFate::kStored;
        bytes += append.records[j].key.size() + append.records[j].data.size();
        outcome.number = shard.entry.stamp().number({appended.first.index + j}, appended.arrival);
      } else {
        outcome.fate = PutFate::kFailed;
        if (sealed) lists.returned.push_back(entry);
      }
    }
    if (append.outcome.ok()) shard.lane->traffic.took(append.records.size(), bytes);
  }
}

void PutPath::note(const Call& call, const LiveStream::Shard& shard,
                   const engine::Append& append) const {
  ShardLane& lane = *shard.lane;
  if (append.outcome.ok() && !lane.puts_fail.load(std::memory_order_relaxed)) return;
  const ServiceTime now = parts_.clocks.service_now();
  bool is_news = false;
  {
    const std::lock_guard lock(lane.mutex);
    is_news = append.outcome.ok() ? lane.put_trouble.stored(now)
                                  : lane.put_trouble.failed(append.outcome.error().message, now);
    lane.puts_fail.store(lane.put_trouble.lasts(), std::memory_order_relaxed);
  }
  if (!is_news) return;
  const std::string& stream = call.stream->entry.name.name;
  if (append.outcome.ok()) {
    log::info("records are stored again", {{"stream", stream}, {"shard", shard.entry.number}});
    return;
  }
  log::warn("records are not stored", {{"stream", stream},
                                       {"shard", shard.entry.number},
                                       {"records", append.records.size()},
                                       {"error", append.outcome.error().code.name()},
                                       {"message", append.outcome.error().message}});
}

/// Of many shards none is in the cache, nor its lane: waiting for one at a time is what they cost.
void PutPath::prefetch_ahead(const Call& call, std::size_t now) {
  constexpr std::size_t kShard = 16;
  constexpr std::size_t kLane = 8;
  const std::vector<std::uint64_t>& order = call.lists.order;
  if (now + kShard >= order.size()) return;
  const auto& shards = call.stream->shards;
  __builtin_prefetch(&shards[shard_of(order[now + kShard])]);
  __builtin_prefetch(shards[shard_of(order[now + kLane])].lane.get(), 1);
}

/// Charges each shard's limits entry by entry and prepares its append.
void PutPath::admit(Call& call) {
  Lists& lists = call.lists;
  const std::vector<std::uint64_t>& order = lists.order;
  const ShardLimits& limits = call.stream->limits;
  const bool limited = limits.limit_writes();
  const ServiceTime now = parts_.clocks.service_now();
  call.is_encrypted = call.stream->entry.options.encryption.holds_at(now);
  lists.records.clear();
  lists.record_entries.clear();
  lists.appends.clear();
  lists.append_shards.clear();
  lists.records.reserve(order.size());  // Spans into it are handed out below.
  lists.record_entries.reserve(order.size());
  for (std::size_t i = 0; i < order.size();) {
    const LiveStream::Shard& shard = call.stream->shards[shard_of(order[i])];
    prefetch_ahead(call, i);
    const std::size_t first = lists.records.size();
    bool give_hint = false;
    std::uint64_t refused = 0;
    {
      std::unique_lock lock(shard.lane->mutex, std::defer_lock);
      if (limited) {
        lock.lock();
        shard.lane->write.refill(now);
      }
      for (; i < order.size() && &call.stream->shards[shard_of(order[i])] == &shard; ++i) {
        const std::uint32_t at = entry_of(order[i]);
        const PutEntry& entry = call.entries[at];
        if (limited && !shard.lane->write.admit(size_of(entry))) {
          lists.outcomes[at] = {.fate = PutFate::kThrottled, .shard = shard.entry.number};
          give_hint |= !std::exchange(shard.lane->hint_given, true);
          ++refused;
          continue;
        }
        lists.records.push_back({entry.partition_key, entry.data});
        lists.record_entries.push_back(at);
      }
    }
    if (refused > 0) shard.lane->traffic.refuse(refused);
    if (give_hint) {
      log::info(
          "a shard reached its write limits; the entries beyond them were refused, as on AWS, and "
          "their producer has to send them again (--limits off: none)",
          {{"stream", call.stream->entry.name.name},
           {"shard", shard.entry.number},
           {"records_a_second", limits.write_records},
           {"bytes_a_second", limits.write_bytes}});
    }
    if (lists.records.size() == first) continue;
    lists.append_shards.push_back(&shard);
    lists.appends.push_back({.shard = call.stream->ref(shard),
                             .fence = shard.fence,
                             .records = std::span(lists.records).subspan(first),
                             .arrival = now});
  }
}

/// The outcomes in the order of their shards, in `lists.order`. Only a call that a reshard overtook
/// has to be put into it again.
void PutPath::order_by_outcome(Lists& lists) {
  const std::size_t count = lists.outcomes.size();
  if (lists.order.size() == count) return;
  lists.order.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    lists.order[i] = place_of(lists.outcomes[i].shard, static_cast<std::uint32_t>(i));
  }
  std::sort(lists.order.begin(), lists.order.end());
}

void PutPath::report(const Call& call) const {
  if (parts_.put_observer == nullptr) return;
  const bool fingerprint_stored = parts_.put_observer->wants_stored_fingerprints();
  order_by_outcome(call.lists);
  std::vector<ShardPutReport>& shards = call.lists.reports;
  std::vector<EntryReport> fingerprints;
  for (const std::uint64_t place : call.lists.order) {
    const PutOutcome& outcome = call.lists.outcomes[entry_of(place)];
    const PutEntry& entry = call.entries[entry_of(place)];
    if (shards.empty() || shards.back().shard != outcome.shard) {
      shards.push_back({.shard = outcome.shard});
    }
    ShardPutReport& row = shards.back();
    if (outcome.fate == PutFate::kStored) {
      ++row.stored;
      row.stored_bytes += static_cast<std::uint64_t>(size_of(entry));
    } else {
      ++(outcome.fate == PutFate::kThrottled ? row.throttled : row.failed);
    }
    if (outcome.fate != PutFate::kStored || fingerprint_stored) {
      fingerprints.push_back(
          {outcome.shard, outcome.fate, fingerprint(entry.partition_key, entry.data)});
    }
  }
  parts_.put_observer->put({.caller = call.caller,
                            .tenant = call.stream->entry.name.tenant,
                            .stream = call.stream->entry.name.name,
                            .log = call.stream->entry.log,
                            .at = parts_.clocks.service_now(),
                            .entries = call.entries.size(),
                            .shards = shards,
                            .fingerprints = fingerprints});
}

void PutPath::put_refused(const Caller& caller, const StreamTarget& target, std::size_t entries) {
  const Result<StreamName> name = resolve_target(caller, target);
  if (!name.ok()) {
    report_refused(caller, caller.tenant, target.name, LogId{}, entries);
    return;
  }
  const LiveStreamPtr stream = directory_.find(*name);
  report_refused(caller, name->tenant, name->name, stream == nullptr ? LogId{} : stream->entry.log,
                 entries);
}

void PutPath::report_refused(const Caller& caller, const Tenant& tenant, std::string_view stream,
                             LogId log, std::size_t entries) const {
  if (parts_.put_observer == nullptr || entries == 0) return;
  parts_.put_observer->put({.caller = caller,
                            .tenant = tenant,
                            .stream = stream,
                            .log = log,
                            .at = parts_.clocks.service_now(),
                            .entries = entries,
                            .rejected = entries,
                            .shards = {},
                            .fingerprints = {}});
}

}  // namespace penstock::stream
