#pragma once

#include "load/http.h"
#include "load/server_cpu.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

/// What is sent, and what must come back.
class Work {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~Work() = default;
  /// A whole request; the bytes live until its reply was checked. Empty: the line has no more to
  /// do.
  virtual std::string_view next(std::size_t line, Clock::time_point now) = 0;
  /// How many records the reply speaks of. fail()s when it is not the one to a request that was
  /// fulfilled whole.
  virtual std::size_t check(std::size_t line, const Reply& reply) = 0;
};

struct Load {
  std::uint16_t port = 0;
  int server_pid = 0;  ///< 0: its CPU time is not looked at.
  std::size_t connections = 1;
  std::size_t streams = 0;  ///< Requests at once on each connection, over HTTP/2; 0: HTTP/1.1.
  bool tls = false;
  std::chrono::nanoseconds warm_up{};
  std::chrono::nanoseconds measured{};
  std::uint64_t requests_max = UINT64_MAX;  ///< Warm-up included.
};

/// The measured span; the warm-up is in none of it.
struct Figures {
  std::uint64_t requests = 0;
  std::uint64_t records = 0;
  double seconds = 0;
  CpuTime server;
  double own_cpu_s = 0;  ///< Where it comes near to `seconds` the load was the limit.
  std::vector<std::uint32_t> latencies_us_tenths;  ///< One a request, sorted.
  double latency_us(double quantile) const;
};

/// A closed loop: each of N keep-alive connections sends its next request when it has the reply to
/// the one before; over HTTP/2 each stream of each. One thread, epoll.
Figures run(const Load& load, Work& work);

}  // namespace penstock::bench
