#include "server/ledger_observers.h"

#include "engine/log.h"
#include "ledger/ledger.h"
#include "stream/record_source.h"

#include <map>

namespace penstock::server {

void LedgerReceipts::entries_received(const front::Caller& producer, std::string_view stream,
                                      std::size_t entries) {
  ledger_.received({producer.tenant, producer.access_key, producer.peer, producer.user_agent},
                   stream, entries);
}

void LedgerPuts::put(const stream::PutReport& report) {
  ledger::CallOutcome outcome;
  outcome.log = report.log;
  outcome.rejected = report.rejected;
  for (const stream::ShardPutReport& shard : report.shards) {
    outcome.stored += shard.stored;
    outcome.throttled += shard.throttled;
    outcome.failed += shard.failed;
  }
  std::vector<ledger::EntryFate> entries;
  entries.reserve(report.fingerprints.size());
  for (const stream::EntryReport& entry : report.fingerprints) {
    entries.push_back({entry.fingerprint, entry.shard, entry.fate == stream::PutFate::kStored});
  }
  outcome.entries = entries;
  const stream::Caller& caller = report.caller;
  ledger_.decided({caller.tenant, caller.access_key, caller.peer, caller.user_agent}, report.stream,
                  outcome);
}

bool LedgerPuts::wants_stored_fingerprints() const { return ledger_.wants_stored_fingerprints(); }

std::vector<ledger::StreamCounts> LedgerStreams::streams() const {
  std::map<LogId, ledger::StreamCounts> by_log;
  // Of the log, not of the source: that one leaves out shards whose records have all expired.
  for (const ShardRef& shard : log_.shards()) {
    const auto one = source_.counts(shard);
    if (!one.ok()) continue;
    ledger::StreamCounts& counts = by_log[shard.log];
    counts.stored += one->stored;
    counts.expired += one->expired;
    counts.damaged += one->damaged;
  }
  std::vector<ledger::StreamCounts> all;
  for (const stream::SourceStream& stream : source_.streams()) {
    ledger::StreamCounts& counts = by_log[stream.log];
    counts.tenant = stream.name.tenant;
    counts.name = stream.name.name;
    counts.log = stream.log;
    all.push_back(std::move(counts));
  }
  return all;
}

}  // namespace penstock::server
