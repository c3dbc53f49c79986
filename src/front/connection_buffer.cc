#include "front/connection_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace penstock::front {
namespace {

constexpr std::size_t kSmallest = 8u << 10;
constexpr std::size_t kLargestKept = 2u << 20;
constexpr std::size_t kLargeStep = 64u << 10;
constexpr std::size_t kKeptBytesMax = 16u << 20;
constexpr Nanos kUnusedMax = std::chrono::seconds(5);

std::size_t capacity_for(std::size_t bytes) {
  if (bytes > kLargestKept) return (bytes + kLargeStep - 1) / kLargeStep * kLargeStep;
  return std::bit_ceil(std::max(bytes, kSmallest));
}

std::size_t class_of(std::size_t capacity) {
  return static_cast<std::size_t>(std::countr_zero(capacity / kSmallest));
}

std::size_t charge_for(std::size_t capacity) { return 2 * capacity; }

}  // namespace

// --- The shelf ------------------------------------------------------------------------------

BufferShelf::BufferShelf(Budget& budget)
    : budget_(budget), kept_bytes_max_(std::min(budget.limit_bytes() / 8, kKeptBytesMax)) {}

BufferShelf::Piece BufferShelf::take(std::size_t at_least) {
  const std::size_t capacity = capacity_for(at_least);
  was_used_ = true;
  if (capacity <= kLargestKept) {
    auto& kept = kept_[class_of(capacity)];
    if (!kept.empty()) {
      Piece piece = std::move(kept.back());
      kept.pop_back();
      kept_bytes_ -= capacity;
      return piece;
    }
  }
  Piece piece;
  piece.share = budget_.try_take(charge_for(capacity));
  if (!piece.share && kept_bytes_ != 0) {
    clear();
    piece.share = budget_.try_take(charge_for(capacity));
  }
  if (!piece.share) return {};
  piece.bytes = std::make_unique_for_overwrite<char[]>(capacity);
  piece.capacity = capacity;
  return piece;
}

void BufferShelf::give_back(Piece piece) {
  const std::size_t capacity = piece.capacity;
  if (capacity == 0 || capacity > kLargestKept || kept_bytes_ + capacity > kept_bytes_max_) return;
  kept_bytes_ += capacity;
  kept_[class_of(capacity)].push_back(std::move(piece));
}

bool BufferShelf::fits_ever(std::size_t bytes) const {
  return charge_for(capacity_for(bytes)) <= budget_.limit_bytes() / 16 * 15;
}

void BufferShelf::clear() {
  for (auto& kept : kept_) kept.clear();
  kept_bytes_ = 0;
}

void BufferShelf::drop_unused(SteadyTime now) {
  if (std::exchange(was_used_, false)) {
    unused_since_ = now;
  } else if (now - unused_since_ > kUnusedMax) {
    clear();
  }
}

// --- One connection's -------------------------------------------------------------------------

bool ConnectionBuffer::reserve(std::size_t total) {
  if (begin_ + total <= capacity()) return true;
  if (total <= capacity()) {
    std::memmove(piece_.bytes.get(), data(), size());
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  BufferShelf::Piece larger = shelf_.take(total + kSpare);
  if (larger.bytes == nullptr) return false;
  if (size() != 0) std::memcpy(larger.bytes.get(), data(), size());
  end_ -= begin_;
  begin_ = 0;
  std::swap(piece_, larger);
  shelf_.give_back(std::move(larger));
  return true;
}

void ConnectionBuffer::drop(std::size_t at, std::size_t bytes) {
  if (bytes == 0) return;
  std::memmove(data() + at, data() + at + bytes, size() - at - bytes);
  end_ -= bytes;
}

void ConnectionBuffer::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  shelf_.give_back(std::exchange(piece_, {}));
}

}  // namespace penstock::front
