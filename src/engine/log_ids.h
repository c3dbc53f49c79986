#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"

namespace penstock::engine {

class Meta;

/// A LogId that no stream or queue has had before: one durable counter for all of them, under
/// "log/next". Safe against others who ask at the same time.
/// fails     EngineErrc of Meta::commit; Errc::kCorrupt when the counter is unreadable
Task<Result<LogId>> next_log_id(Meta& meta);

}  // namespace penstock::engine
