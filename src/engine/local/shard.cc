#include "engine/local/shard.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {

Shard::Shard(const ShardState& state)
    : ref_(state.ref),
      staged_next_(state.next),
      last_arrival_(state.last_arrival),
      seal_staged_(state.sealed_at),
      durable_next_(state.next),
      horizon_(state.horizon),
      sealed_at_(state.sealed_at),
      trimmed_records_(state.trimmed_records),
      flushed_next_(state.flushed_next) {}

// --- Writing --------------------------------------------------------------------------------

/// The chunk that takes the next frame, and what goes into the frame. Null: no memory.
Chunk* Shard::chunk_for(std::span<const NewRecord> rest, ChunkPool& pool, FramePlan& plan) {
  Chunk* const last = chunks_.empty() ? nullptr : chunks_.back().get();
  if (last != nullptr) {
    plan = plan_frame(rest, last->room());
    // After a gap (damage found at start) a new chunk begins: chunks are contiguous inside.
    const bool contiguous = last->empty() || last->next() == staged_next_;
    if (plan.length <= last->room() && contiguous) return last;
  }
  plan = plan_frame(rest, kRecordsFrameTarget);
  auto chunk = pool.make_next(last, plan.length);
  if (chunk == nullptr) return nullptr;
  chunks_.push_back(std::move(chunk));
  return chunks_.back().get();
}

Result<Appended> Shard::stage(std::span<const NewRecord> records, ServiceTime arrival,
                              ChunkPool& pool, std::vector<std::span<const std::uint8_t>>* frames) {
  const std::lock_guard lock(mutex_);
  if (drop_staged_) return Error{EngineErrc::kNoSuchShard, "the log is being dropped"};
  if (seal_staged_.has_value()) return Error{EngineErrc::kSealed, "the shard is closed"};
  const std::size_t chunks_before = chunks_.size();
  const auto mark = chunks_.empty() ? Chunk::Mark{} : chunks_.back()->mark();
  const std::size_t frames_before = frames == nullptr ? 0 : frames->size();

  const Appended appended{staged_next_, std::max(arrival, last_arrival_)};
  Position at = staged_next_;
  while (!records.empty()) {
    FramePlan plan;
    Chunk* const chunk = chunk_for(records, pool, plan);
    if (chunk == nullptr) {
      chunks_.resize(chunks_before);
      if (!chunks_.empty()) chunks_.back()->rewind(mark);
      if (frames != nullptr) frames->resize(frames_before);
      staged_next_ = appended.first;
      return Error{EngineErrc::kUnavailable, "the memory budget is spent"};
    }
    std::uint8_t* into =
        chunk->extend(plan.length, at, static_cast<std::uint32_t>(plan.count), appended.arrival);
    write_records(into, plan, ref_, at, appended.arrival, records);
    if (frames != nullptr) frames->emplace_back(into, plan.length);
    at.index += plan.count;
    staged_next_ = at;
    records = records.subspan(plan.count);
  }
  last_arrival_ = appended.arrival;
  return appended;
}

Position Shard::stage_seal() {
  const std::lock_guard lock(mutex_);
  if (!seal_staged_.has_value()) seal_staged_ = staged_next_;
  return *seal_staged_;
}

void Shard::stage_drop() {
  const std::lock_guard lock(mutex_);
  drop_staged_ = true;
}

void Shard::unstage() {
  const std::lock_guard lock(mutex_);
  while (!chunks_.empty() &&
         (chunks_.back()->empty() || chunks_.back()->first() >= durable_next_)) {
    chunks_.pop_back();
  }
  if (!chunks_.empty() && chunks_.back()->next() > durable_next_) {
    chunks_.back()->cut(durable_next_);
  }
  staged_next_ = durable_next_;
  seal_staged_ = sealed_at_;
  drop_staged_ = dropped_;
}

bool Shard::drop_staged() const {
  const std::lock_guard lock(mutex_);
  return drop_staged_;
}

void Shard::publish(Position next, Wakeups& wakeups) {
  const std::lock_guard lock(mutex_);
  if (next <= durable_next_) return;
  durable_next_ = next;
  wakeups.add(watchers_.list());
}

void Shard::apply_seal(Position end, Wakeups& wakeups) {
  const std::lock_guard lock(mutex_);
  seal_staged_ = end;
  sealed_at_ = end;
  wakeups.add(watchers_.list());
}

void Shard::apply_trim(Position before) {
  const std::lock_guard lock(mutex_);
  const Position horizon = std::min(before, durable_next_);
  if (horizon <= horizon_) return;
  trimmed_records_ += horizon.index - horizon_.index;
  horizon_ = horizon;
  flushed_next_ = std::max(flushed_next_, horizon_);
  while (!fenced_.empty() && fenced_.front().first < horizon_) {
    auto& [first, next] = fenced_.front();
    const Position trimmed_to = std::min(next, horizon_);
    damaged_records_ -= trimmed_to.index - first.index;
    first = trimmed_to;
    if (first < next) break;
    fenced_.erase(fenced_.begin());
  }
}

