#include "engine/local/segment.h"

#include "base/crc32c.h"
#include "engine/errors.h"
#include "engine/local/frame.h"

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

}  // namespace

Status Segment::read(const Block& block, std::span<std::uint8_t> into) const {
  TRY(const std::size_t got, file_->read_at(block.offset, into));
  if (got != block.length || crc32c(into) != block.crc || !holds(block, into)) {
    return Error{EngineErrc::kCorrupt, path_ + ": the block at offset " +
                                           std::to_string(block.offset) + " (log " +
                                           std::to_string(block.shard.log.value) + " shard " +
                                           std::to_string(block.shard.shard) + ", positions " +
                                           std::to_string(block.first.index) + " to " +
                                           std::to_string(block.next.index - 1) + ") is damaged"};
  }
  return ok();
}

}  // namespace penstock::engine::local
