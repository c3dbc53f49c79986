#pragma once

#include "env/clocks.h"

#include <atomic>

namespace penstock::testing {

/// Real clocks that a test moves forward, as if time had passed. Timers of the real loop know
/// nothing of it. Any thread.
class MovedClocks : public env::Clocks {
 public:
  explicit MovedClocks(env::Clocks& real) : real_(real) {}
  void move_steady(Nanos by) { steady_ahead_ += by.count(); }
  void move_wall(Millis by) { wall_ahead_ += by.count(); }
  Nanos steady_ahead() const { return Nanos{steady_ahead_}; }

  SteadyTime steady_now() const override { return real_.steady_now() + steady_ahead(); }
  WallTime wall_now() const override { return real_.wall_now() + Millis{wall_ahead_}; }
  ServiceTime service_now() const override { return real_.service_now(); }
  void advance_service(Millis by) override { real_.advance_service(by); }
  Millis service_offset() const override { return real_.service_offset(); }

 private:
  env::Clocks& real_;
  std::atomic<Nanos::rep> steady_ahead_ = 0;
  std::atomic<Millis::rep> wall_ahead_ = 0;
};

}  // namespace penstock::testing
