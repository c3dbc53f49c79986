#include "api/kinesis/put_arena.h"

#include <algorithm>
#include <vector>

namespace penstock::api::kinesis {
namespace {

constexpr std::size_t kSmallest = 4 * 1024;
constexpr std::size_t kLargestKept = 2 * 1024 * 1024;
// While puts wait for the disk there are as many arenas as connections.
constexpr std::size_t kKeptBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kKeptMax = 256;

struct Kept {
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

/// Those of one thread, in the order they were given back.
struct Shelf {
  std::vector<Kept> kept;
  std::size_t bytes = 0;
};
thread_local Shelf shelf;

void take_off(std::size_t at) {
  shelf.bytes -= shelf.kept[at].size;
  shelf.kept.erase(shelf.kept.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

PutArena::PutArena(std::size_t bytes) : size_(std::max(bytes, kSmallest)) {
  // The one given back last is warm; one that is far too large would be kept from others.
  constexpr std::size_t kFarTooLarge = 8;
  for (std::size_t i = shelf.kept.size(); i-- > 0;) {
    const std::size_t size = shelf.kept[i].size;
    if (size < size_ || size / kFarTooLarge > size_) continue;
    bytes_ = std::move(shelf.kept[i].bytes);
    take_off(i);
    size_ = size;
    return;
  }
  if (size_ <= kLargestKept) {
    // Not beyond what is kept: it would be made anew each time.
    size_ = std::min((size_ + size_ / 2 + kSmallest - 1) / kSmallest * kSmallest, kLargestKept);
  }
  bytes_.reset(new char[size_]);  // Not zeroed: every byte that is read was written before.
}

PutArena::~PutArena() {
  if (size_ > kLargestKept) return;
  while (shelf.kept.size() == kKeptMax || shelf.bytes + size_ > kKeptBytesMax) take_off(0);
  shelf.bytes += size_;
  shelf.kept.push_back({std::move(bytes_), size_});
}

}  // namespace penstock::api::kinesis
