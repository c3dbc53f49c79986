#include "env/loop.h"

namespace penstock::env {
namespace {

template <class Time>
Task<Woken> wait_with_deadline(Loop& loop, Gate gate, Time deadline, CancelToken cancel) {
  bool timed_out = false;
  if (cancel.cancelled()) co_return Woken::kCancelled;
  const auto timer = loop.arm(deadline, [&timed_out, gate] {
    timed_out = true;
    gate.release();
  });
  {
    const auto registration = cancel.on_cancel([gate] { gate.release(); });
    co_await gate.wait();
  }
  loop.disarm(timer);
  if (cancel.cancelled()) co_return Woken::kCancelled;
  co_return timed_out ? Woken::kDeadline : Woken::kSignal;
}

}  // namespace

Task<Woken> sleep_until(Loop& loop, SteadyTime deadline, CancelToken cancel) {
  return wait_with_deadline(loop, Gate{}, deadline, std::move(cancel));
}

Task<Woken> sleep_until(Loop& loop, ServiceTime deadline, CancelToken cancel) {
  return wait_with_deadline(loop, Gate{}, deadline, std::move(cancel));
}

Task<Woken> Signal::wait(CancelToken cancel) const {
  Gate gate = gate_;
  if (cancel.cancelled()) co_return Woken::kCancelled;
  const auto registration = cancel.on_cancel([gate] { gate.release(); });
  co_await gate.wait();
  co_return cancel.cancelled() ? Woken::kCancelled : Woken::kSignal;
}

Task<Woken> Signal::wait_until(Loop& loop, SteadyTime deadline, CancelToken cancel) const {
  return wait_with_deadline(loop, gate_, deadline, std::move(cancel));
}

Task<Woken> Signal::wait_until(Loop& loop, ServiceTime deadline, CancelToken cancel) const {
  return wait_with_deadline(loop, gate_, deadline, std::move(cancel));
}

}  // namespace penstock::env
