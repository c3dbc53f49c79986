#pragma once

#include "load/closed_loop.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace penstock::bench {

/// The closed loop over HTTP/2: `load.connections` connections with `load.streams` requests at once
/// on each, written by nghttp2.
class Http2Loop {
 public:
  Http2Loop(const Load& load, Work& work);
  ~Http2Loop();
  Http2Loop(const Http2Loop&) = delete;
  Http2Loop& operator=(const Http2Loop&) = delete;

  /// Goes on until `until`, then waits for the replies that are still to come.
  void drive(Work::Clock::time_point until, std::vector<std::uint32_t>* latencies);
  std::uint64_t records() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace penstock::bench
