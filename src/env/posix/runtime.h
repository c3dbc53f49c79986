#pragma once

#include "base/time.h"
#include "env/clocks.h"
#include "env/loop.h"

#include <functional>
#include <memory>
#include <vector>

namespace penstock::env::posix {

/// The real event loops and clocks of one process.
///
/// Life: construct, spawn what is to run, run() (blocks), destroy. stop() may be called from any
/// thread or loop; run() then returns when the handlers in progress have ended.
class Runtime {
 public:
  /// loops            at least 1
  /// service_offset   how far the service clock was advanced when the server last ran
  Runtime(std::size_t loops, Millis service_offset);
  ~Runtime();

  Clocks& clocks();
  std::vector<Loop*> loops() const;
  Loop& control() const { return *loops().front(); }

  /// Calls `stop` on the control loop at the first SIGINT or SIGTERM; a second one ends the
  /// process.
  void on_stop_signal(std::function<void()> stop);

  /// Runs the control loop on this thread, the others on theirs, until stop().
  void run();
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::env::posix
