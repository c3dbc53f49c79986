#include "engine/local/segment.h"

#include "base/crc32c.h"
#include "engine/errors.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/data_folder.h"
#include "engine/local/frame.h"
#include "engine/local/segment_index.h"
#include "engine/local/wire.h"

namespace penstock::engine::local {
namespace {

/// Whole frames of records of that shard, from first to next without a gap.
bool holds(const Block& block, std::span<const std::uint8_t> bytes) {
  Position at = block.first;
  while (!bytes.empty()) {
    const auto frame = first_frame(bytes);
    if (!frame.has_value() || frame->kind != FrameKind::kRecords || !records_fit(frame->bytes)) {
      return false;
    }
    const RecordsHeader header = records_header(frame->bytes.data());
    if (header.shard != block.shard || header.first != at) return false;
    at = header.next();
    bytes = bytes.subspan(frame->bytes.size());
  }
  return at == block.next;
}

Error damaged(const std::string& path, std::string_view what) {
  return Error{EngineErrc::kCorrupt, path + ": " + std::string(what)};
}

}  // namespace

Result<Segment::Opened> Segment::open(const DataFolder& folder, std::uint64_t number) {
  const std::string path = folder.segment_file(number);
  TRY(auto file, folder.disk().open(path, {}));
  TRY(const std::uint64_t size, file->size());
  if (size < kTrailerBytes) return damaged(path, "shorter than its trailer");
  std::vector<std::uint8_t> bytes(kTrailerBytes);
  TRY(std::size_t got, file->read_at(size - kTrailerBytes, bytes));
  const auto trailer = peek_trailer(std::span(bytes).first(got));
  if (!trailer.has_value() || trailer->number != number) {
    return damaged(path, "the trailer is damaged");
  }
  const std::uint64_t room = size - kTrailerBytes;
  if (trailer->index_offset > room ||
      trailer->count > (room - trailer->index_offset) / kIndexEntryBytes) {
    return damaged(path, "the trailer is damaged");
  }
  bytes.resize(trailer->count * kIndexEntryBytes);
  TRY(got, file->read_at(trailer->index_offset, bytes));
  auto blocks = decode_index(*trailer, std::span(bytes).first(got), folder.salt());
  if (!blocks.has_value()) return damaged(path, "the index is damaged");
  bool is_shared = false;
  for (const Block& block : *blocks) {
    is_shared |= block.shard.log != blocks->front().shard.log;
    if (block.offset > trailer->index_offset ||
        block.length > trailer->index_offset - block.offset) {
      return damaged(path, "the index names bytes that are not there");
    }
  }
  return Opened{
      std::make_shared<Segment>(folder.disk(), number, path, trailer->blocks_bytes, is_shared),
      std::move(*blocks)};
}

Segment::Span Segment::span_of(const Block& first, const Block& last) {
  const std::uint64_t begin = first.offset / AlignedBuffer::kAlign * AlignedBuffer::kAlign;
  const std::uint64_t end = round_up(last.offset + last.length, AlignedBuffer::kAlign);
  return {begin, static_cast<std::size_t>(end - begin)};
}

Status Segment::read(Span span, std::span<std::uint8_t> into) const {
  auto opened = disk_.open(path_, {.uncached = true});
  if (!opened.ok() && opened.error().code == Errc::kNotFound) return damaged(path_, "is missing");
  TRY(const auto file, std::move(opened));
  TRY(const std::size_t got, file->read_at(span.offset, into));
  if (got != span.bytes) return damaged(path_, "shorter than its index says");
  return ok();
}

Result<std::span<const std::uint8_t>> Segment::read(const Block& block, AlignedBuffer& into) const {
  const Span span = span_of(block, block);
  into.resize(span.bytes);
  TRY_OK(read(span, into.bytes()));
  const std::span<const std::uint8_t> bytes =
      into.bytes().subspan(block.offset - span.offset, block.length);
  TRY_OK(check(block, bytes));
  return bytes;
}

Status Segment::check(const Block& block, std::span<const std::uint8_t> bytes) const {
  if (crc32c(bytes) == block.crc && holds(block, bytes)) return ok();
  return damaged(path_, "the block at offset " + std::to_string(block.offset) + " (log " +
                            std::to_string(block.shard.log.value) + " shard " +
                            std::to_string(block.shard.shard) + ", positions " +
                            std::to_string(block.first.index) + " to " +
                            std::to_string(block.next.index - 1) + ") is damaged");
}

}  // namespace penstock::engine::local
