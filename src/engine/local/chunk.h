#pragma once

#include "base/budget.h"
#include "base/pages.h"
#include "engine/log.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace penstock::engine::local {

class ChunkPool;

/// Frames of one shard, contiguous in memory and in positions.
///
/// Written under the shard's lock at the end only; bytes below a reader's limit never change, so
/// readers need no lock for them. Slices share it: a trim drops the shard's reference, not the
/// memory.
class Chunk {
 public:
  std::span<const std::uint8_t> bytes() const { return {data_.data(), used_}; }
  std::size_t capacity() const { return data_.size(); }
  /// All of it, on a multiple of 4,096: for whoever reads blocks from a disk into it.
  std::span<std::uint8_t> memory() { return {data_.data(), capacity()}; }
  std::size_t room() const { return capacity() - used_; }
  bool empty() const { return used_ == 0; }
  Position first() const { return first_; }
  Position next() const { return next_; }
  ServiceTime last_arrival() const { return last_arrival_; }

  /// Room for a frame of `length` bytes at the end; the caller fills it.
  std::uint8_t* extend(std::size_t length, Position first, std::uint32_t count,
                       ServiceTime arrival);

  /// Where to start looking for `at`: the offset of a frame that begins at or before it.
  std::size_t seek(Position at) const;
  /// The same for a time: of a frame whose arrival is before `at`, or 0.
  std::size_t seek(ServiceTime at) const;

  /// Behind the last frame that begins before `limit`.
  std::size_t end_of(Position limit) const;
  /// Forgets the frames from `next` on, where one begins; nobody may have seen them.
  void cut(Position next);

  /// Undoes extends down to a former state; nobody may have seen them.
  struct Mark {
    std::size_t used;
    Position next;
    ServiceTime last_arrival;
    std::size_t index_size;
  };
  Mark mark() const { return {used_, next_, last_arrival_, index_.size()}; }
  void rewind(const Mark& to);

 private:
  friend class ChunkPool;
  struct IndexEntry {
    Position first;
    ServiceTime arrival;
    std::uint32_t offset;
  };
  Pages data_;
  std::size_t used_ = 0;
  Position first_;
  Position next_;
  ServiceTime last_arrival_;
  std::vector<IndexEntry> index_;  ///< About one entry in kIndexEveryBytes.
  Budget::Share share_;
  bool grows_ = false;  ///< Counted in ChunkPool::growing_.
};

/// Recycled chunks of 16 KiB, 32 KiB ... 1 MiB, and larger ones made to measure.
///
/// Fresh pages cost more than everything else done to a record, so chunks come back here. Free ones
/// stay charged to the budget, up to `free_bytes_max`, and are let go when it is spent.
/// Thread-safe.
class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  static constexpr std::size_t kSmallest = 16u << 10;
  static constexpr std::size_t kLargest = 1u << 20;

  ChunkPool(Budget& budget, std::size_t free_bytes_max)
      : budget_(budget), free_bytes_max_(free_bytes_max) {}

  /// Null when the budget is spent, also after the free ones of other sizes went as far as they
  /// are in the way. `forced` takes it all the same: replay must go on.
  std::shared_ptr<Chunk> make(std::size_t at_least, bool forced = false);
  /// The chunk of a shard behind `last`, null before its first: twice as large, up to kLargest and
  /// to the shard's share. A chunk cannot be let go while it is filled, so those of all shards
  /// together get an eighth of the budget, and all have one size, which finds free ones again.
  std::shared_ptr<Chunk> make_next(Chunk* last, std::size_t at_least, bool forced = false);
  /// Lets the free ones go.
  void clear();
  std::size_t free_bytes() const;
  std::size_t free_bytes_max() const { return free_bytes_max_; }

 private:
  static constexpr std::size_t kClasses = 7;
  void recycle(std::unique_ptr<Chunk> chunk);
  std::size_t next_capacity(const Chunk* last, std::size_t at_least) const;
  void ends_growing(Chunk& chunk);
  bool make_room(std::size_t bytes);
  using FreeChunks = std::vector<std::unique_ptr<Chunk>>;
  std::unique_ptr<Chunk> take_free(const FreeChunks* but = nullptr);

  Budget& budget_;
  std::size_t free_bytes_max_;
  /// Chunks that shards are filling, but for the smallest, which anybody gets.
  std::atomic<std::size_t> growing_{0};
  mutable std::mutex mutex_;
  std::atomic<std::size_t> free_bytes_{0};
  std::array<FreeChunks, kClasses> free_;
};

}  // namespace penstock::engine::local
