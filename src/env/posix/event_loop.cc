#include "env/posix/event_loop.h"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace penstock::env::posix {

namespace asio = boost::asio;

namespace {
thread_local const EventLoop* current_loop = nullptr;
/// Service timers follow a wall clock that may be stepped, so they are looked at now and then.
constexpr Nanos kServiceLookInterval = std::chrono::minutes(1);
}  // namespace

EventLoop::EventLoop(std::size_t index, const Clocks& clocks)
    : index_(index),
      clocks_(clocks),
      work_(asio::make_work_guard(context_)),
      executor_(context_.get_executor()),
      timer_(context_) {}

EventLoop::~EventLoop() = default;

bool EventLoop::is_current() const { return current_loop == this; }

void EventLoop::run() {
  current_loop = this;
  context_.run();
  current_loop = nullptr;
}

void EventLoop::stop() { context_.stop(); }

Loop::TimerId EventLoop::arm(SteadyTime at, std::function<void()> fire) {
  const Due due{at.time_since_epoch().count(), ++last_id_};
  steady_.emplace(due, std::move(fire));
  steady_where_.emplace(due.second, due);
  if (steady_.begin()->first == due) arm_earliest();
  return due.second;
}

Loop::TimerId EventLoop::arm(ServiceTime at, std::function<void()> fire) {
  const Due due{unix_millis(at), ++last_id_};
  service_.emplace(due, std::move(fire));
  service_where_.emplace(due.second, due);
  if (service_.begin()->first == due) arm_earliest();
  return due.second;
}

void EventLoop::disarm(TimerId id) {
  if (const auto at = steady_where_.find(id); at != steady_where_.end()) {
    steady_.erase(at->second);
    steady_where_.erase(at);
  } else if (const auto service_at = service_where_.find(id); service_at != service_where_.end()) {
    service_.erase(service_at->second);
    service_where_.erase(service_at);
  }
  // The Asio timer may fire for nothing once; that is cheaper than arming it again here.
}

void EventLoop::arm_earliest() {
  std::optional<SteadyTime> earliest;
  if (!steady_.empty()) earliest = SteadyTime{Nanos{steady_.begin()->first.first}};
  if (!service_.empty()) {
    const auto now = clocks_.steady_now();
    const Nanos wait = Millis{service_.begin()->first.first - unix_millis(clocks_.service_now())};
    const SteadyTime look = now + std::clamp(wait, Nanos{0}, kServiceLookInterval);
    earliest = earliest ? std::min(*earliest, look) : look;
  }
  if (!earliest || (timer_at_ && *timer_at_ <= *earliest)) return;
  timer_at_ = earliest;
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          earliest->time_since_epoch())));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // Armed anew for an earlier time.
    timer_at_.reset();
    fire_due();
  });
}

bool EventLoop::fire_one(Timers& timers, std::int64_t now, std::map<TimerId, Due>& where) {
  if (timers.empty() || timers.begin()->first.first > now) return false;
  auto node = timers.extract(timers.begin());
  where.erase(node.key().second);
  node.mapped()();  // May arm and disarm others.
  return true;
}

void EventLoop::fire_due() {
  // The time is taken once: a timer that a callback arms for "now" waits for the next look, so
  // that handlers get their turn.
  const std::int64_t steady_now = clocks_.steady_now().time_since_epoch().count();
  const std::int64_t service_now = unix_millis(clocks_.service_now());
  const TimerId newest = last_id_;
  while (last_id_ == newest && fire_one(steady_, steady_now, steady_where_)) {
  }
  while (last_id_ == newest && fire_one(service_, service_now, service_where_)) {
  }
  arm_earliest();
}

void EventLoop::look_at_service_timers() {
  asio::post(context_, [this] { fire_due(); });
}

}  // namespace penstock::env::posix
