#pragma once

#include "env/clocks.h"
#include "env/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <optional>
#include <thread>

namespace penstock::env::posix {

/// One io_context with timers on two clocks. Runs on the one thread that calls run().
class EventLoop final : public Loop {
 public:
  EventLoop(std::size_t index, const Clocks& clocks);
  ~EventLoop() override;

  const Executor& executor() const override { return executor_; }
  bool is_current() const override;
  std::size_t index() const override { return index_; }
  TimerId arm(SteadyTime at, std::function<void()> fire) override;
  TimerId arm(ServiceTime at, std::function<void()> fire) override;
  void disarm(TimerId id) override;

  void run();
  /// Any thread.
  void stop();
  /// The service clock was advanced; any thread.
  void look_at_service_timers();
  boost::asio::io_context& context() { return context_; }

 private:
  using Due = std::pair<std::int64_t, TimerId>;  ///< Nanoseconds or milliseconds of its clock.
  using Timers = std::map<Due, std::function<void()>>;
  void arm_earliest();
  void fire_due();
  static bool fire_one(Timers& timers, std::int64_t now, std::map<TimerId, Due>& where);

  const std::size_t index_;
  const Clocks& clocks_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  Executor executor_;
  boost::asio::steady_timer timer_;
  std::optional<SteadyTime> timer_at_;
  Timers steady_;
  Timers service_;
  std::map<TimerId, Due> steady_where_;
  std::map<TimerId, Due> service_where_;
  TimerId last_id_ = 0;
};

}  // namespace penstock::env::posix
