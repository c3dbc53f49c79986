#pragma once

#include <atomic>
#include <cstddef>

namespace penstock::front {

/// How many connections all listeners of a port may have together. Thread-safe.
class ConnectionSlots {
 public:
  explicit ConnectionSlots(std::size_t most) : most_(most) {}
  bool try_take() {
    std::size_t taken = taken_.load(std::memory_order_relaxed);
    do {
      if (taken >= most_) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
    return true;
  }
  void give_back() { taken_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t most() const { return most_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace penstock::front
