#pragma once

#include "base/budget.h"

#include <cstddef>
#include <memory>

namespace penstock::front {

/// Bytes received and not yet consumed, in one piece, with 64 readable bytes behind them (what
/// simdjson reads past a body). Recycled from request to request.
class ConnectionBuffer {
 public:
  static constexpr std::size_t kSpare = 64;

  explicit ConnectionBuffer(Budget& budget) : budget_(&budget) {}

  char* data() { return bytes_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  /// Where the next bytes go, and how many fit.
  char* tail() { return bytes_.get() + end_; }
  std::size_t room() const { return capacity_ - end_; }
  void received(std::size_t bytes) { end_ += bytes; }

  /// Makes room for `total` bytes from data() on. False: the budget is spent. Moves data().
  bool reserve(std::size_t total);
  void consume(std::size_t bytes);
  /// Gives a large buffer back that nobody needs now.
  void shrink_when_empty(std::size_t keep_bytes);

 private:
  Budget* budget_;
  Budget::Share share_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;  ///< Without the spare bytes.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace penstock::front
