#include "engine/local/store.h"

#include "base/log.h"
#include "engine/errors.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/segment_writer.h"
#include "engine/local/snapshot.h"
#include "env/fault_points.h"

#include <algorithm>
#include <map>
#include <utility>

namespace penstock::engine::local {
namespace {

/// A log with as much as this in a flush gets a segment of its own, which goes as a whole one day.
constexpr std::size_t kOwnSegmentBytes = 8u << 20;
constexpr std::size_t kSegmentBytesMax = 256u << 20;
constexpr std::size_t kWatchedEach = 8u << 20;
constexpr std::size_t kRetiredAtOnce = 4;
constexpr std::uint64_t kGivenBackAtOnce = 16u << 20;

}  // namespace

Store::Store(Core& core, const DataFolder& folder, JournalFiles& files, Journal& journal,
             std::function<void(Millis)> wake_later)
    : core_(core),
      folder_(folder),
      files_(files),
      journal_(journal),
      wake_later_(std::move(wake_later)),
      direct_(core.options.durability == Durability::kSync) {}

void Store::restore(std::shared_ptr<Segment> segment) {
  last_segment_ = std::max(last_segment_, segment->number());
  segments_.push_back(std::move(segment));
}

void Store::maintain() {
  release();
  Status status = files_.prepare();
  const auto then = [&](Status next) {
    if (status.ok()) status = std::move(next);
  };
  if (is_flush_due()) then(flush_and_release());
  then(sweep());
  then(rewrite_one());
  then(relieve());
  admit();
  note(status);
}

/// What trims and drops have left: first, because others may wait for the memory, and the sweep
/// looks at what is alive. Each piece is short for whoever wants a shard meanwhile.
void Store::release() {
  while (core_.release_some()) {
  }
}

bool Store::is_flush_due() const {
  if (core_.env.faults.hit(env::FaultPoint::kSnapshotNow)) return true;
  if (core_.must_flush.load()) return true;
  return files_.last_closed().has_value() && !core_.env.faults.hit(env::FaultPoint::kFlushDelayed);
}

/// Says each trouble once, and tries again.
void Store::note(const Status& status) {
  const std::string trouble = status.ok() ? "" : status.error().message;
  if (trouble != last_trouble_) {
    if (status.ok()) {
      log::info("the store goes on");
    } else {
      log::warn("the store cannot go on; it tries again", {{"cause", trouble}});
    }
    last_trouble_ = trouble;
  }
  if (!status.ok()) wake_later_(core_.options.store_retry_after);
}

/// Puts are refused while there is no room for what they bring; then marks, then everything, but
/// that the journal decides.
void Store::admit() {
  const bool is_behind = files_.closed_bytes() > 2 * core_.options.journal_bytes_max;
  if (is_behind) wake_later_(core_.options.store_retry_after);
  // The disk is looked at under the queue's locks: the journal, which may find it full at this very
  // moment, says so under the same.
  core_.queue.decide([&](CommitQueue::Refusals& refusals) {
    if (files_.is_full()) {
      refusals.records = JournalFiles::full_error();
      return;
    }
    refusals = {};
    if (is_behind) refusals.records = Error{EngineErrc::kUnavailable, "the disk is behind"};
  });
}

// --- Flushing -------------------------------------------------------------------------------

Status Store::flush_and_release() {
  const auto closed = files_.last_closed();
  TRY_OK(flush());
  if (!closed.has_value()) return ok();
  TRY_OK(snapshot(*closed));
  TRY_OK(files_.release(closed->number));
  return remove_older_snapshots(closed->number);
}

Status Store::settle(const CommitHeader& last) {
  TRY_OK(flush());
  TRY_OK(snapshot(last));
  return remove_older_snapshots(last.number);
}

Status Store::snapshot(const CommitHeader& as_of) {
  const auto through = [this]() -> Result<std::uint64_t> {
    const std::uint64_t applied = journal_.applied();
    TRY_OK(sync_journal());
    return applied;
  };
  return write_snapshot(folder_, as_of, core_.epoch.epoch,
                        {*core_.documents, core_.marks, core_.shards}, through, direct_);
}

Status Store::flush() {
  const bool was_asked = core_.must_flush.exchange(false);
  Status flushed = flush_all();
  if (!flushed.ok() && was_asked) core_.must_flush.store(true);
  return flushed;
}

Status Store::flush_all() {
  std::map<LogId, std::vector<Pending>> by_log;
  for (const auto& shard : core_.shards.all()) {
    Pending pending{shard, shard->unflushed()};
    if (!pending.records.parts.empty()) by_log[shard->ref().log].push_back(std::move(pending));
  }
  std::vector<Pending> small;
  std::size_t small_bytes = 0;
  for (auto& [log, pending] : by_log) {
    std::size_t bytes = 0;
    for (const Pending& one : pending) bytes += one.records.bytes;
    if (bytes >= kOwnSegmentBytes) {
      TRY_OK(write_segment(pending));
      continue;
    }
    if (small_bytes + bytes > kSegmentBytesMax) {
      TRY_OK(write_segment(small));
      small.clear();
      small_bytes = 0;
    }
    small_bytes += bytes;
    std::move(pending.begin(), pending.end(), std::back_inserter(small));
  }
  return small.empty() ? ok() : write_segment(small);
}

Status Store::write_segment(const std::vector<Pending>& pending) {
  const std::uint64_t number = ++last_segment_;
  const auto write = [&]() -> Result<Segment::Opened> {
    TRY(SegmentWriter writer, SegmentWriter::create(folder_, number));
    for (const Pending& one : pending) TRY_OK(add_records(writer, one));
    // What was trimmed meanwhile is not in the segment: the trim must not be lost when it is not.
    TRY_OK(sync_journal());
    return writer.finish();
  };
  auto written = write();
  if (!written.ok()) {
    folder_.abandon(folder_.segment_file(number));
    return std::move(written).error();
  }
  std::map<ShardRef, std::vector<StoredBlock>> blocks;
  for (const Block& block : written->blocks) {
    blocks[block.shard].push_back({block, written->segment});
  }
  segments_.push_back(written->segment);
  for (const Pending& one : pending) {
    one.shard->flushed(blocks[one.shard->ref()], one.records);
  }
  return ok();
}

Status Store::add_records(SegmentWriter& writer, const Pending& pending) {
  for (const auto& part : pending.records.parts) {
    TRY_OK(writer.add(pending.shard->ref(), pending.records.from, pending.records.to, part.frames));
    unwatched_bytes_ += part.frames.size();
    if (unwatched_bytes_ > kWatchedEach) make_room_meanwhile();
  }
  writer.end_block();
  return ok();
}

/// Records come in while others are written, and find free chunks as long as there are some.
void Store::make_room_meanwhile() {
  unwatched_bytes_ = 0;
  if (is_memory_short()) evict_to(bytes_to_keep(), Shard::Evicted::kFull);
}

/// With durability "os" the journal is behind what it says; where order matters it catches up here.
/// A failed sync is never tried again: the next one would succeed, and what it was about is lost.
Status Store::sync_journal() {
  if (direct_) return ok();
  if (journal_.has_failed()) return Error{EngineErrc::kFailed, "the journal failed"};
  // In this order: a file that is closed meanwhile is in both lists, not in none.
  std::vector<std::string> paths{journal_.path()};
  for (std::string& closed : files_.closed_paths()) paths.push_back(std::move(closed));
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    TRY(const auto file, folder_.disk().open(path, {.writable = true}));
    Status synced = file->sync();
    if (synced.ok()) continue;
    journal_.close(synced.error());
    return synced;
  }
  return ok();
}

