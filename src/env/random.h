#pragma once

#include <cstdint>
#include <span>

namespace penstock::env {

/// Unpredictable in the real world, from the seed in the simulator. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
  std::uint64_t next() {
    std::uint8_t bytes[8];
    fill(bytes);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }
  /// Uniform in [0, bound); bound > 0. The bias of the remainder is below 2^-32 for our bounds.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

}  // namespace penstock::env
