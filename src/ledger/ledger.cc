#include "ledger/ledger.h"

#include "base/hex.h"
#include "base/log.h"
#include "base/sha256.h"
#include "engine/meta.h"
#include "env/clocks.h"
#include "ledger/producer_row.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace penstock::ledger {
namespace {

constexpr std::string_view kPrefix = "ledger/producer/";
/// Exists from an orderly stop, which stores the last books with it, to the next start.
constexpr std::string_view kStopped = "ledger/stopped";
constexpr std::string_view kLogPrefix = "ledger/log/";
constexpr std::string_view kOthers = "(others)";

std::string mark_key(const RowKey& key) {
  const std::string identity = key.tenant.account + '\n' + key.tenant.region + '\n' + key.stream +
                               '\n' + key.access_key + '\n' + key.address + '\n' + key.agent;
  return std::string(kPrefix) + sha256_hex(identity).substr(0, 32);
}

std::string log_mark_key(LogId log) { return std::string(kLogPrefix) + std::to_string(log.value); }

std::string_view first_word(std::string_view agent) { return agent.substr(0, agent.find(' ')); }

std::string shard_name(std::uint32_t shard) {
  const std::string digits = std::to_string(shard);
  return "shardId-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
}

std::int64_t wide(std::uint64_t count) { return static_cast<std::int64_t>(count); }

ShardAudit shard_audit(const ConsumerShardView& view) {
  const ConsumerBook& book = view.book;
  const Balance law = balance(book, view.stored, view.pending);
  ShardAudit out{
      .shard = shard_name(view.shard),
      .stored = wide(view.stored),
      .succeeded = wide(book.succeeded),
      .filtered = wide(book.filtered),
      .delivered = wide(book.delivered),
      .dropped = wide(book.dropped_total()),
      .dropped_by = {wide(book.dropped[0]), wide(book.dropped[1]), wide(book.dropped[2]),
                     wide(book.dropped[3]), wide(book.dropped[4])},
      .expired_unread = wide(book.expired_unread),
      .skipped_by_start = wide(book.skipped_by_start),
      .discarded = wide(book.discarded),
      .pending = wide(view.pending),
      .unaccounted = wide(law.unaccounted),
  };
  for (const FateRange& range : book.ranges()) {
    out.ranges.push_back({std::string(fate_name(range.fate)), std::to_string(range.first),
                          std::to_string(range.last), wide(range.count), range.at_ms});
  }
  return out;
}

}  // namespace

struct Ledger::Rows {
  mutable std::mutex mutex;
  using ByKey = std::map<RowKey, ProducerRow, RowKeyOrder>;
  ByKey rows;
  ByKey::iterator last = rows.end();  ///< Asked for last: each put asks for its own twice.
  std::map<LogId, LogBook> logs;      ///< None is removed but by compare().
  std::vector<LogId> gone;            ///< Their marks are to be erased.

  LogBook& log(LogId id) { return logs.try_emplace(id, LogBook{.log = id}).first->second; }

  ProducerRow& at(const Producer& producer, std::string_view stream,
                  const LedgerSettings& settings) {
    const std::string_view agent = first_word(producer.agent);
    const RowKeyView wanted{producer.tenant, stream, producer.access_key, producer.address, agent};
    if (last != rows.end() && members_of(last->first) == members_of(wanted)) return last->second;
    last = rows.find(wanted);
    if (last != rows.end()) return last->second;
    RowKey key{producer.tenant, std::string(stream), std::string(producer.access_key),
               std::string(producer.address), std::string(agent)};
    if (rows.size() >= settings.producers_max) {
      key.access_key = kOthers;
      key.address.clear();
      key.agent.clear();
    }
    last = rows.try_emplace(std::move(key), settings.fingerprints_max).first;
    return last->second;
  }
};

Ledger::Ledger(LedgerParts parts, LedgerSettings settings)
    : parts_(parts),
      settings_(settings),
      rows_(std::make_unique<Rows>()),
      scope_(parts.control_loop.executor()) {}

Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerParts parts, LedgerSettings settings) {
  std::unique_ptr<Ledger> ledger(new Ledger(parts, settings));
  ledger->was_stopped_ = parts.marks.get(kStopped).has_value();
  TRY_OK(ledger->load());
  ledger->scope_.spawn(ledger->run());
  return ledger;
}

Status Ledger::load() {
  for (const auto& [name, value] : parts_.marks.list(kPrefix)) {
    ProducerRow row(settings_.fingerprints_max);
    TRY(RowKey key, decode_row(value, row));
    row.begin_run(was_stopped_);
    waiting_ += row.waiting.size();
    rows_->rows.emplace(std::move(key), std::move(row));
  }
  for (const auto& [name, value] : parts_.marks.list(kLogPrefix)) {
    TRY(const LogBook book, decode_log_book(value));
    rows_->logs.emplace(book.log, book);
  }
  return ok();
}

