#include "env/sim/scheduler.h"

#include "base/check.h"

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <limits>
#include <utility>

namespace penstock::env::sim {
namespace {

namespace asio = boost::asio;

/// 2026-01-01T00:00:00Z: virtual wall time starts here.
constexpr std::int64_t kWallStartMs = 1'767'225'600'000;

template <class F>
class ReadyCall final : public Ready {
 public:
  explicit ReadyCall(F work) : work_(std::move(work)) {}
  void run() override { std::move(work_)(); }

 private:
  F work_;
};

/// What Asio needs to treat the scheduler as a place where handlers run. Never runs one inline.
class SimExecutor {
 public:
  SimExecutor(Scheduler& scheduler, asio::execution_context& context, Owner owner)
      : scheduler_(&scheduler), context_(&context), owner_(owner) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  template <class F>
  void execute(F&& work) const {
    scheduler_->add(owner_, std::unique_ptr<Ready>(std::make_unique<ReadyCall<std::decay_t<F>>>(
                                std::forward<F>(work))));
  }
  bool operator==(const SimExecutor&) const noexcept = default;

 private:
  Scheduler* scheduler_;
  asio::execution_context* context_;
  Owner owner_;
};

}  // namespace

struct Scheduler::Context {
  asio::execution_context asio;
};

Scheduler::Scheduler(std::uint64_t seed) : prng_(seed), context_(std::make_unique<Context>()) {
  Gate::track_suspended(true);
}

Scheduler::~Scheduler() {
  abandon();
  Scope::set_abandoning(false);
  // This thread may go on with real loops, whose gates are released by other threads.
  Gate::track_suspended(false);
}

Executor Scheduler::executor(Owner owner) { return SimExecutor(*this, context_->asio, owner); }

void Scheduler::add(Owner owner, std::unique_ptr<Ready> work) {
  // In an abandoned world new work is destroyed, which is also how Asio unwinds a coroutine.
  if (!abandoned_) ready_.push_back({owner, std::move(work)});
}

void Scheduler::add(Owner owner, std::function<void()> work) {
  add(owner,
      std::unique_ptr<Ready>(std::make_unique<ReadyCall<std::function<void()>>>(std::move(work))));
}

Scheduler::TimerId Scheduler::arm(Owner owner, SteadyTime at, std::function<void()> fire) {
  const TimerId id = ++last_timer_;
  if (!abandoned_) steady_timers_.emplace(std::pair(at, id), Timer{owner, std::move(fire)});
  return id;
}

Scheduler::TimerId Scheduler::arm(Owner owner, ServiceTime at, std::function<void()> fire) {
  const TimerId id = ++last_timer_;
  if (!abandoned_) service_timers_.emplace(std::pair(at, id), Timer{owner, std::move(fire)});
  return id;
}

void Scheduler::disarm(TimerId id) {
  const auto has_id = [id](const auto& entry) { return entry.first.second == id; };
  if (std::erase_if(steady_timers_, has_id) == 0) std::erase_if(service_timers_, has_id);
  due_.erase(id);
}

WallTime Scheduler::wall_now() const {
  return WallTime{Millis{kWallStartMs} +
                  std::chrono::duration_cast<Millis>(now_.time_since_epoch())};
}

ServiceTime Scheduler::service_now() const {
  return service_time(unix_millis(wall_now())) + service_offset_;
}

void Scheduler::advance_service(Millis by) {
  PENSTOCK_CHECK(by >= Millis{0}, "the service clock never goes back");
  service_offset_ += by;
  mix(static_cast<std::uint64_t>(by.count()));
}

void Scheduler::mix(std::uint64_t value) {
  trace_ = (trace_ ^ value) * 0x100000001B3ull;
  trace_ ^= trace_ >> 29;
}

void Scheduler::fire_due() {
  while (!steady_timers_.empty() && steady_timers_.begin()->first.first <= now_) {
    auto node = steady_timers_.extract(steady_timers_.begin());
    make_ready(node.key().second, std::move(node.mapped()));
  }
  while (!service_timers_.empty() && service_timers_.begin()->first.first <= service_now()) {
    auto node = service_timers_.extract(service_timers_.begin());
    make_ready(node.key().second, std::move(node.mapped()));
  }
}

/// It runs in its turn, unless it is disarmed before that.
void Scheduler::make_ready(TimerId id, Timer timer) {
  due_.emplace(id, std::move(timer.fire));
  add(timer.owner, [this, id] {
    const auto due = due_.extract(id);
    if (!due.empty()) due.mapped()();
  });
}

bool Scheduler::next_timer(SteadyTime& at) const {
  bool found = false;
  if (!steady_timers_.empty()) {
    at = steady_timers_.begin()->first.first;
    found = true;
  }
  if (!service_timers_.empty()) {
    const auto wall = service_timers_.begin()->first.first - service_offset_;
    // A timer "for ever" lies beyond what nanoseconds can say.
    constexpr std::int64_t kMsMax = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    const std::int64_t since_start = unix_millis(wall) - kWallStartMs;
    const SteadyTime due =
        since_start > kMsMax ? SteadyTime::max() : SteadyTime{Millis{since_start}};
    if (!found || due < at) at = due;
    found = true;
  }
  return found;
}

bool Scheduler::step(SteadyTime until) {
  if (abandoned_) return false;
  fire_due();
  if (ready_.empty()) {
    SteadyTime at{};
    if (!next_timer(at) || at > until) {
      if (until > now_ && until != SteadyTime::max()) now_ = until;
      return false;
    }
    if (at > now_) now_ = at;
    fire_due();
    if (ready_.empty()) return false;
  }
  const std::size_t chosen = prng_.below(ready_.size());
  Item item = std::move(ready_[chosen]);
  ready_[chosen] = std::move(ready_.back());
  ready_.pop_back();
  mix(chosen * 4'096 + item.owner);
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  ++steps_;
  current_ = item.owner;
  item.work->run();
  item.work.reset();
  current_ = kNobody;
  return true;
}

void Scheduler::abandon() {
  abandoned_ = true;
  Scope::set_abandoning(true);
  // Each destruction may post, arm or destroy more: take everything out first.
  auto ready = std::exchange(ready_, {});
  auto steady = std::exchange(steady_timers_, {});
  auto service = std::exchange(service_timers_, {});
  auto due = std::exchange(due_, {});
  ready.clear();
  steady.clear();
  service.clear();
  due.clear();
  Gate::destroy_suspended();
}

void Scheduler::revive() {
  abandoned_ = false;
  Scope::set_abandoning(false);
}

}  // namespace penstock::env::sim
