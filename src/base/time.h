#pragma once

#include <chrono>
#include <cstdint>

namespace penstock {

/// Three clocks, three types: mixing them is a compile error.
///
/// steady   time-outs; nanoseconds since an arbitrary start
/// wall     HTTP Date, signatures, Runtime API deadlines; Unix time
/// service  arrival times, retention, expiry, ages, retries; Unix time plus what was advanced
struct SteadyClock {};
struct WallClock {};
struct ServiceClock {};

using Millis = std::chrono::milliseconds;
using Nanos = std::chrono::nanoseconds;
using Seconds = std::chrono::seconds;

using SteadyTime = std::chrono::time_point<SteadyClock, Nanos>;
using WallTime = std::chrono::time_point<WallClock, Millis>;
using ServiceTime = std::chrono::time_point<ServiceClock, Millis>;

inline std::int64_t unix_millis(WallTime t) { return t.time_since_epoch().count(); }
inline std::int64_t unix_millis(ServiceTime t) { return t.time_since_epoch().count(); }
inline std::int64_t unix_seconds(ServiceTime t) {
  return std::chrono::floor<Seconds>(t.time_since_epoch()).count();
}
inline ServiceTime service_time(std::int64_t unix_ms) { return ServiceTime{Millis{unix_ms}}; }

}  // namespace penstock
