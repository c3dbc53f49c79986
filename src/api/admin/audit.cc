#include "api/admin/audit.h"

#include "ledger/ledger.h"
#include "shape/json.h"

namespace penstock::api::admin {
namespace {

constexpr shape::Operation<shape::Empty, ledger::AuditReport> kAudit{
    .name = "Audit",
    .doc = "What became of every record, stream by stream, and the verdict.",
    .method = "GET",
    .path = "/_penstock/audit"};

}  // namespace

shape::OperationInfo audit_shape() { return shape::describe(kAudit); }

front::Operation audit_operation(ledger::Ledger& ledger, const ledger::StreamSource& streams,
                                 const ledger::ConsumerSource& consumers) {
  return {.name = kAudit.name,
          .affinity = front::Affinity::kControlLoop,
          .serve = [&](front::Request&) -> Task<front::Reply> {
            front::Reply reply;
            reply.body = shape::to_json(ledger.audit(streams, consumers));
            co_return reply;
          },
          .method = kAudit.method,
          .path = kAudit.path};
}

}  // namespace penstock::api::admin
