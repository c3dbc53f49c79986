#pragma once

#include <cstddef>
#include <memory>

namespace penstock::api::kinesis {

/// A request's decoded blobs: one piece of memory, taken from and given back to a few that each
/// loop keeps, so that large puts do not fault fresh pages in again and again. Lives and dies on
/// one loop.
class PutArena {
 public:
  explicit PutArena(std::size_t bytes);
  ~PutArena();
  PutArena(const PutArena&) = delete;
  PutArena& operator=(const PutArena&) = delete;
  char* data() { return bytes_.get(); }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace penstock::api::kinesis
