#pragma once

#include "base/task.h"
#include "base/time.h"
#include "env/sim/prng.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace penstock::env::sim {

/// Who a handler belongs to: loop n is n, workers count from kFirstWorker.
using Owner = std::uint32_t;
inline constexpr Owner kFirstWorker = 1'000;
inline constexpr Owner kNobody = ~Owner{0};

/// Work that is ready, type-erased and movable only. Destroying it unrun abandons it.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void run() = 0;
};

/// One thread's worth of everything: runs ready work in an order shuffled by the seed, and moves
/// time to the next timer when nothing is ready.
class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void add(Owner owner, std::unique_ptr<Ready> work);
  void add(Owner owner, std::function<void()> work);

  using TimerId = std::uint64_t;
  TimerId arm(Owner owner, SteadyTime at, std::function<void()> fire);
  TimerId arm(Owner owner, ServiceTime at, std::function<void()> fire);
  void disarm(TimerId id);

  /// Runs one piece of work, after moving time when nothing is ready. False when nothing is left,
  /// or the next timer lies behind `until`; time is then at most `until`.
  bool step(SteadyTime until);

  SteadyTime now() const { return now_; }
  WallTime wall_now() const;
  ServiceTime service_now() const;
  Millis service_offset() const { return service_offset_; }
  void advance_service(Millis by);
  /// Moves time on without running anything; for a world that was off.
  void skip(Nanos by) { now_ += by; }

  /// Who is running now.
  Owner current() const { return current_; }
  /// An executor whose work runs as `owner`. Lives as long as the scheduler.
  Executor executor(Owner owner);
  Prng& prng() { return prng_; }

  /// Hash of the history so far: order, owners and times of all work, and what was mixed in.
  std::uint64_t trace() const { return trace_; }
  void mix(std::uint64_t value);
  std::uint64_t steps() const { return steps_; }

  /// Destroys everything ready, armed or suspended in a Gate. New work is dropped until revive().
  void abandon();
  void revive();

 private:
  struct Item {
    Owner owner;
    std::unique_ptr<Ready> work;
  };
  struct Timer {
    Owner owner;
    std::function<void()> fire;
  };
  void fire_due();
  void make_ready(TimerId id, Timer timer);
  bool next_timer(SteadyTime& at) const;

  Prng prng_;
  SteadyTime now_{};
  Millis service_offset_{0};
  std::vector<Item> ready_;
  std::map<std::pair<SteadyTime, TimerId>, Timer> steady_timers_;
  std::map<std::pair<ServiceTime, TimerId>, Timer> service_timers_;
  std::map<TimerId, std::function<void()>> due_;  ///< Ready, and not run yet.
  TimerId last_timer_ = 0;
  Owner current_ = kNobody;
  bool abandoned_ = false;
  std::uint64_t trace_ = 0xCBF29CE484222325ull;
  std::uint64_t steps_ = 0;
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace penstock::env::sim
