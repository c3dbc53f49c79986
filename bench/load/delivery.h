#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock::bench {

struct Delivery {
  std::uint16_t port = 0;
  std::string_view stream;
  int warm_up = 30;  ///< The first one starts the function.
  int measured = 500;
  /// Between a delivery and the next put, so that the function is idle and warm again.
  std::chrono::microseconds pause{2'000};
};

struct DeliveryFigures {
  std::vector<double> put_us;       ///< From the request's first byte to its reply, sorted.
  std::vector<double> function_us;  ///< From the same byte to the function's report, sorted.
};

/// Puts one record at a time into a stream whose mapping runs one of bench/function. Its data says
/// "PORT NUMBER"; the function sends NUMBER to that UDP port, which the kernel stamps.
DeliveryFigures measure_delivery(const Delivery& delivery);

}  // namespace penstock::bench
