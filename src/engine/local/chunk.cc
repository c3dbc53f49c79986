#include "engine/local/chunk.h"

#include "base/check.h"
#include "engine/local/frame.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace penstock::engine::local {
namespace {

constexpr std::size_t kIndexEveryBytes = 4'096;

std::size_t class_of(std::size_t capacity) {
  return static_cast<std::size_t>(std::countr_zero(capacity / ChunkPool::kSmallest));
}

bool is_class(std::size_t capacity) {
  return capacity <= ChunkPool::kLargest && std::has_single_bit(capacity);
}

}  // namespace

std::uint8_t* Chunk::extend(std::size_t length, Position first, std::uint32_t count,
                            ServiceTime arrival) {
  PENSTOCK_CHECK(length <= room(), "the frame fits into the chunk");
  if (used_ == 0) first_ = first;
  if (index_.empty() || used_ - index_.back().offset >= kIndexEveryBytes) {
    index_.push_back({first, arrival, static_cast<std::uint32_t>(used_)});
  }
  std::uint8_t* at = data_.data() + used_;
  used_ += length;
  next_ = Position{first.index + count};
  last_arrival_ = arrival;
  return at;
}

std::size_t Chunk::seek(Position at) const {
  const auto after = std::upper_bound(
      index_.begin(), index_.end(), at,
      [](Position wanted, const IndexEntry& entry) { return wanted < entry.first; });
  return after == index_.begin() ? 0 : std::prev(after)->offset;
}

std::size_t Chunk::seek(ServiceTime at) const {
  const auto not_before = std::lower_bound(
      index_.begin(), index_.end(), at,
      [](const IndexEntry& entry, ServiceTime wanted) { return entry.arrival < wanted; });
  return not_before == index_.begin() ? 0 : std::prev(not_before)->offset;
}

std::size_t Chunk::end_of(Position limit) const {
  if (limit >= next_) return used_;
  std::size_t at = seek(limit);
  while (at < used_) {
    const RecordsHeader header = records_header(data_.data() + at);
    if (header.first >= limit) break;
    at += header.length;
  }
  return at;
}

void Chunk::cut(Position next) {
  used_ = end_of(next);
  next_ = next;
  std::erase_if(index_, [this](const IndexEntry& entry) { return entry.offset >= used_; });
}

void Chunk::rewind(const Mark& to) {
  used_ = to.used;
  next_ = to.next;
  last_arrival_ = to.last_arrival;
  index_.resize(to.index_size);
}

std::shared_ptr<Chunk> ChunkPool::make(std::size_t at_least, bool forced) {
  std::size_t capacity = std::max(kSmallest, std::bit_ceil(at_least));
  if (capacity > kLargest) capacity = round_up(at_least, 4'096);
  const auto shared = [this](std::unique_ptr<Chunk> chunk) {
    return std::shared_ptr<Chunk>(chunk.release(), [pool = weak_from_this()](Chunk* gone) {
      std::unique_ptr<Chunk> owned(gone);
      if (const auto home = pool.lock()) home->recycle(std::move(owned));
    });
  };
  if (is_class(capacity)) {
    const std::lock_guard lock(mutex_);
    auto& free = free_[class_of(capacity)];
    if (!free.empty()) {
      auto chunk = std::move(free.back());
      free.pop_back();
      free_bytes_ -= capacity;
      return shared(std::move(chunk));
    }
  }
  auto share = budget_.try_take(capacity);
  if (!share) {
    clear();
    share = forced ? budget_.take(capacity) : budget_.try_take(capacity);
    if (!share) return nullptr;
  }
  auto chunk = std::make_unique<Chunk>();
  chunk->data_ = Pages(capacity);
  chunk->share_ = std::move(share);
  return shared(std::move(chunk));
}

void ChunkPool::recycle(std::unique_ptr<Chunk> chunk) {
  if (!is_class(chunk->capacity())) return;
  chunk->used_ = 0;
  chunk->index_.clear();
  chunk->last_arrival_ = {};
  const std::lock_guard lock(mutex_);
  if (free_bytes_ + chunk->capacity() > free_bytes_max_) return;
  free_bytes_ += chunk->capacity();
  free_[class_of(chunk->capacity())].push_back(std::move(chunk));
}

std::size_t ChunkPool::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

void ChunkPool::clear() {
  std::array<std::vector<std::unique_ptr<Chunk>>, kClasses> gone;
  const std::lock_guard lock(mutex_);
  gone.swap(free_);
  free_bytes_ = 0;
}

}  // namespace penstock::engine::local
