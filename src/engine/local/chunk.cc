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
/// Free chunks of other sizes that go for one that comes back, at most.
constexpr std::size_t kPlacesTaken = 64;

std::size_t class_of(std::size_t capacity) {
  return static_cast<std::size_t>(std::countr_zero(capacity / ChunkPool::kSmallest));
}

bool is_class(std::size_t capacity) {
  return capacity <= ChunkPool::kLargest && std::has_single_bit(capacity);
}

/// What a chunk has that is to hold as much.
std::size_t capacity_for(std::size_t bytes) {
  const std::size_t capacity = std::max(ChunkPool::kSmallest, std::bit_ceil(bytes));
  return capacity <= ChunkPool::kLargest ? capacity : round_up(bytes, 4'096);
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
  while (!index_.empty() && index_.back().offset >= used_) index_.pop_back();
}

void Chunk::rewind(const Mark& to) {
  used_ = to.used;
  next_ = to.next;
  last_arrival_ = to.last_arrival;
  index_.resize(to.index_size);
}

std::shared_ptr<Chunk> ChunkPool::make(std::size_t at_least, bool forced) {
  const std::size_t capacity = capacity_for(at_least);
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
  while (!share && make_room(capacity)) share = budget_.try_take(capacity);
  if (!share && forced) share = budget_.take(capacity);
  if (!share) return nullptr;
  auto chunk = std::make_unique<Chunk>();
  chunk->data_ = Pages(capacity);
  chunk->share_ = std::move(share);
  return shared(std::move(chunk));
}

std::shared_ptr<Chunk> ChunkPool::make_next(Chunk* last, std::size_t at_least, bool forced) {
  const std::size_t capacity = next_capacity(last, at_least);
  auto chunk = make(capacity, forced);
  if (chunk == nullptr) return nullptr;
  if (last != nullptr) ends_growing(*last);
  if (chunk->capacity() > kSmallest) {
    chunk->grows_ = true;
    ++growing_;
  }
  return chunk;
}

std::size_t ChunkPool::next_capacity(const Chunk* last, std::size_t at_least) const {
  const std::size_t least = capacity_for(at_least);
  if (last == nullptr) return least;
  const std::size_t growing = growing_ + (last->grows_ ? 0 : 1);
  const std::size_t share = std::bit_floor(budget_.limit_bytes() / 8 / growing);
  return std::max(least, std::min({last->capacity() * 2, share, kLargest}));
}

void ChunkPool::ends_growing(Chunk& chunk) {
  if (std::exchange(chunk.grows_, false)) --growing_;
}

void ChunkPool::recycle(std::unique_ptr<Chunk> chunk) {
  ends_growing(*chunk);
  if (!is_class(chunk->capacity())) return;
  chunk->used_ = 0;
  chunk->index_.clear();
  chunk->last_arrival_ = {};
  FreeChunks gone;  // Before the lock, so that it outlives it.
  const std::lock_guard lock(mutex_);
  auto& own = free_[class_of(chunk->capacity())];
  // What comes back now is of the size that is asked for now: older ones of others may go.
  while (free_bytes_ + chunk->capacity() > free_bytes_max_) {
    auto other = gone.size() == kPlacesTaken ? nullptr : take_free(&own);
    if (other == nullptr) return;
    gone.push_back(std::move(other));
  }
  free_bytes_ += chunk->capacity();
  own.push_back(std::move(chunk));
}

/// A put waits for it, under its shard's lock: as many free ones go as it needs, and no more.
/// False: there are none.
bool ChunkPool::make_room(std::size_t bytes) {
  FreeChunks gone;  // Before the lock, so that it outlives it.
  const std::lock_guard lock(mutex_);
  std::size_t found = 0;
  while (found < bytes) {
    auto one = take_free();
    if (one == nullptr) break;
    found += one->capacity();
    gone.push_back(std::move(one));
  }
  return found > 0;
}

/// Under the mutex: one of the largest there are, but not of `but`. Null: there is none.
std::unique_ptr<Chunk> ChunkPool::take_free(const FreeChunks* but) {
  const auto from = std::find_if(free_.rbegin(), free_.rend(), [but](const FreeChunks& free) {
    return &free != but && !free.empty();
  });
  if (from == free_.rend()) return nullptr;
  auto taken = std::move(from->back());
  from->pop_back();
  free_bytes_ -= taken->capacity();
  return taken;
}

std::size_t ChunkPool::free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }

void ChunkPool::clear() {
  std::array<FreeChunks, kClasses> gone;  // Outlives the lock.
  const std::lock_guard lock(mutex_);
  gone.swap(free_);
  free_bytes_ = 0;
}

}  // namespace penstock::engine::local
