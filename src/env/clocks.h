#pragma once

#include "base/time.h"

namespace penstock::env {

/// The three clocks. Thread-safe.
class Clocks {
 public:
  virtual ~Clocks() = default;
  virtual SteadyTime steady_now() const = 0;
  virtual WallTime wall_now() const = 0;
  /// Wall time plus what was advanced; never goes back.
  virtual ServiceTime service_now() const = 0;

  /// Moves the service clock forward; armed service timers are looked at again.
  virtual void advance_service(Millis by) = 0;
  /// How far the service clock is ahead; stored by the server so that it survives a restart.
  virtual Millis service_offset() const = 0;
};

}  // namespace penstock::env
