#include "engine/local/aligned_buffer.h"

#include "engine/local/wire.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace penstock::engine::local {

void AlignedBuffer::Free::operator()(std::uint8_t* memory) const {
  ::operator delete(memory, std::align_val_t{kAlign});
}

void AlignedBuffer::reserve(std::size_t capacity) {
  if (capacity > capacity_) reserve_exactly(std::max(capacity, capacity_ * 2));
}

void AlignedBuffer::reserve_exactly(std::size_t capacity) {
  if (capacity <= capacity_) return;
  capacity = round_up(capacity, kAlign);
  std::unique_ptr<std::uint8_t[], Free> grown(
      static_cast<std::uint8_t*>(::operator new(capacity, std::align_val_t{kAlign})));
  if (size_ != 0) std::memcpy(grown.get(), data_.get(), size_);
  data_ = std::move(grown);
  capacity_ = capacity;
}

void AlignedBuffer::append(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;  // Its pointer may be null, which memcpy does not take.
  reserve(size_ + bytes.size());
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void AlignedBuffer::resize(std::size_t size) {
  reserve(size);
  if (size > size_) std::memset(data_.get() + size_, 0, size - size_);
  size_ = size;
}

}  // namespace penstock::engine::local
