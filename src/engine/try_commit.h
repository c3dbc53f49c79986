#pragma once

#include "base/result.h"
#include "base/task.h"
#include "engine/meta.h"

#include <optional>
#include <vector>

namespace penstock::engine {

/// For what is read, changed and committed again until nothing else was in the way:
///
///     while (true) {
///       ... read, and make changes of it ...
///       CO_TRY(const auto committed, co_await try_commit(meta, std::move(changes)));
///       if (committed) co_return ...;
///     }
///
/// Nothing: another change is in the way. It may have been on its way to the disk and can be read
/// now; whoever tried again without waiting for it would keep the loop that it needs to arrive.
/// fails     as Meta::commit, but for kConflict
Task<Result<std::optional<Version>>> try_commit(Meta& meta, std::vector<Change> changes);

}  // namespace penstock::engine