/// What this start concludes of the log, and of logs that are gone.
void Ledger::conclude(const std::vector<StreamCounts>& all) {
  const std::lock_guard lock(rows_->mutex);
  std::erase_if(rows_->logs, [&](const auto& one) {
    const bool is_gone = std::none_of(all.begin(), all.end(), [&](const StreamCounts& counts) {
      return counts.log == one.first;
    });
    if (is_gone) rows_->gone.push_back(one.first);
    return is_gone;
  });
  for (const StreamCounts& counts : all) {
    LogBook& book = rows_->log(counts.log);
    if (was_stopped_) {
      book.begin_after_stop(counts.stored - counts.damaged);  // Those may never have existed.
    } else {
      book.begin_after_crash(counts.stored);
    }
  }
}

Task<Status> Ledger::compare(const StreamSource& streams) {
  conclude(streams.streams());
  CO_TRY_OK(co_await store_changes(was_stopped_ ? StopMark::kErase : StopMark::kKeep));
  is_compared_ = true;
  co_return ok();
}

// --- From any loop ---------------------------------------------------------------------------

void Ledger::received(const Producer& producer, std::string_view stream, std::uint64_t entries) {
  const std::lock_guard lock(rows_->mutex);
  ProducerRow& row = rows_->at(producer, stream, settings_);
  row.book.received += entries;
  row.changed = true;
}

void Ledger::decided(const Producer& producer, std::string_view stream,
                     const CallOutcome& outcome) {
  const ServiceTime now = outcome.entries.empty() ? ServiceTime{} : parts_.clocks.service_now();
  const std::lock_guard lock(rows_->mutex);
  ProducerRow& row = rows_->at(producer, stream, settings_);
  row.book.stored += outcome.stored;
  row.book.throttled += outcome.throttled;
  row.book.rejected += outcome.rejected;
  row.book.failed += outcome.failed;
  row.changed = true;
  if (outcome.stored + outcome.failed > 0) {
    LogBook& book = rows_->log(outcome.log);
    book.stored += outcome.stored;
    book.failed += outcome.failed;
    book.changed = true;
  }
  const std::size_t before = row.waiting.size();
  const std::uint64_t told_before = row.recovered + row.unknown;
  for (const EntryFate& entry : outcome.entries) {
    if (entry.stored) {
      if (row.waiting.stored(entry.fingerprint)) ++row.recovered;
    } else if (!row.waiting.refused({entry.fingerprint, entry.shard, now})) {
      ++row.unknown;
    }
  }
  waiting_ += row.waiting.size() - before;
  if (row.waiting.size() != before || row.recovered + row.unknown != told_before) hurry();
}

void Ledger::hurry() {
  if (is_hurried_.exchange(true)) return;
  // The signal's state outlives a ledger that stops before this runs.
  post(parts_.control_loop.executor(), [signal = hurried_] { signal.notify(); });
}

// --- Control loop ------------------------------------------------------------------------------

void Ledger::expire(ServiceTime now) {
  const std::lock_guard lock(rows_->mutex);
  for (auto& [key, row] : rows_->rows) {
    const auto expired = row.waiting.expire(now - settings_.recovery);
    for (const Waiting& entry : expired) row.lose(entry);
    row.changed = row.changed || !expired.empty();
    waiting_ -= expired.size();
  }
}

