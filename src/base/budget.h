#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace penstock {

/// The memory the server may hold in chunks, buffers, replies and connections, in bytes.
/// Thread-safe. What is refused is for the caller to wait for, or to answer with a retriable error.
class Budget {
 public:
  explicit Budget(std::size_t limit_bytes) : limit_(limit_bytes) {}

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
      if (budget_ != nullptr) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
      budget_ = nullptr;
    }
    Budget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  /// An empty Share when it does not fit.
  [[nodiscard]] Share try_take(std::size_t bytes) {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ || used > limit_ - bytes) return {};
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return share(bytes);
  }
  /// Charged even beyond the limit: for what must go on (metadata, replies already decided).
  [[nodiscard]] Share take(std::size_t bytes) {
    used_.fetch_add(bytes, std::memory_order_relaxed);
    return share(bytes);
  }
  std::size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit_bytes() const { return limit_; }

 private:
  Share share(std::size_t bytes) {
    Share made;
    made.budget_ = this;
    made.bytes_ = bytes;
    return made;
  }
  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one kind of use may hold of a budget: at most `limit_bytes`, and that much even when others
/// have spent the whole. So neither starves the other, and all of it is counted. Thread-safe.
class BudgetPart {
 public:
  BudgetPart(Budget& whole, std::size_t limit_bytes) : whole_(whole), own_(limit_bytes) {}

  /// A share of both.
  class Share {
   public:
    Share() = default;
    std::size_t bytes() const { return own_.bytes(); }
    explicit operator bool() const { return static_cast<bool>(own_); }

   private:
    friend class BudgetPart;
    Share(Budget::Share own, Budget::Share whole)
        : own_(std::move(own)), whole_(std::move(whole)) {}
    Budget::Share own_;
    Budget::Share whole_;
  };

  /// An empty Share when the part is spent.
  [[nodiscard]] Share try_take(std::size_t bytes) {
    Budget::Share own = own_.try_take(bytes);
    if (!own) return {};
    return Share(std::move(own), whole_.take(bytes));
  }
  std::size_t used_bytes() const { return own_.used_bytes(); }

 private:
  Budget& whole_;
  Budget own_;
};

}  // namespace penstock
