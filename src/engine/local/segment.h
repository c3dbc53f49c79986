#pragma once

#include "base/result.h"
#include "engine/local/block.h"
#include "env/disk.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace penstock::engine::local {

class AlignedBuffer;
class DataFolder;

/// A segment file that is complete: blocks of frames and, at its end, an index of them.
/// Read by Workers; the numbers by anybody.
class Segment {
 public:
  struct Opened {
    std::shared_ptr<Segment> segment;
    std::vector<Block> blocks;
  };
  /// Reads and checks the index. Blocking. kCorrupt names the file.
  static Result<Opened> open(const DataFolder& folder, std::uint64_t number);

  Segment(env::Disk& disk, std::uint64_t number, std::string path, std::uint64_t total_bytes,
          bool is_shared)
      : disk_(disk),
        number_(number),
        path_(std::move(path)),
        total_bytes_(total_bytes),
        is_shared_(is_shared) {}

  std::uint64_t number() const { return number_; }
  const std::string& path() const { return path_; }
  /// Of all its blocks, when it was written.
  std::uint64_t total_bytes() const { return total_bytes_; }
  /// Whether it holds records of more than one log.
  bool is_shared() const { return is_shared_; }

  /// Of the blocks that shards still refer to. Told by the shards.
  std::uint64_t live_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }
  void add_live(std::uint64_t bytes) { live_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void drop_live(std::uint64_t bytes) { live_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// A part of the file as direct I/O takes it.
  struct Span {
    std::uint64_t offset;
    std::size_t bytes;
  };
  /// From the first block to the last, which lie one behind the other.
  static Span span_of(const Block& first, const Block& last);
  /// Reads past the page cache into aligned memory of that size. Blocking. The file is open no
  /// longer than that: a day's segments are more than a process may have open.
  Status read(Span span, std::span<std::uint8_t> into) const;
  /// One block, checked, in `into`'s memory.
  Result<std::span<const std::uint8_t>> read(const Block& block, AlignedBuffer& into) const;
  /// kCorrupt names the file and the offset.
  Status check(const Block& block, std::span<const std::uint8_t> bytes) const;

 private:
  env::Disk& disk_;
  std::uint64_t number_;
  std::string path_;
  std::uint64_t total_bytes_;
  bool is_shared_;
  std::atomic<std::uint64_t> live_bytes_{0};
};

}  // namespace penstock::engine::local