Task<Status> Ledger::store_changes(StopMark mark) {
  std::vector<engine::Marks::Mark> marks;
  std::vector<ProducerRow*> rows;  // Rows are never removed, nor are logs.
  std::vector<LogBook*> logs;
  std::vector<LogId> gone;
  std::uint64_t bytes = 0;
  is_hurried_ = false;  // Before the rows are read: what comes later asks anew.
  {
    const std::lock_guard lock(rows_->mutex);
    for (auto& [key, row] : rows_->rows) {
      if (!row.changed) continue;
      row.changed = false;
      rows.push_back(&row);
      marks.push_back({mark_key(key), encode_row(key, row)});
      bytes += marks.back().value->size();
    }
    gone.swap(rows_->gone);
    for (auto& [log, book] : rows_->logs) {
      if (!book.changed) continue;
      book.changed = false;
      logs.push_back(&book);
      marks.push_back({log_mark_key(log), encode_log_book(book)});
    }
  }
  soon_from_ = parts_.clocks.steady_now() +
               Millis{bytes * 1'000 / std::max<std::uint64_t>(settings_.store_soon_bytes_per_s, 1)};
  for (const LogId log : gone) marks.push_back({log_mark_key(log), std::nullopt});
  if (mark == StopMark::kSet) marks.push_back({std::string(kStopped), ""});
  if (mark == StopMark::kErase) marks.push_back({std::string(kStopped), std::nullopt});
  if (marks.empty()) co_return ok();
  const Status stored = co_await parts_.marks.put(parts_.leases.node(), std::move(marks));
  if (stored.ok()) co_return ok();
  log::warn("the producers' books were not stored", {{"error", stored.error().message}});
  const std::lock_guard lock(rows_->mutex);
  for (ProducerRow* const row : rows) row->changed = true;  // With the next round.
  for (LogBook* const book : logs) book->changed = true;
  rows_->gone.insert(rows_->gone.end(), gone.begin(), gone.end());
  co_return stored;
}

Task<> Ledger::run() {
  const CancelToken cancel = scope_.token();
  while (!cancel.cancelled()) {
    const SteadyTime next = parts_.clocks.steady_now() + settings_.store_interval;
    env::Woken woken = co_await hurried_.wait_until(parts_.control_loop, next, cancel);
    if (woken == env::Woken::kSignal) {
      const SteadyTime soon =
          std::max(parts_.clocks.steady_now() + settings_.store_soon, soon_from_);
      woken = co_await env::sleep_until(parts_.control_loop, std::min(soon, next), cancel);
    }
    if (woken == env::Woken::kCancelled) break;
    expire(parts_.clocks.service_now());
    (co_await store_changes(StopMark::kKeep)).ignore("with the next round");
  }
}

Task<> Ledger::stop() {
  scope_.cancel();
  co_await scope_.join();
  // A start that went no further leaves things as it found them.
  const Status stored = co_await store_changes(is_compared_ ? StopMark::kSet : StopMark::kKeep);
  stored.ignore("the next start takes this for a crash");
}

AuditReport Ledger::audit(const StreamSource& streams, const ConsumerSource& consumers) {
  const ServiceTime now = parts_.clocks.service_now();
  expire(now);
  AuditReport report{.at_ms = unix_millis(now)};
  std::map<std::pair<Tenant, std::string>, StreamAudit> by_name;
  const auto at = [&](const Tenant& tenant, const std::string& name) -> StreamAudit& {
    StreamAudit& audit = by_name[{tenant, name}];
    audit.account = tenant.account;
    audit.region = tenant.region;
    audit.stream = name;
    return audit;
  };
  // Other loops go on: the log is read between two looks at the books.
  std::map<LogId, LogBook> earlier;
  {
    const std::lock_guard lock(rows_->mutex);
    earlier = rows_->logs;
  }
  const std::vector<StreamCounts> counted = streams.streams();
  {
    const std::lock_guard lock(rows_->mutex);
    std::map<std::string_view, std::uint64_t> in_flight;  // By name: the stream may be another's.
    for (const auto& [key, row] : rows_->rows) in_flight[key.stream] += row.undecided();
    for (const StreamCounts& counts : counted) {
      StreamAudit& audit = at(counts.tenant, counts.name);
      const LogBook& book = rows_->log(counts.log);
      audit.exists = true;
      audit.stored = wide(counts.stored);
      audit.expired = wide(counts.expired);
      audit.damaged = wide(counts.damaged);
      audit.unattributed = wide(book.unattributed);
      audit.unaccounted = wide(unaccounted(earlier[counts.log], book, counts.stored,
                                           in_flight[counts.name] + counts.damaged));
    }
    for (const auto& [key, row] : rows_->rows) {
      StreamAudit& audit = at(key.tenant, key.stream);
      audit.producers.push_back(row.audit(key));
      for (const Waiting& entry : row.lost) {
        audit.probably_lost.push_back({key.access_key, key.address, key.agent,
                                       shard_name(entry.shard), unix_millis(entry.at),
                                       std::to_string(entry.fingerprint)});
      }
    }
  }
  for (const ConsumerView& view : consumers.consumers()) {
    ConsumerAudit audit{.mapping = view.id, .function = view.function, .shards = {}};
    for (const ConsumerShardView& shard : view.shards) audit.shards.push_back(shard_audit(shard));
    at(view.tenant, view.stream).consumers.push_back(std::move(audit));
  }
  for (auto& [name, audit] : by_name) report.streams.push_back(std::move(audit));
  report.verdict = verdict_of(report.streams);
  return report;
}

Verdict verdict_of(const std::vector<StreamAudit>& streams) {
  Verdict verdict;
  for (const StreamAudit& stream : streams) {
    verdict.stored += stream.stored;
    verdict.damaged += stream.damaged;
    verdict.unaccounted += stream.unaccounted;
    for (const ProducerAudit& producer : stream.producers) {
      verdict.probably_lost += producer.probably_lost;
      verdict.unknown += producer.unknown;
      verdict.unaccounted += producer.unaccounted;
    }
    for (const ConsumerAudit& consumer : stream.consumers) {
      for (const ShardAudit& shard : consumer.shards) {
        verdict.pending += shard.pending;
        verdict.dropped += shard.dropped;
        verdict.expired_unread += shard.expired_unread;
        verdict.unaccounted += shard.unaccounted;
      }
    }
  }
  verdict.lost = verdict.dropped + verdict.expired_unread + verdict.damaged +
                 verdict.probably_lost + verdict.unaccounted;
  return verdict;
}

}  // namespace penstock::ledger
