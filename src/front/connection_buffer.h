#pragma once

#include "base/budget.h"
#include "base/time.h"

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace penstock::front {

/// So much of a body must have come before it gets room for all of it.
inline constexpr std::size_t kBodyProof = 4u << 10;

/// The memory of requests on one loop: pieces that connections take while they read and handle a
/// request, and give back between requests. So a connection that stays idle holds none, and warm
/// pieces go from one connection to the next.
///
/// A piece is charged to the budget at twice its size: for the bytes that come in, and for what the
/// handler makes of them while it runs.
class BufferShelf {
 public:
  struct Piece {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
    Budget::Share share;
  };

  explicit BufferShelf(Budget& budget);

  /// A piece of at least so many bytes; without bytes when the budget is spent.
  Piece take(std::size_t at_least);
  void give_back(Piece piece);
  /// Whether a piece of this size could be had if nobody else had any.
  bool fits_ever(std::size_t bytes) const;
  /// Lets the kept ones go; `drop_unused` only when none was wanted for a while.
  void clear();
  void drop_unused(SteadyTime now);

 private:
  static constexpr std::size_t kClasses = 9;  // 8 KiB to 2 MiB.
  Budget& budget_;
  const std::size_t kept_bytes_max_;
  std::size_t kept_bytes_ = 0;
  bool was_used_ = false;
  SteadyTime unused_since_;
  std::array<std::vector<Piece>, kClasses> kept_;
};

/// Bytes received and not yet consumed, in one piece, with 64 readable bytes behind them (what
/// simdjson reads past a body). Holds no memory between requests.
class ConnectionBuffer {
 public:
  static constexpr std::size_t kSpare = 64;

  explicit ConnectionBuffer(BufferShelf& shelf) : shelf_(shelf) {}
  ~ConnectionBuffer() { shelf_.give_back(std::move(piece_)); }
  ConnectionBuffer(const ConnectionBuffer&) = delete;
  ConnectionBuffer& operator=(const ConnectionBuffer&) = delete;

  char* data() { return piece_.bytes.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  /// Where the next bytes go, and how many fit.
  char* tail() { return piece_.bytes.get() + end_; }
  std::size_t room() const { return capacity() - end_; }
  void received(std::size_t bytes) { end_ += bytes; }
  /// Bytes it has room for, without the spare ones.
  std::size_t capacity() const { return piece_.capacity == 0 ? 0 : piece_.capacity - kSpare; }

  /// Makes room for `total` bytes from data() on. False: the budget is spent. Moves data().
  bool reserve(std::size_t total);
  /// Gives its memory back when nothing is left in it.
  void consume(std::size_t bytes);
  /// Takes bytes out of the middle.
  void drop(std::size_t at, std::size_t bytes);

 private:
  BufferShelf& shelf_;
  BufferShelf::Piece piece_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace penstock::front
