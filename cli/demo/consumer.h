#pragma once

#include "base/result.h"
#include "cli/audit_api.h"
#include "cli/demo/statistics.h"
#include "cli/event_source_mapping.h"

#include <string>

namespace penstock::cli::demo {

/// Waits until the mapping on `stream` has settled every stored record; the balance then.
/// fails     when nothing moves for a minute
Result<wire::ConsumerTotals> wait_until_settled(ApiClient& client, const std::string& stream);

/// "1,702 succeeded, 5 delivered to the queue, ..." as a table of one column pair.
std::string balance_table(const wire::ConsumerTotals& totals);

std::string statistics_text(const BatchResult& result);

}  // namespace penstock::cli::demo
