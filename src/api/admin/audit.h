#pragma once

#include "front/request.h"
#include "ledger/consumers.h"
#include "shape/shape.h"

#include <vector>

namespace penstock::ledger {
class Ledger;
}

namespace penstock::api::admin {

/// GET /_penstock/audit: the ledger's table. Everything outlives the operation.
front::Operation audit_operation(ledger::Ledger& ledger, const ledger::StreamSource& streams,
                                 const ledger::ConsumerSource& consumers);

/// Its declaration, for the reference page.
shape::OperationInfo audit_shape();

}  // namespace penstock::api::admin
