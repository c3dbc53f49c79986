#include "api/kinesis/put_arena.h"

#include <algorithm>
#include <vector>

namespace penstock::api::kinesis {
namespace {

constexpr std::size_t kSmallest = 4 * 1024;
constexpr std::size_t kLargestKept = 2 * 1024 * 1024;
constexpr std::size_t kKept = 8;

struct Kept {
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};
thread_local std::vector<Kept> kept;

}  // namespace

PutArena::PutArena(std::size_t bytes) : size_(std::max(bytes, kSmallest)) {
  // The one given back last is warm; one that is far too large would be kept from others.
  for (std::size_t i = kept.size(); i-- > 0;) {
    if (kept[i].size < size_) continue;
    bytes_ = std::move(kept[i].bytes);
    size_ = kept[i].size;
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  if (size_ <= kLargestKept) size_ = (size_ + size_ / 2 + kSmallest - 1) / kSmallest * kSmallest;
  bytes_.reset(new char[size_]);  // Not zeroed: every byte that is read was written before.
}

PutArena::~PutArena() {
  if (size_ > kLargestKept) return;
  if (kept.size() == kKept) kept.erase(kept.begin());
  kept.push_back({std::move(bytes_), size_});
}

}  // namespace penstock::api::kinesis
