#pragma once

#include "env/clocks.h"

#include <atomic>
#include <functional>

namespace penstock::env::posix {

class PosixClocks final : public Clocks {
 public:
  explicit PosixClocks(Millis service_offset) : offset_(service_offset.count()) {}

  SteadyTime steady_now() const override;
  WallTime wall_now() const override;
  ServiceTime service_now() const override;
  void advance_service(Millis by) override;
  Millis service_offset() const override { return Millis{offset_.load()}; }

  /// Told after each advance, on the advancing thread.
  void on_advance(std::function<void()> told) { told_ = std::move(told); }

 private:
  std::atomic<std::int64_t> offset_;
  mutable std::atomic<std::int64_t> latest_{0};  ///< The service clock never goes back.
  std::function<void()> told_;
};

}  // namespace penstock::env::posix
