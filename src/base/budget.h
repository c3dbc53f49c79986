#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace penstock {

/// Memory that may be held at most, in bytes, by itself or as a part of a larger budget: what is
/// taken from a part is taken from the whole, too. Thread-safe. What is refused is for the caller
/// to wait for, or to answer with a retriable error.
class Budget {
 public:
  explicit Budget(std::size_t limit_bytes) : limit_(limit_bytes) {}
  /// A part: it may hold `limit_bytes`, as long as the whole has them. `whole` outlives it.
  Budget(std::size_t limit_bytes, Budget& whole) : limit_(limit_bytes), whole_(&whole) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// A share that is given back when it goes.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        give_back();
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Share() { give_back(); }
    std::size_t bytes() const { return bytes_; }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class Budget;
    void give_back() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
      budget_ = nullptr;
    }
    Budget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  /// An empty Share when it does not fit.
  [[nodiscard]] Share try_take(std::size_t bytes) {
    return try_charge(bytes) ? share(bytes) : Share();
  }
  /// Charged even beyond the limit: for what must go on (metadata, replies already decided).
  [[nodiscard]] Share take(std::size_t bytes) {
    for (Budget* one = this; one != nullptr; one = one->whole_) {
      one->used_.fetch_add(bytes, std::memory_order_relaxed);
    }
    return share(bytes);
  }
  std::size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit_bytes() const { return limit_; }
  /// What must go so that half of this, and of the whole, is free. `spare` bytes of what is used
  /// wait to be used again, by the same holders.
  std::size_t excess_bytes(std::size_t spare = 0) const {
    const std::size_t all = used_bytes();
    const std::size_t used = all - std::min(all, spare);
    const std::size_t own = used - std::min(used, limit_ / 2);
    return whole_ == nullptr ? own : std::max(own, whole_->excess_bytes());
  }
  /// Whether more than three quarters are used, of this or of the whole: time to let things go.
  bool is_short() const { return used_bytes() > short_bytes() || is_whole_short(); }
  std::size_t short_bytes() const { return limit_ / 4 * 3; }
  bool is_whole_short() const { return whole_ != nullptr && whole_->is_short(); }

 private:
  bool try_charge(std::size_t bytes) {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ || used > limit_ - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    if (whole_ == nullptr || whole_->try_charge(bytes)) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) {
    for (Budget* one = this; one != nullptr; one = one->whole_) {
      one->used_.fetch_sub(bytes, std::memory_order_relaxed);
    }
  }
  Share share(std::size_t bytes) {
    Share made;
    made.budget_ = this;
    made.bytes_ = bytes;
    return made;
  }
  const std::size_t limit_;
  Budget* const whole_ = nullptr;
  std::atomic<std::size_t> used_{0};
};

}  // namespace penstock