void Shard::apply_drop(Wakeups& wakeups) {
  const std::lock_guard lock(mutex_);
  drop_staged_ = true;
  dropped_ = true;
  wakeups.add(watchers_.list());
}

namespace {

std::deque<StoredBlock>::const_iterator block_holding(const std::deque<StoredBlock>& blocks,
                                                      Position at) {
  const auto after = std::upper_bound(
      blocks.begin(), blocks.end(), at,
      [](Position wanted, const StoredBlock& one) { return wanted < one.block.first; });
  if (after == blocks.begin()) return blocks.end();
  auto block = std::prev(after);
  // Neighbours may overlap: what a damaged one held the one before it may hold, too.
  if (block->is_damaged && block != blocks.begin()) --block;
  return block->block.next <= at || block->is_damaged ? blocks.end() : block;
}

}  // namespace

void Shard::replay(std::span<const std::uint8_t> frame, ChunkPool& pool) {
  const RecordsHeader header = records_header(frame.data());
  const std::lock_guard lock(mutex_);
  last_arrival_ = std::max(last_arrival_, header.arrival);
  const auto block = block_holding(blocks_, header.first);
  const bool known = (block != blocks_.end() && header.next() <= block->block.next) ||
                     (!chunks_.empty() && header.next() <= chunks_.back()->next());
  if (!known && header.next() > horizon_) {
    // The segment that had it may be damaged: then it is to be flushed again.
    flushed_next_ = std::min(flushed_next_, header.first);
    const bool goes_on = !chunks_.empty() && chunks_.back()->next() == header.first &&
                         chunks_.back()->room() >= frame.size();
    if (!goes_on) {
      Chunk* const last = chunks_.empty() ? nullptr : chunks_.back().get();
      chunks_.push_back(pool.make_next(last, frame.size(), true));
    }
    std::uint8_t* into =
        chunks_.back()->extend(frame.size(), header.first, header.count, header.arrival);
    std::copy(frame.begin(), frame.end(), into);
  }
  durable_next_ = std::max(durable_next_, header.next());
  staged_next_ = durable_next_;
}

void Shard::replay_gap(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (sealed_at_.has_value()) count = std::min(count, sealed_at_->index - durable_next_.index);
  durable_next_.index += count;
  staged_next_ = durable_next_;
}

void Shard::replay_to(Position next) {
  const std::lock_guard lock(mutex_);
  durable_next_ = std::max(durable_next_, next);
  staged_next_ = durable_next_;
}

// --- Reading --------------------------------------------------------------------------------

bool add_records(Slice& slice, const std::uint8_t* frames, Position from, Position limit,
                 ReadLimits limits) {
  for (Position at = slice.next; at < limit;) {
    const RecordsHeader header = records_header(frames);
    frames += header.length;
    at = header.next();
    if (header.next() <= from) continue;
    RecordWalk walk(frames - header.length);
    if (header.first < from) walk.skip(from.index - header.first.index);
    for (; !walk.at_end(); walk.next()) {
      const std::size_t bytes = walk.payload_bytes();
      if (slice.records.size() >= limits.records_max) return true;
      if (!slice.records.empty() && slice.bytes + bytes > limits.bytes_max) return true;
      slice.records.push_back(*walk);
      slice.bytes += bytes;
      slice.next = Position{slice.records.back().at.index + 1};
    }
  }
  return false;
}

/// The index of the chunk that holds `at`, or chunks_.size().
std::size_t Shard::chunk_holding(Position at) const {
  const auto after =
      std::upper_bound(chunks_.begin(), chunks_.end(), at,
                       [](Position wanted, const auto& chunk) { return wanted < chunk->first(); });
  if (after == chunks_.begin()) return chunks_.size();
  const auto chunk = std::prev(after);
  if ((*chunk)->next() <= at) return chunks_.size();
  return static_cast<std::size_t>(chunk - chunks_.begin());
}

Slice Shard::slice_of_chunks(std::size_t index, Position from, ReadLimits limits,
                             std::unique_lock<std::mutex> lock) const {
  struct Part {
    const std::uint8_t* frames;
    Position end;
  };
  std::vector<Part> parts;
  std::vector<std::shared_ptr<const Chunk>> pinned;
  Slice slice;
  slice.next = from;
  std::size_t bytes = 0;
  std::uint64_t records = 0;
  Position at = from;
  for (; index < chunks_.size() && bytes <= limits.bytes_max && records < limits.records_max;
       ++index) {
    const auto& chunk = chunks_[index];
    if (chunk->empty() || chunk->first() > at || at >= durable_next_) break;
    const std::size_t offset = chunk->seek(at);
    const Position end = std::min(chunk->next(), durable_next_);
    parts.push_back({chunk->bytes().data() + offset, end});
    bytes += chunk->bytes().size() - offset;
    records += end.index - at.index;
    at = end;
    pinned.push_back(chunk);
  }
  const auto sealed_at = sealed_at_;
  lock.unlock();

  slice.records.reserve(std::min<std::uint64_t>(records, limits.records_max));
  for (const Part& part : parts) {
    if (add_records(slice, part.frames, from, part.end, limits)) break;
  }
  slice.end_of_shard = sealed_at.has_value() && slice.next >= *sealed_at;
  if (pinned.size() == 1) {
    slice.pin = std::move(pinned.front());
  } else {
    slice.pin = std::make_shared<decltype(pinned)>(std::move(pinned));
  }
  return slice;
}

