#pragma once

#include "base/result.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/block.h"
#include "engine/local/data_folder.h"
#include "engine/local/segment.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace penstock::engine::local {

/// Builds one segment file: blocks in, one behind the other, then the index. Blocking.
///
/// The file has a name of its own until finish(), which makes it durable first. A writer that is
/// destroyed before leaves the unfinished file to remove_unfinished.
class SegmentWriter {
 public:
  static Result<SegmentWriter> create(const DataFolder& folder, std::uint64_t number);

  /// Whole frames of one shard, of which those that overlap [from, to) are taken, in blocks.
  Status add(ShardRef shard, Position from, Position to, std::span<const std::uint8_t> frames);
  /// A block as it was in another segment.
  Status add(const Block& block, std::span<const std::uint8_t> bytes);
  /// The next frames belong to a new block.
  void end_block();
  std::uint64_t bytes() const { return offset_ + buffer_.size(); }

  /// Durable, under its name; the blocks are in the order of the adds.
  Result<Segment::Opened> finish();

 private:
  SegmentWriter(const DataFolder& folder, std::uint64_t number)
      : folder_(&folder), number_(number) {}
  Status write();
  Status append(std::span<const std::uint8_t> bytes);

  const DataFolder* folder_;
  std::uint64_t number_;
  std::unique_ptr<env::File> file_;
  AlignedBuffer buffer_;      ///< Not yet written.
  std::uint64_t offset_ = 0;  ///< Of the buffer's first byte in the file.
  std::uint64_t synced_ = 0;  ///< What lies before is durable.
  std::vector<Block> blocks_;
  bool block_is_open_ = false;
};

}  // namespace penstock::engine::local
