#pragma once

#include "base/result.h"
#include "engine/local/block.h"
#include "env/disk.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::engine::local {

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

  Segment(std::uint64_t number, std::string path, std::unique_ptr<env::File> file,
          std::uint64_t total_bytes, bool is_shared)
      : number_(number),
        path_(std::move(path)),
        file_(std::move(file)),
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

  /// Reads one block and checks it. Blocking. kCorrupt names the file and the offset.
  Status read(const Block& block, std::span<std::uint8_t> into) const;

 private:
  std::uint64_t number_;
  std::string path_;
  std::unique_ptr<env::File> file_;
  std::uint64_t total_bytes_;
  bool is_shared_;
  std::atomic<std::uint64_t> live_bytes_{0};
};

}  // namespace penstock::engine::local