Error Shard::damaged_at(Position from) const {
  Position end = durable_next_;
  for (const auto& stored : blocks_) {
    if (!stored.is_damaged && stored.block.first > from) end = std::min(end, stored.block.first);
  }
  for (const auto& chunk : chunks_) {
    if (!chunk->empty() && chunk->first() > from) end = std::min(end, chunk->first());
  }
  return Error{EngineErrc::kCorrupt, "log " + std::to_string(ref_.log.value) + " shard " +
                                         std::to_string(ref_.shard) + ": positions " +
                                         std::to_string(from.index) + " to " +
                                         std::to_string(end.index - 1) + " are damaged"};
}

Result<std::variant<Slice, Shard::BlockRead>> Shard::read(Position from, ReadLimits limits) const {
  std::unique_lock lock(mutex_);
  if (dropped_) return Error{EngineErrc::kNoSuchShard, "the log was dropped"};
  const bool trimmed = from < horizon_;
  from = std::max(from, horizon_);
  using Found = std::variant<Slice, BlockRead>;
  if (from >= durable_next_) {
    Slice slice;
    slice.next = from;
    slice.trimmed = trimmed;
    slice.end_of_shard = sealed_at_.has_value() && from >= *sealed_at_;
    return Found(std::move(slice));
  }
  const std::size_t index = chunk_holding(from);
  if (index != chunks_.size()) {
    Slice slice = slice_of_chunks(index, from, limits, std::move(lock));
    slice.trimmed = trimmed;
    return Found(std::move(slice));
  }
  auto block = block_holding(blocks_, from);
  if (block == blocks_.end()) return damaged_at(from);
  BlockRead read{{}, from, trimmed, durable_next_, sealed_at_};
  std::size_t bytes = 0;
  Position at = from;
  // The first block is read in part, so one more than the limit asks for.
  for (; block != blocks_.end() && !block->is_damaged && block->block.first <= at &&
         bytes <= limits.bytes_max && at.index - from.index < limits.records_max;
       ++block) {
    if (!read.blocks.empty()) bytes += block->block.length;
    read.blocks.push_back(*block);
    at = block->block.next;
  }
  return Found(std::move(read));
}

std::vector<StoredBlock> Shard::blocks_from(Position from, std::size_t bytes) const {
  const std::lock_guard lock(mutex_);
  std::vector<StoredBlock> found;
  if (dropped_) return found;
  std::size_t sum = 0;
  Position at = from;
  for (auto block = block_holding(blocks_, from);
       block != blocks_.end() && !block->is_damaged && block->block.first <= at && sum < bytes;
       ++block) {
    if (chunk_holding(block->block.first) != chunks_.size()) break;  // It is read from memory.
    found.push_back(*block);
    sum += block->block.length;
    at = block->block.next;
  }
  return found;
}

std::variant<Position, Shard::BlockRead> Shard::locate(ServiceTime at) const {
  const std::lock_guard lock(mutex_);
  const auto block = std::partition_point(
      blocks_.begin(), blocks_.end(),
      [&](const StoredBlock& one) { return is_left_over(one) || one.block.last_arrival < at; });
  if (block != blocks_.end()) {
    // Whoever starts in a damaged one is to meet it.
    if (block->block.first_arrival >= at || block->is_damaged)
      return std::max(block->block.first, horizon_);
    return BlockRead{{*block}, std::max(block->block.first, horizon_), false, durable_next_, {}};
  }
  const auto chunk = std::lower_bound(
      chunks_.begin(), chunks_.end(), at,
      [](const auto& one, ServiceTime wanted) { return one->last_arrival() < wanted; });
  if (chunk == chunks_.end()) return durable_next_;
  const auto bytes = (*chunk)->bytes();
  for (std::size_t offset = (*chunk)->seek(at); offset < bytes.size();) {
    const RecordsHeader header = records_header(bytes.data() + offset);
    if (header.arrival >= at) return std::min(std::max(header.first, horizon_), durable_next_);
    offset += header.length;
  }
  return durable_next_;
}

Bounds Shard::bounds() const {
  const std::lock_guard lock(mutex_);
  return Bounds{horizon_,         durable_next_,           sealed_at_.has_value(),
                trimmed_records_, durable_next_.index - 1, damaged_records_};
}

ShardState Shard::state() const {
  const std::lock_guard lock(mutex_);
  return ShardState{ref_,          horizon_,   durable_next_,   flushed_next_,
                    last_arrival_, sealed_at_, trimmed_records_};
}

bool Shard::watch(const std::shared_ptr<Watcher>& watcher, Position from) {
  const std::lock_guard lock(mutex_);
  watchers_.add(watcher);
  return durable_next_ > from || sealed_at_.has_value() || dropped_;
}

void Shard::unwatch(const Watcher* watcher) {
  const std::lock_guard lock(mutex_);
  watchers_.remove(watcher);
}

}  // namespace penstock::engine::local
