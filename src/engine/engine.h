#pragma once

#include "base/task.h"
#include "engine/log.h"
#include "engine/meta.h"

namespace penstock::engine {

/// What the rest of Penstock stands on. One contract suite runs against every engine.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Log& log() = 0;
  virtual Meta& meta() = 0;
  virtual Marks& marks() = 0;
  virtual Leases& leases() = 0;
  /// Ends everything in flight; what was acknowledged is durable. Nothing may be called afterwards.
  virtual Task<> stop() = 0;
};

}  // namespace penstock::engine
