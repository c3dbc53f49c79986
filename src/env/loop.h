#pragma once

#include "base/task.h"
#include "base/time.h"

#include <cstdint>
#include <functional>

namespace penstock::env {

/// One event loop. Everything but executor() and post through it is for code that runs on it.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual const Executor& executor() const = 0;
  virtual bool is_current() const = 0;
  /// 0 is the control loop, which owns catalogs, mappings, functions and queues.
  virtual std::size_t index() const = 0;

  using TimerId = std::uint64_t;
  /// Runs `fire` once on this loop, not before `at`. Service timers follow the service clock
  /// when it is advanced.
  virtual TimerId arm(SteadyTime at, std::function<void()> fire) = 0;
  virtual TimerId arm(ServiceTime at, std::function<void()> fire) = 0;
  /// Harmless when it has fired.
  virtual void disarm(TimerId id) = 0;
};

enum class Woken { kSignal, kDeadline, kCancelled };

/// Waits end by deadline or by cancellation. Both run on `loop`.
Task<Woken> sleep_until(Loop& loop, SteadyTime deadline, CancelToken cancel);
Task<Woken> sleep_until(Loop& loop, ServiceTime deadline, CancelToken cancel);

/// A condition that one coroutine waits for and others on the same loop report.
///
/// notify() before a wait ends that wait at once. Several count as one: look at the state again.
class Signal {
 public:
  void notify() const { gate_.release(); }
  Task<Woken> wait(CancelToken cancel) const;
  Task<Woken> wait_until(Loop& loop, SteadyTime deadline, CancelToken cancel) const;
  Task<Woken> wait_until(Loop& loop, ServiceTime deadline, CancelToken cancel) const;

 private:
  Gate gate_;
};

}  // namespace penstock::env
