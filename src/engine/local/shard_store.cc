// The shard as the store sees it: what is to be flushed, and where it is at rest.

#include "engine/local/segment.h"
#include "engine/local/shard.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace penstock::engine::local {
namespace {

/// What is given back at once: to unmap a megabyte takes a tenth of a millisecond.
constexpr std::size_t kChunksAtOnce = 16;
constexpr std::size_t kBlocksAtOnce = 1'000;

/// Moves those in front that may go to `into`, up to `most`. Whether there are more.
template <class T, class MayGo>
bool take_front(std::deque<T>& from, std::vector<T>& into, std::size_t most, MayGo may_go) {
  for (; !from.empty() && may_go(from.front()); from.pop_front()) {
    if (into.size() == most) return true;
    into.push_back(std::move(from.front()));
  }
  return false;
}

}  // namespace

Shard::Unflushed Shard::unflushed() const {
  const std::lock_guard lock(mutex_);
  Unflushed found;
  found.flushed_next = flushed_next_;
  found.from = std::max(flushed_next_, horizon_);
  found.to = dropped_ ? found.from : durable_next_;
  if (dropped_) return found;
  for (const auto& chunk : chunks_) {
    if (chunk->empty() || chunk->next() <= found.from) continue;
    if (chunk->first() >= found.to) break;
    // From about where it begins, up to what is durable: what is staged may be taken back.
    const std::size_t offset = chunk->first() >= found.from ? 0 : chunk->seek(found.from);
    const auto frames = chunk->bytes().subspan(offset, chunk->end_of(found.to) - offset);
    found.bytes += frames.size();
    found.parts.push_back({chunk, frames});
  }
  return found;
}

void Shard::forget(const StoredBlock& stored) { stored.segment->drop_live(stored.block.length); }

bool Shard::is_left_over(const Chunk& chunk) const {
  return dropped_ || (!chunk.empty() && chunk.next() <= horizon_);
}

bool Shard::is_left_over(const StoredBlock& stored) const {
  return dropped_ || stored.block.next <= horizon_;
}

bool Shard::release_some() {
  std::vector<std::shared_ptr<Chunk>> chunks;
  std::vector<StoredBlock> blocks;
  bool is_more = false;
  {
    const std::lock_guard lock(mutex_);
    is_more |= take_front(chunks_, chunks, kChunksAtOnce,
                          [this](const auto& chunk) { return is_left_over(*chunk); });
    is_more |= take_front(blocks_, blocks, kBlocksAtOnce,
                          [this](const auto& stored) { return is_left_over(stored); });
  }
  for (const StoredBlock& stored : blocks) forget(stored);
  return is_more;
}

void Shard::release_all() {
  while (release_some()) {
  }
}

void Shard::flushed(const std::vector<StoredBlock>& blocks, const Unflushed& what) {
  const std::lock_guard lock(mutex_);
  if (dropped_) return;
  bool in_order = true;
  for (const StoredBlock& stored : blocks) {
    if (stored.block.next <= horizon_) continue;
    in_order &= blocks_.empty() || blocks_.back().block.next <= stored.block.first;
    stored.segment->add_live(stored.block.length);
    blocks_.push_back(stored);
  }
  if (!in_order) order_blocks();
  // Unless a block was found damaged meanwhile, and is to be flushed again.
  if (flushed_next_ >= what.flushed_next) flushed_next_ = std::max(flushed_next_, what.to);
}

void Shard::restore(StoredBlock block) {
  const std::lock_guard lock(mutex_);
  block.segment->add_live(block.block.length);
  blocks_.push_back(std::move(block));
}

/// Sorts the blocks and forgets those that lie inside others.
void Shard::order_blocks() {
  std::sort(blocks_.begin(), blocks_.end(), [](const StoredBlock& a, const StoredBlock& b) {
    // The newer of two copies: an older segment may be about to go.
    return std::tuple(a.block.first, b.block.next, b.segment->number()) <
           std::tuple(b.block.first, a.block.next, a.segment->number());
  });
  std::deque<StoredBlock> kept;
  for (StoredBlock& stored : blocks_) {
    if (!kept.empty() && stored.block.next <= kept.back().block.next) {
      forget(stored);
    } else {
      kept.push_back(std::move(stored));
    }
  }
  blocks_ = std::move(kept);
}

void Shard::finish_restore() {
  {
    const std::lock_guard lock(mutex_);
    order_blocks();
    flushed_next_ = std::max(flushed_next_, horizon_);
  }
  release_all();
  const std::lock_guard lock(mutex_);
  for (const StoredBlock& stored : blocks_) {
    const Block& block = stored.block;
    if (block.first <= flushed_next_) flushed_next_ = std::max(flushed_next_, block.next);
    last_arrival_ = std::max(last_arrival_, block.last_arrival);
  }
  durable_next_ = std::max(durable_next_, flushed_next_);
  staged_next_ = durable_next_;
}

