#include "server/ledger_receipts.h"

#include "ledger/ledger.h"

namespace penstock::server {

void LedgerReceipts::entries_received(const front::Caller& producer, std::string_view stream,
                                      std::size_t entries) {
  ledger_.received({producer.tenant, producer.access_key, producer.peer, producer.user_agent},
                   stream, entries);
}

}  // namespace penstock::server
