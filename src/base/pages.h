#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace penstock {

/// Memory on a multiple of 4,096, not initialized. From 64 KiB on it comes straight from the
/// operating system, touched already, and goes back there whole: what malloc gets back from
/// several threads in such sizes stays with the process, and adds up to several times what is used.
class Pages {
 public:
  static constexpr std::size_t kAlign = 4'096;

  Pages() : data_(nullptr, Free{0}) {}
  explicit Pages(std::size_t bytes);
  std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return data_ == nullptr ? 0 : data_.get_deleter().bytes; }

 private:
  struct Free {
    std::size_t bytes;
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t[], Free> data_;
};

}  // namespace penstock