void Shard::finish_replay() {
  const std::lock_guard lock(mutex_);
  if (!blocks_.empty()) durable_next_ = std::max(durable_next_, blocks_.back().block.next);
  staged_next_ = durable_next_;
}

void Shard::relocate(const Segment* old_segment, const StoredBlock& copy) {
  const std::lock_guard lock(mutex_);
  const auto stored = std::lower_bound(
      blocks_.begin(), blocks_.end(), copy.block.first,
      [](const StoredBlock& one, Position wanted) { return one.block.first < wanted; });
  if (stored == blocks_.end() || stored->block.first != copy.block.first) return;
  if (stored->segment.get() != old_segment) return;
  copy.segment->add_live(copy.block.length);
  forget(*stored);
  *stored = copy;
}

std::vector<StoredBlock> Shard::blocks_in(const Segment* segment) const {
  const std::lock_guard lock(mutex_);
  std::vector<StoredBlock> found;
  for (const StoredBlock& stored : blocks_) {
    if (stored.segment.get() == segment) found.push_back(stored);
  }
  return found;
}

std::size_t Shard::evict(std::size_t bytes_wanted, Evicted which) {
  const std::size_t kept = which == Evicted::kAll ? 0 : 1;
  std::size_t freed = 0;
  for (bool is_done = false; !is_done;) {
    std::vector<std::shared_ptr<Chunk>> gone;  // Before the lock, so that it outlives it.
    const std::lock_guard lock(mutex_);
    while (gone.size() < kChunksAtOnce) {
      is_done = freed >= bytes_wanted || chunks_.size() <= kept || chunks_.front()->empty() ||
                chunks_.front()->next() > flushed_next_;
      if (is_done) break;
      freed += chunks_.front()->capacity();
      gone.push_back(std::move(chunks_.front()));
      chunks_.pop_front();
    }
    // They may have had a part of what a damaged block had.
    if (has_damaged_blocks_ && !gone.empty()) count_damage();
  }
  return freed;
}

Position Shard::before_fence(Position at) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [first, next] : fenced_) {
    if (next == at) return first;
  }
  return at;
}

std::vector<std::pair<Position, Position>> Shard::damage() const {
  const std::lock_guard lock(mutex_);
  return find_damage();
}

std::vector<std::pair<Position, Position>> Shard::fence_damage() {
  const std::lock_guard lock(mutex_);
  count_damage();
  return fenced_;
}

Shard::Fenced Shard::fence(const StoredBlock& damaged) {
  const std::lock_guard lock(mutex_);
  const auto stored = std::find_if(blocks_.begin(), blocks_.end(), [&](const StoredBlock& one) {
    return one.segment == damaged.segment && one.block.offset == damaged.block.offset;
  });
  if (stored == blocks_.end() || stored->is_damaged || is_left_over(*stored)) {
    return Fenced::kNothing;
  }
  if (is_in_memory(stored->block)) {
    flushed_next_ = std::min(flushed_next_, stored->block.first);
    forget(*stored);
    blocks_.erase(stored);
    return Fenced::kCopy;
  }
  stored->is_damaged = true;
  has_damaged_blocks_ = true;
  count_damage();
  return Fenced::kDamage;
}

bool Shard::is_in_memory(const Block& block) const {
  Position at = std::max(block.first, horizon_);
  for (std::size_t i = chunk_holding(at); i < chunks_.size() && chunks_[i]->first() <= at; ++i) {
    at = chunks_[i]->next();
    if (at >= block.next) return true;
  }
  return false;
}

void Shard::count_damage() {
  fenced_ = find_damage();
  damaged_records_ = 0;
  for (const auto& [first, next] : fenced_) damaged_records_ += next.index - first.index;
}

std::vector<std::pair<Position, Position>> Shard::find_damage() const {
  std::vector<std::pair<Position, Position>> stored;
  for (const StoredBlock& one : blocks_) {
    if (!one.is_damaged) stored.emplace_back(one.block.first, one.block.next);
  }
  std::vector<std::pair<Position, Position>> in_memory;
  for (const auto& chunk : chunks_) {
    if (!chunk->empty()) in_memory.emplace_back(chunk->first(), chunk->next());
  }
  std::vector<std::pair<Position, Position>> held;
  held.reserve(stored.size() + in_memory.size());
  std::merge(stored.begin(), stored.end(), in_memory.begin(), in_memory.end(),
             std::back_inserter(held));
  std::vector<std::pair<Position, Position>> damaged;
  Position at = horizon_;
  for (const auto& [first, next] : held) {
    if (first > at) damaged.emplace_back(at, std::min(first, durable_next_));
    at = std::max(at, next);
  }
  if (at < durable_next_) damaged.emplace_back(at, durable_next_);
  return damaged;
}

}  // namespace penstock::engine::local
