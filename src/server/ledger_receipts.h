#pragma once

#include "front/observer.h"

#include <string_view>

namespace penstock::ledger {
class Ledger;
}

namespace penstock::server {

/// What front receives, in the ledger's terms.
class LedgerReceipts final : public front::ReceiptObserver {
 public:
  explicit LedgerReceipts(ledger::Ledger& ledger) : ledger_(ledger) {}
  void entries_received(const front::Caller& producer, std::string_view stream,
                        std::size_t entries) override;

 private:
  ledger::Ledger& ledger_;
};

}  // namespace penstock::server
