#include "engine/local/segment_writer.h"

#include "base/check.h"
#include "base/crc32c.h"
#include "engine/local/frame.h"
#include "engine/local/segment_index.h"
#include "engine/local/wire.h"

#include <algorithm>

namespace penstock::engine::local {
namespace {

constexpr std::size_t kWriteBytes = 1u << 20;
/// A file that grows is slow to sync (its journal of names and blocks goes with it), so not each
/// write; and a disk that has much to sync at once lets the commits of puts wait, so not the whole.
constexpr std::uint64_t kSyncBytes = 8u << 20;
/// What is read, and checked, in one piece. One frame may be larger.
constexpr std::size_t kBlockTarget = 256u << 10;

}  // namespace

Result<SegmentWriter> SegmentWriter::create(const DataFolder& folder, std::uint64_t number) {
  SegmentWriter writer(folder, number);
  TRY(writer.file_, folder.create_unfinished(folder.segment_file(number), {.uncached = true}));
  return writer;
}

Status SegmentWriter::append(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t piece = std::min(bytes.size(), kWriteBytes - buffer_.size());
    buffer_.append(bytes.first(piece));
    bytes = bytes.subspan(piece);
    if (buffer_.size() < kWriteBytes) break;
    TRY_OK(write());
  }
  return ok();
}

Status SegmentWriter::write() {
  TRY_OK(file_->write_at(offset_, buffer_.bytes()));
  offset_ += buffer_.size();
  buffer_.clear();
  if (offset_ - synced_ < kSyncBytes) return ok();
  synced_ = offset_;
  return file_->sync();
}

Status SegmentWriter::add(ShardRef shard, Position from, Position to,
                          std::span<const std::uint8_t> frames) {
  while (!frames.empty()) {
    const RecordsHeader header = records_header(frames.data());
    PENSTOCK_CHECK(header.length <= frames.size() && header.shard == shard,
                   "a chunk holds whole frames of its shard");
    const auto frame = frames.first(header.length);
    frames = frames.subspan(header.length);
    if (header.first >= to) break;
    if (header.next() <= from) continue;
    const bool goes_on = block_is_open_ && blocks_.back().shard == shard &&
                         blocks_.back().next == header.first &&
                         blocks_.back().length + frame.size() <= kBlockTarget;
    if (!goes_on) {
      blocks_.push_back({.shard = shard,
                         .first = header.first,
                         .first_arrival = header.arrival,
                         .offset = bytes()});
      block_is_open_ = true;
    }
    Block& block = blocks_.back();
    block.next = header.next();
    block.last_arrival = header.arrival;
    block.length += static_cast<std::uint32_t>(frame.size());
    block.crc = crc32c(frame, block.crc);
    TRY_OK(append(frame));
  }
  return ok();
}

Status SegmentWriter::add(const Block& block, std::span<const std::uint8_t> bytes_of_block) {
  end_block();
  blocks_.push_back(block);
  blocks_.back().offset = bytes();
  return append(bytes_of_block);
}

void SegmentWriter::end_block() { block_is_open_ = false; }

Result<Segment::Opened> SegmentWriter::finish() {
  const std::uint64_t blocks_bytes = bytes();
  const std::vector<std::uint8_t> entries = encode_index(blocks_);
  TRY_OK(append(entries));
  const std::uint64_t size = round_up(bytes() + kTrailerBytes, AlignedBuffer::kAlign);
  buffer_.resize(static_cast<std::size_t>(size - offset_));
  write_trailer(buffer_.data() + buffer_.size() - kTrailerBytes,
                {.number = number_,
                 .index_offset = blocks_bytes,
                 .count = blocks_.size(),
                 .blocks_bytes = blocks_bytes},
                entries, folder_->salt());
  TRY_OK(write());
  TRY_OK(file_->sync());
  TRY_OK(folder_->finish(folder_->segment_file(number_)));
  return Segment::open(*folder_, number_);
}

}  // namespace penstock::engine::local
