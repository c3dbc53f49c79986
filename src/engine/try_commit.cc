#include "engine/try_commit.h"

#include "engine/errors.h"

#include <utility>

namespace penstock::engine {

Task<Result<std::optional<Version>>> try_commit(Meta& meta, std::vector<Change> changes) {
  Result<Version> committed = co_await meta.commit(std::move(changes));
  if (committed.ok()) co_return std::optional(*committed);
  if (committed.error().code != EngineErrc::kConflict) co_return std::move(committed).error();
  CO_TRY_OK(co_await meta.barrier());
  co_return std::optional<Version>();
}

}  // namespace penstock::engine
