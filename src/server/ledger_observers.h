#pragma once

#include "front/observer.h"
#include "ledger/consumers.h"
#include "stream/observer.h"

#include <string_view>

namespace penstock::engine {
class Log;
}
namespace penstock::ledger {
class Ledger;
}
namespace penstock::stream {
class RecordSource;
}

namespace penstock::server {

/// Front and stream report to the ledger through interfaces of their own; these translate.

class LedgerReceipts final : public front::ReceiptObserver {
 public:
  explicit LedgerReceipts(ledger::Ledger& ledger) : ledger_(ledger) {}
  void entries_received(const front::Caller& producer, std::string_view stream,
                        std::size_t entries) override;

 private:
  ledger::Ledger& ledger_;
};

class LedgerPuts final : public stream::PutObserver {
 public:
  explicit LedgerPuts(ledger::Ledger& ledger) : ledger_(ledger) {}
  void put(const stream::PutReport& report) override;
  bool wants_stored_fingerprints() const override;

 private:
  ledger::Ledger& ledger_;
};

/// What the log says of each stream, for the audit.
class LedgerStreams final : public ledger::StreamSource {
 public:
  LedgerStreams(const stream::RecordSource& source, const engine::Log& log)
      : source_(source), log_(log) {}
  std::vector<ledger::StreamCounts> streams() const override;

 private:
  const stream::RecordSource& source_;
  const engine::Log& log_;
};

}  // namespace penstock::server
