#include "api/admin/audit.h"

#include "ledger/ledger.h"
#include "shape/json.h"

namespace penstock::api::admin {

front::Operation audit_operation(ledger::Ledger& ledger, const ledger::StreamSource& streams,
                                 const ledger::ConsumerSource& consumers) {
  return {.name = "Audit",
          .affinity = front::Affinity::kControlLoop,
          .serve = [&](front::Request&) -> Task<front::Reply> {
            front::Reply reply;
            reply.body = shape::to_json(ledger.audit(streams, consumers));
            co_return reply;
          },
          .method = "GET",
          .path = "/_penstock/audit"};
}

}  // namespace penstock::api::admin
