#include "engine/local/aligned_buffer.h"

#include "engine/local/wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::engine::local {

void AlignedBuffer::reserve(std::size_t wanted) {
  if (wanted > capacity()) reserve_exactly(std::max(wanted, capacity() * 2));
}

void AlignedBuffer::reserve_exactly(std::size_t wanted) {
  if (wanted <= capacity()) return;
  Pages grown(round_up(wanted, kAlign));
  if (size_ != 0) std::memcpy(grown.data(), data_.data(), size_);
  data_ = std::move(grown);
}

void AlignedBuffer::append(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;  // Its pointer may be null, which memcpy does not take.
  reserve(size_ + bytes.size());
  std::memcpy(data_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void AlignedBuffer::resize(std::size_t size) {
  reserve(size);
  if (size > size_) std::memset(data_.data() + size_, 0, size - size_);
  size_ = size;
}

}  // namespace penstock::engine::local
