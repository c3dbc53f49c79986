#pragma once

#include "engine/errors.h"
#include "engine/local/block.h"
#include "engine/local/chunk.h"
#include "engine/local/frame.h"
#include "engine/local/wakeups.h"
#include "engine/log.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace penstock::engine::local {

/// One shard: records staged, durable in memory, and stored in segments.
///
///     horizon          flushed_next         durable_next       staged_next
///        |---- blocks ------|                     |                 |
///              |------------- chunks -------------------------------|
///
/// What lies in [horizon, durable_next) and is in neither a block nor a chunk is damaged: reading
/// there is kCorrupt. What lies before the horizon, or is left of a dropped shard, is nobody's: it
/// stays until release_some(). Thread-safe by one short lock, under which nothing is freed; reach
/// it through ShardTable.
class Shard {
 public:
  explicit Shard(const ShardState& state);
  ShardRef ref() const { return ref_; }

  /// Numbers `records`, copies them into chunks and adds the frames' bytes to `frames` (when
  /// given). They are not visible before publish. kUnavailable: no memory, nothing happened.
  Result<Appended> stage(std::span<const NewRecord> records, ServiceTime arrival, ChunkPool& pool,
                         std::vector<std::span<const std::uint8_t>>* frames);
  /// No append is accepted from now on; the position behind the last one.
  Position stage_seal();
  /// A drop is on its way: appends and further drops find no shard.
  void stage_drop();
  bool drop_staged() const;
  /// Whatever was staged and is not durable was never staged.
  void unstage();

  // What has become durable.
  void publish(Position next, Wakeups& wakeups);
  void apply_seal(Position end, Wakeups& wakeups);
  /// The horizon moves, and that is all: Core::let_go.
  void apply_trim(Position before);
  /// The same: it is found no more.
  void apply_drop(Wakeups& wakeups);
  /// Gives back some of what trims and a drop have left here, with no lock held. False: nothing
  /// more is left.
  bool release_some();
  /// All of it, where nobody waits for the shard.
  void release_all();

  /// A frame from the journal, at start. Frames already known are skipped; a gap stays a gap.
  void replay(std::span<const std::uint8_t> frame, ChunkPool& pool);
  /// Records may have existed in [next, next + count): they are damaged, never served, never
  /// numbered again.
  void replay_gap(std::uint64_t count);
  /// Records existed up to `next`: a trim or a seal says so. What is not known of them is damaged.
  void replay_to(Position next);

  // Reading.
  struct BlockRead {
    std::vector<StoredBlock> blocks;  ///< Consecutive; at least one.
    Position from;                    ///< After the move to the horizon.
    bool trimmed = false;
    Position limit;  ///< Nothing at or behind it is durable.
    std::optional<Position> sealed_at;
  };
  /// The slice when it is in memory, else what to read from segments.
  Result<std::variant<Slice, BlockRead>> read(Position from, ReadLimits limits) const;
  /// Consecutive blocks from the one that holds `from` on, until they have that many bytes; none
  /// when it is not at rest.
  std::vector<StoredBlock> blocks_from(Position from, std::size_t bytes) const;
  /// The position, or the block it is in. What is fenced right before it is not skipped: see
  /// before_fence.
  std::variant<Position, BlockRead> locate(ServiceTime at) const;
  /// Where the fenced positions right before `at` begin; `at` when there are none. Nobody knows
  /// when they arrived, so whoever starts at `at` by time must meet them, and be told.
  Position before_fence(Position at) const;
  Bounds bounds() const;
  ShardState state() const;

  /// Registers a watcher; true when it must be woken at once.
  bool watch(const std::shared_ptr<Watcher>& watcher, Position from);
  void unwatch(const Watcher* watcher);

