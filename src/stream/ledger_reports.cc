#include "stream/ledger_reports.h"

#include "engine/log.h"
#include "ledger/ledger.h"
#include "stream/record_source.h"

#include <map>

namespace penstock::stream {

void LedgerPuts::put(const PutReport& report) {
  ledger::CallOutcome outcome;
  outcome.log = report.log;
  outcome.rejected = report.rejected;
  for (const ShardPutReport& shard : report.shards) {
    outcome.stored += shard.stored;
    outcome.throttled += shard.throttled;
    outcome.failed += shard.failed;
  }
  std::vector<ledger::EntryFate> entries;
  entries.reserve(report.fingerprints.size());
  for (const EntryReport& entry : report.fingerprints) {
    entries.push_back({entry.fingerprint, entry.shard, entry.fate == PutFate::kStored});
  }
  outcome.entries = entries;
  const Caller& caller = report.caller;
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
  for (const SourceStream& stream : source_.streams()) {
    ledger::StreamCounts& counts = by_log[stream.log];
    counts.tenant = stream.name.tenant;
    counts.name = stream.name.name;
    counts.log = stream.log;
    all.push_back(std::move(counts));
  }
  return all;
}

}  // namespace penstock::stream
