#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock::bench {

struct FanOut {
  std::uint16_t port = 0;
  std::string_view stream;   ///< Its first shard is put to.
  std::size_t readers = 10;  ///< Consumers, each with a subscription to that shard; at most 20.
  /// More subscriptions that have nothing to read, to a stream of their own with so many shards;
  /// as many as there are readers and shards.
  std::string_view idle_stream;
  std::size_t idle_shards = 0;
  int warm_up = 30;
  int measured = 500;
  /// Between the last frame and the next put.
  std::chrono::microseconds pause{2'000};
};

struct FanOutFigures {
  std::vector<double> put_us;    ///< From the put's first byte to its acknowledgement, sorted.
  std::vector<double> frame_us;  ///< From the acknowledgement to each reader's frame; 0: before it.
  std::vector<double> whole_us;  ///< From the put's first byte to each reader's frame.
  std::size_t subscriptions = 0;
};

/// Puts one record at a time and waits for the frame of every reader.
FanOutFigures measure_fan_out(const FanOut& fan_out);

}  // namespace penstock::bench
