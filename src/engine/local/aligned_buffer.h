#pragma once

#include "base/pages.h"

#include <cstdint>
#include <span>

namespace penstock::engine::local {

/// Bytes that grow, on memory aligned for direct I/O.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlign = Pages::kAlign;

  void append(std::span<const std::uint8_t> bytes);
  /// Grows with zeros, or shrinks.
  void resize(std::size_t size);
  void clear() { size_ = 0; }
  /// Makes room for exactly so many bytes, rounded up to kAlign; never less than there is.
  void reserve_exactly(std::size_t capacity);
  void release() {
    data_ = {};
    size_ = 0;
  }
  std::uint8_t* data() { return data_.data(); }
  const std::uint8_t* data() const { return data_.data(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return data_.size(); }
  std::span<std::uint8_t> bytes() { return {data_.data(), size_}; }
  std::span<const std::uint8_t> bytes() const { return {data_.data(), size_}; }

 private:
  void reserve(std::size_t capacity);
  Pages data_;
  std::size_t size_ = 0;
};

}  // namespace penstock::engine::local