// --- Letting go -----------------------------------------------------------------------------

Status Store::remove_older_snapshots(std::uint64_t number) {
  TRY(const auto numbers, folder_.snapshot_numbers());
  bool removed = false;
  for (const std::uint64_t other : numbers) {
    if (other >= number) continue;
    TRY_OK(folder_.disk().remove(folder_.snapshot_file(other)));
    removed = true;
  }
  return removed ? folder_.disk().sync_folder(folder_.state()) : ok();
}

/// Removes segments that no shard needs, a piece at a time: file systems give a file's room back
/// under locks of their own, discards keep the device busy, and puts want both in between.
Status Store::sweep() {
  TRY_OK(retire_unneeded());
  return give_room_back();
}

Status Store::retire_unneeded() {
  std::vector<std::size_t> gone;
  bool is_more = false;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i]->live_bytes() != 0) continue;
    // Only shards give it to readers, and none has it: whoever reads it now is the last.
    if (gone.size() == kRetiredAtOnce || segments_[i].use_count() != 1) {
      is_more = true;
      continue;
    }
    gone.push_back(i);
  }
  if (is_more) wake_later_(core_.options.store_pause);
  if (gone.empty()) return ok();
  // Behind the last look: what freed them must not be lost when they are.
  TRY_OK(sync_journal());
  for (auto i = gone.rbegin(); i != gone.rend(); ++i) {
    const Segment& segment = *segments_[*i];
    TRY(std::string path, folder_.retire(segment.path()));
    are_retired_durably_ = false;
    retired_.push_back({std::move(path), segment.total_bytes()});
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(*i));
  }
  return ok();
}

Status Store::give_room_back() {
  if (!are_retired_durably_) {
    TRY_OK(folder_.disk().sync_folder(folder_.segments()));
    are_retired_durably_ = true;
  }
  std::uint64_t given = 0;
  while (!retired_.empty() && given < kGivenBackAtOnce) {
    Retired& next = retired_.front();
    if (const std::uint64_t rest = kGivenBackAtOnce - given; next.bytes > rest) {
      TRY(const auto file, folder_.disk().open(next.path, {.writable = true}));
      TRY_OK(file->truncate(next.bytes - rest));
      next.bytes -= rest;
      break;
    }
    given += next.bytes;
    TRY_OK(folder_.disk().remove(next.path));
    retired_.pop_front();
  }
  if (!retired_.empty()) wake_later_(core_.options.store_pause);
  return ok();
}

