#include "front/connection_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace penstock::front {

namespace {
constexpr std::size_t kSmallest = 8u << 10;
}

bool ConnectionBuffer::reserve(std::size_t total) {
  if (begin_ + total <= capacity_) return true;
  if (total <= capacity_) {
    std::memmove(bytes_.get(), data(), size());
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  const std::size_t capacity = std::bit_ceil(std::max(total + kSpare, kSmallest)) - kSpare;
  Budget::Share share = budget_->try_take(capacity + kSpare);
  if (!share) return false;
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kSpare);
  if (size() != 0) std::memcpy(bytes.get(), data(), size());
  end_ -= begin_;
  begin_ = 0;
  bytes_ = std::move(bytes);
  capacity_ = capacity;
  share_ = std::move(share);
  return true;
}

void ConnectionBuffer::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ConnectionBuffer::shrink_when_empty(std::size_t keep_bytes) {
  if (size() != 0 || capacity_ <= keep_bytes) return;
  bytes_.reset();
  share_ = {};
  capacity_ = begin_ = end_ = 0;
}

}  // namespace penstock::front
