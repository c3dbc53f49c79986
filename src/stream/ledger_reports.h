#pragma once

#include "ledger/consumers.h"
#include "stream/observer.h"

#include <vector>

namespace penstock::engine {
class Log;
}
namespace penstock::ledger {
class Ledger;
}

namespace penstock::stream {

class RecordSource;

/// What streams decide of puts, in the ledger's terms.
class LedgerPuts final : public PutObserver {
 public:
  explicit LedgerPuts(ledger::Ledger& ledger) : ledger_(ledger) {}
  void put(const PutReport& report) override;
  bool wants_stored_fingerprints() const override;

 private:
  ledger::Ledger& ledger_;
};

/// What the log says of each stream, for the audit.
class LedgerStreams final : public ledger::StreamSource {
 public:
  LedgerStreams(const RecordSource& source, const engine::Log& log) : source_(source), log_(log) {}
  std::vector<ledger::StreamCounts> streams() const override;

 private:
  const RecordSource& source_;
  const engine::Log& log_;
};

}  // namespace penstock::stream