/// A shared segment of which less than half is alive costs more room than its rewriting.
std::shared_ptr<Segment> Store::to_be_rewritten() const {
  const bool eager = core_.env.faults.hit(env::FaultPoint::kSegmentCompactNow);
  for (const auto& segment : segments_) {
    const std::uint64_t live = segment->live_bytes();
    if (live == 0 || !segment->is_shared()) continue;
    if (!eager && live >= segment->total_bytes() / 2) continue;
    if (std::count(damaged_segments_.begin(), damaged_segments_.end(), segment->number()) == 0) {
      return segment;
    }
  }
  return nullptr;
}

Status Store::rewrite_one() {
  std::shared_ptr<Segment> segment = to_be_rewritten();
  if (segment == nullptr) return ok();
  TRY_OK(rewrite(std::move(segment)));
  // The next one after a while: what is due to be flushed comes before it.
  if (to_be_rewritten() != nullptr) wake_later_(core_.options.store_pause);
  return ok();
}

Status Store::rewrite(std::shared_ptr<Segment> segment) {
  const std::uint64_t number = ++last_segment_;
  auto copy = copy_live(*segment, number);
  if (!copy.ok()) {
    folder_.abandon(folder_.segment_file(number));
    return std::move(copy).error();
  }
  segments_.push_back(copy->segment);
  for (const Block& block : copy->blocks) {
    if (const auto shard = core_.shards.find(block.shard)) {
      shard->relocate(segment.get(), {block, copy->segment});
    }
  }
  log::debug("segment rewritten", {{"from", segment->number()}, {"to", number}});
  segment.reset();  // So that the sweep finds nobody else who has it.
  return sweep();
}

Result<Segment::Opened> Store::copy_live(const Segment& segment, std::uint64_t number) {
  TRY(SegmentWriter writer, SegmentWriter::create(folder_, number));
  AlignedBuffer memory;
  for (const auto& shard : core_.shards.all()) {
    for (const StoredBlock& stored : shard->blocks_in(&segment)) {
      const auto bytes = segment.read(stored.block, memory);
      if (!bytes.ok()) {
        // It stays as it is: whoever reads the block is told.
        damaged_segments_.push_back(segment.number());
        core_.note_unreadable(*shard, stored, bytes.error());
        return bytes.error();
      }
      TRY_OK(writer.add(stored.block, *bytes));
    }
  }
  return writer.finish();
}

bool Store::is_memory_short() const {
  return core_.used_bytes() > used_bytes_max() || core_.budget.is_whole_short();
}

Status Store::relieve() {
  if (core_.env.faults.hit(env::FaultPoint::kEvictNow)) evict(0);
  if (core_.budget.is_whole_short()) core_.pool->clear();
  if (!is_memory_short()) return ok();
  evict(bytes_to_keep());
  // What is left is in no segment yet. While requests have the memory it may be too little to be
  // worth one: there would be one for each commit.
  const bool is_worth_a_segment = core_.used_bytes() > core_.budget.limit_bytes() / 16;
  if (!is_memory_short() || !is_worth_a_segment) return ok();
  TRY_OK(flush());
  evict(bytes_to_keep());
  return ok();
}

/// Of records, so that there is room for the free chunks that take the next ones.
std::size_t Store::used_bytes_max() const {
  const std::size_t all = core_.budget.short_bytes();
  return all - std::min(all, core_.pool->free_bytes_max());
}

/// Only as much goes as the pool takes, so that the next records find it there: fresh memory costs
/// more than copying them. When others need it, what is beyond the half goes at once.
std::size_t Store::bytes_to_keep() const {
  const Budget& budget = core_.budget;
  const std::size_t used = core_.used_bytes();
  const std::size_t half = used - std::min(used, budget.excess_bytes(core_.pool->free_bytes()));
  if (budget.is_whole_short()) return half;
  const std::size_t room = core_.pool->free_bytes_max() - core_.pool->free_bytes();
  const std::size_t lasting = used_bytes_max() - budget.limit_bytes() / 16;
  return std::max(half, std::min(used - std::min(used, room), lasting));
}

void Store::evict(std::size_t used_bytes) {
  if (!evict_to(used_bytes, Shard::Evicted::kFull)) {
    if (core_.reader != nullptr) core_.reader->clear();
    // A chunk that is still being filled will be asked for again.
    evict_to(used_bytes, Shard::Evicted::kAll);
  }
  if (core_.budget.is_whole_short()) core_.pool->clear();
}

/// Goes on behind the shard where the last eviction ended. False: that was all there was.
bool Store::evict_to(std::size_t used_bytes, Shard::Evicted which) {
  auto shards = core_.shards.all();
  const auto next =
      std::upper_bound(shards.begin(), shards.end(), evicted_last_,
                       [](ShardRef ref, const auto& shard) { return ref < shard->ref(); });
  std::rotate(shards.begin(), next, shards.end());
  for (const auto& shard : shards) {
    const std::size_t used = core_.used_bytes();
    if (used <= used_bytes) return true;
    shard->evict(used - used_bytes, which);
    evicted_last_ = shard->ref();
  }
  return core_.used_bytes() <= used_bytes;
}

}  // namespace penstock::engine::local
