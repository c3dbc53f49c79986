#pragma once

#include "base/error.h"

namespace penstock::engine {

enum class EngineErrc {
  kNotOwner,        ///< The fence is no longer valid; look the owner up again.
  kSealed,          ///< The shard is closed for good; look the key up again.
  kTrimmed,         ///< The position lies before the trim horizon.
  kConflict,        ///< A version did not match; the message names the key. Nothing was written.
  kUnavailable,     ///< Not now (memory budget, broker); nothing was written; try again.
  kUnknownOutcome,  ///< It may or may not have been written. This is not success.
  kNoSpace,         ///< The disk is full; nothing was written; recovers by itself.
  kFailed,          ///< The log failed and stays closed until it is opened again.
  kNoSuchShard,
  kCorrupt,  ///< These stored bytes do not check out; the range is fenced and named.
};
const ErrorDomain& error_domain(EngineErrc);

}  // namespace penstock::engine