  // The store: flushing memory into segments.
  struct Unflushed {
    struct Part {
      std::shared_ptr<const Chunk> chunk;    ///< Keeps the frames.
      std::span<const std::uint8_t> frames;  ///< Whole; some may lie outside [from, to).
    };
    Position from;
    Position to;
    Position flushed_next;  ///< When it was asked for.
    std::size_t bytes = 0;
    std::vector<Part> parts;
  };
  /// Durable records that are in no segment yet.
  Unflushed unflushed() const;
  /// What was unflushed is now in these blocks, in order; everything before it in older ones.
  void flushed(const std::vector<StoredBlock>& blocks, const Unflushed& what);
  /// Blocks found in a segment at start, any order.
  void restore(StoredBlock block);
  /// After all were restored: leaves out what the horizon or a second copy makes unneeded.
  void finish_restore();
  /// After the journal: what lies in segments behind its end is there, too. (Without sync, segments
  /// may outlive commits.)
  void finish_replay();
  /// Replaces a block by its copy in another segment, if it is still needed.
  void relocate(const Segment* old_segment, const StoredBlock& copy);
  /// Looks at all blocks: a tenth of a millisecond for 20 GB of them.
  std::vector<StoredBlock> blocks_in(const Segment* segment) const;
  /// Lets chunks go whose records are all in segments, oldest first, and with no lock held; bytes
  /// let go. The one that takes the next records stays unless told otherwise.
  enum class Evicted : std::uint8_t { kFull, kAll };
  std::size_t evict(std::size_t bytes_wanted, Evicted which = Evicted::kAll);
  /// Damaged ranges in [horizon, next): [first, second).
  std::vector<std::pair<Position, Position>> damage() const;
  /// The same, at the end of recovery: from now on bounds() counts them. Afterwards damage becomes
  /// less by trims, and more by fence() only.
  std::vector<std::pair<Position, Position>> fence_damage();
  enum class Fenced : std::uint8_t {
    kNothing,  ///< That is known, or the block is needed no longer.
    kDamage,   ///< What it alone held is damaged from now on.
    kCopy,     ///< Memory holds all of it, and it is to be flushed again.
  };
  /// A block of this shard did not read back.
  Fenced fence(const StoredBlock& damaged);

 private:
  Chunk* chunk_for(std::span<const NewRecord> rest, ChunkPool& pool, FramePlan& plan);
  std::size_t chunk_holding(Position at) const;
  Slice slice_of_chunks(std::size_t index, Position from, ReadLimits limits,
                        std::unique_lock<std::mutex> lock) const;
  Error damaged_at(Position from) const;
  bool is_in_memory(const Block& block) const;
  bool is_left_over(const Chunk& chunk) const;
  bool is_left_over(const StoredBlock& stored) const;
  std::vector<std::pair<Position, Position>> find_damage() const;
  void count_damage();
  void order_blocks();
  static void forget(const StoredBlock& stored);

  const ShardRef ref_;
  mutable std::mutex mutex_;
  Position staged_next_;
  ServiceTime last_arrival_;
  std::optional<Position> seal_staged_;
  bool drop_staged_ = false;
  Position durable_next_;
  Position horizon_;
  std::optional<Position> sealed_at_;
  bool dropped_ = false;
  std::uint64_t trimmed_records_ = 0;
  std::deque<std::shared_ptr<Chunk>> chunks_;
  Position flushed_next_;
  std::deque<StoredBlock>
      blocks_;  ///< Both ends ascend; neighbours may overlap, none holds another.
  std::vector<std::pair<Position, Position>> fenced_;  ///< Damage, behind the horizon; ascends.
  std::uint64_t damaged_records_ = 0;                  ///< In fenced_.
  bool has_damaged_blocks_ = false;
  Watchers watchers_;
};

/// Adds the records of whole frames at `bytes` from `from` on to a slice, up to `limit` and within
/// limits. True when it stopped because of the limits.
bool add_records(Slice& slice, const std::uint8_t* frames, Position from, Position limit,
                 ReadLimits limits);

}  // namespace penstock::engine::local
