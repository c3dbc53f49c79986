#include "env/posix/clocks.h"

#include <chrono>

namespace penstock::env::posix {

SteadyTime PosixClocks::steady_now() const {
  return SteadyTime{
      std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

WallTime PosixClocks::wall_now() const {
  return WallTime{
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())};
}

ServiceTime PosixClocks::service_now() const {
  const std::int64_t now = unix_millis(wall_now()) + offset_.load(std::memory_order_relaxed);
  std::int64_t latest = latest_.load(std::memory_order_relaxed);
  while (now > latest) {
    if (latest_.compare_exchange_weak(latest, now, std::memory_order_relaxed))
      return service_time(now);
  }
  return service_time(latest);
}

void PosixClocks::advance_service(Millis by) {
  offset_.fetch_add(by.count());
  if (told_) told_();
}

}  // namespace penstock::env::posix
