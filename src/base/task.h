#pragma once

#include "base/check.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace penstock {

/// A lazily started coroutine. The same code runs on a real event loop and in the simulator.
template <class T = void>
using Task = boost::asio::awaitable<T>;

/// The loop a coroutine runs on. Posting is safe from any thread; everything else is not.
using Executor = boost::asio::any_io_executor;

/// Runs `work` on `executor` when that loop gets to it. Safe from any thread.
void post(const Executor& executor, std::function<void()> work);

/// Where one coroutine at a time waits until somebody, on any thread, lets it go.
///
/// A release before the wait ends that wait at once; several releases before it count as one.
/// The coroutine goes on on its own executor. Copies share one state, so that the
/// releasing side may outlive the waiting side.
class Gate {
 public:
  Gate();
  /// Waits for a release. At most one waiter at a time.
  Task<> wait();
  /// Lets the waiter go through its executor's queue. Any thread.
  void release() const;
  /// Lets the waiter go before the call returns. On its loop, and only from the loop's own queue:
  /// the caller holds no lock and nothing that the waiter may change.
  void release_now() const;

  /// For the simulator, on its thread only: remember which coroutines wait, so that a killed world
  /// can destroy them (a frame and the gate it waits in keep each other alive).
  static void track_suspended(bool tracking);
  static void destroy_suspended();

 private:
  struct State;
  static Task<> wait_in(std::shared_ptr<State> state);
  std::unique_ptr<class SuspendedCoroutine> take_waiter() const;
  std::shared_ptr<State> state_;
};

/// A value that is set once, by any thread, and taken once by one coroutine.
template <class T>
class OneShot {
 public:
  OneShot() : state_(std::make_shared<State>()) {}

  /// The first call wins; later ones are ignored and say so by returning false.
  bool set(T value) const {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->is_set) return false;
      state_->is_set = true;
      state_->value.emplace(std::move(value));
    }
    state_->gate.release();
    return true;
  }

  Task<T> take() { return take_from(state_); }

 private:
  struct State {
    std::mutex mutex;
    bool is_set = false;
    std::optional<T> value;
    Gate gate;
  };
  static Task<T> take_from(std::shared_ptr<State> state) {
    co_await state->gate.wait();
    const std::lock_guard lock(state->mutex);
    PENSTOCK_CHECK(state->value.has_value(), "a one-shot value is taken once");
    T value = std::move(*state->value);
    state->value.reset();
    co_return value;
  }
  std::shared_ptr<State> state_;
};

/// A request to stop waiting. Made and delivered on one loop; a cancelled wait is a value
/// (Woken::kCancelled), never an exception.
class CancelToken {
 public:
  /// Never cancelled.
  CancelToken() = default;
  bool cancelled() const;

  /// Runs `callback` once when cancelled (at once if it already is), unless dropped before.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&&) noexcept;
    Registration& operator=(Registration&&) noexcept;
    ~Registration();

   private:
    friend class CancelToken;
    std::weak_ptr<struct CancelState> state_;
    std::uint64_t id_ = 0;
  };
  [[nodiscard]] Registration on_cancel(std::function<void()> callback) const;

 private:
  friend class CancelSource;
  std::shared_ptr<struct CancelState> state_;
};

class CancelSource {
 public:
  CancelSource();
  CancelToken token() const;
  void cancel();
  bool cancelled() const;

 private:
  std::shared_ptr<struct CancelState> state_;
};

/// Owns running coroutines: nothing is detached.
///
/// Lives on one loop. Whoever owns the Scope awaits join() before destroying it (a check, not a
/// wait, in the destructor). An exception that leaves a spawned task stops the process.
class Scope {
 public:
  explicit Scope(Executor executor);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts `task` on the scope's loop, through its queue. On the loop only.
  void spawn(Task<> task);
  /// Asks every wait that got token() to end. On the loop only.
  void cancel();
  CancelToken token() const;
  /// Until every task has ended. cancel() first, when they should end now.
  Task<> join();
  std::size_t running() const;
  const Executor& executor() const;

  /// The simulator kills a world by destroying it while tasks wait: no check then.
  static void set_abandoning(bool abandoning);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Starts `task` on `executor` and forgets it; only for run_on and the edges in env and server.
void start(const Executor& executor, Task<> task);

/// Runs `work` on another loop and comes back with its value.
template <class T>
Task<T> run_on(Executor target, Task<T> work) {
  OneShot<T> done;
  start(target, [](Task<T> inner, OneShot<T> out) -> Task<> {
    out.set(co_await std::move(inner));
  }(std::move(work), done));
  co_return co_await done.take();
}

}  // namespace penstock
