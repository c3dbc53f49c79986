#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace penstock::engine::local {

/// Bytes that grow, on memory aligned for direct I/O.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlign = 4'096;

  void append(std::span<const std::uint8_t> bytes);
  /// Grows with zeros, or shrinks.
  void resize(std::size_t size);
  void clear() { size_ = 0; }
  /// Makes room for exactly so many bytes, rounded up to kAlign; never less than there is.
  void reserve_exactly(std::size_t capacity);
  void release() {
    data_.reset();
    size_ = capacity_ = 0;
  }
  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::span<std::uint8_t> bytes() { return {data_.get(), size_}; }
  std::span<const std::uint8_t> bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const;
  };
  void reserve(std::size_t capacity);
  std::unique_ptr<std::uint8_t[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace penstock::engine::local
