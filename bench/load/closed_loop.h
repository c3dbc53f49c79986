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
  virtual ~Work() = default;
  /// A whole request; the bytes live until its reply was checked.
  virtual std::string_view next() = 0;
  /// fail()s when the reply is not the one to a request that was fulfilled whole.
  virtual void check(const Reply& reply) const = 0;
};

struct Load {
  std::uint16_t port = 0;
  int server_pid = 0;
  std::size_t connections = 1;
  std::chrono::nanoseconds warm_up = std::chrono::milliseconds(300);
  std::chrono::nanoseconds measured = std::chrono::seconds(5);
  std::uint64_t requests_max = UINT64_MAX;  ///< Warm-up included.
};

/// The measured span; the warm-up is in none of it.
struct Figures {
  std::uint64_t requests = 0;
  double seconds = 0;
  CpuTime server;
  std::vector<std::uint32_t> latencies_us_tenths;  ///< One a request, sorted.
  double latency_us(double quantile) const;
};

/// A closed loop: each of N keep-alive connections sends its next request when it has the reply to
/// the one before. One thread, epoll.
Figures run(const Load& load, Work& work);

}  // namespace penstock::bench
