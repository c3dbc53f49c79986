#include "engine/local/segment.h"

#include "base/check.h"
#include "engine/errors.h"
#include "engine/local/segment_index.h"
#include "engine/local/segment_writer.h"
#include "engine/local/wire.h"
#include "fuzz/support/damage.h"
#include "unit/engine/local/kit.h"

#include <algorithm>

// A segment as the store writes it, then damage: an index that opens is the one that was written,
// and a block that is read holds what was put into it. Beside it an index of arbitrary entries
// whose checksum is right: nothing that does not fit together is served.

namespace penstock::engine::local {
namespace {

constexpr std::uint64_t kNumber = 1;

bool equal(const Block& a, const Block& b) {
  return a.shard == b.shard && a.first == b.first && a.next == b.next &&
         a.first_arrival == b.first_arrival && a.last_arrival == b.last_arrival &&
         a.offset == b.offset && a.length == b.length && a.crc == b.crc;
}

Segment::Opened write_segment(Kit& kit, FuzzedDataProvider& choices) {
  auto writer = SegmentWriter::create(kit.folder(), kNumber);
  PENSTOCK_CHECK(writer.ok(), "the segment is made");
  std::map<ShardRef, Position> next;
  const int frames = choices.ConsumeIntegralInRange(0, 6);
  for (int i = 0; i < frames; ++i) {
    const ShardRef shard{LogId{choices.ConsumeIntegralInRange<std::uint64_t>(1, 2)},
                         choices.ConsumeIntegralInRange<std::uint32_t>(0, 1)};
    Position& at = next.try_emplace(shard, Position{1}).first->second;
    Strings data(choices.ConsumeIntegralInRange<std::size_t>(1, 5));
    for (std::string& one : data) {
      one.assign(choices.ConsumeIntegralInRange<std::size_t>(0, 3'000), static_cast<char>('a' + i));
    }
    const Position end{at.index + data.size()};
    PENSTOCK_CHECK(
        writer->add(shard, at, end, records_frame(shard, at, service_time(i), data)).ok(), "added");
    at = end;
    if (choices.ConsumeBool()) writer->end_block();
  }
  auto finished = writer->finish();
  PENSTOCK_CHECK(finished.ok(), "finished");
  return std::move(*finished);
}

std::vector<Bytes> read_blocks_of(const Segment::Opened& opened) {
  std::vector<Bytes> all;
  AlignedBuffer memory;
  for (const Block& block : opened.blocks) {
    const auto bytes = opened.segment->read(block, memory);
    PENSTOCK_CHECK(bytes.ok(), "what was written is read");
    all.emplace_back(bytes->begin(), bytes->end());
  }
  return all;
}

void check_damage(FuzzedDataProvider& choices) {
  Kit kit;
  const Segment::Opened written = write_segment(kit, choices);
  const std::vector<Bytes> stored = read_blocks_of(written);
  Bytes& file = kit.disk().bytes(kit.folder().segment_file(kNumber));
  const Bytes before = file;
  const int damages = choices.ConsumeIntegralInRange(0, 3);
  for (int i = 0; i < damages; ++i) fuzz::damage(file, choices);

  const auto opened = Segment::open(kit.folder(), kNumber);
  PENSTOCK_CHECK(opened.ok() || file != before, "a segment that is whole opens");
  if (!opened.ok()) {
    PENSTOCK_CHECK(opened.error().code == EngineErrc::kCorrupt, "damage is called damage");
    return;
  }
  PENSTOCK_CHECK(opened->segment->total_bytes() == written.segment->total_bytes() &&
                     std::equal(opened->blocks.begin(), opened->blocks.end(),
                                written.blocks.begin(), written.blocks.end(), equal),
                 "the index is the one that was written");
  AlignedBuffer memory;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const auto read = opened->segment->read(opened->blocks[i], memory);
    if (read.ok()) {
      PENSTOCK_CHECK(std::equal(read->begin(), read->end(), stored[i].begin(), stored[i].end()),
                     "a block that is read is the one that was written");
    } else {
      PENSTOCK_CHECK(read.error().code == EngineErrc::kCorrupt && file != before,
                     "only a damaged block is refused");
    }
  }
}

/// Blocks' bytes, entries and trailer as the input has them, with a right checksum.
void check_forgery(FuzzedDataProvider& choices) {
  Kit kit;
  Trailer trailer{.number = kNumber,
                  .index_offset = choices.ConsumeIntegralInRange<std::uint64_t>(0, 300),
                  .count = choices.ConsumeIntegralInRange<std::uint64_t>(0, 5),
                  .blocks_bytes = choices.ConsumeIntegral<std::uint64_t>()};
  if (choices.ConsumeBool()) trailer.index_offset = choices.ConsumeIntegral<std::uint64_t>();
  if (choices.ConsumeBool()) trailer.count = choices.ConsumeIntegral<std::uint64_t>();
  auto bytes = choices.ConsumeRemainingBytes<std::uint8_t>();
  bytes.resize(bytes.size() + kTrailerBytes);
  const std::size_t room = bytes.size() - kTrailerBytes;
  if (trailer.index_offset <= room &&
      trailer.count <= (room - trailer.index_offset) / kIndexEntryBytes) {
    const auto entries =
        std::span(bytes).subspan(trailer.index_offset, trailer.count * kIndexEntryBytes);
    write_trailer(bytes.data() + room, trailer, entries, kit.folder().salt());
  } else {
    write_trailer(bytes.data() + room, trailer, {}, kit.folder().salt());
  }
  const std::string path = kit.folder().segment_file(kNumber);
  PENSTOCK_CHECK(kit.disk().open(path, {.create = true, .writable = true}).ok(), "made");
  kit.disk().bytes(path) = bytes;

  const auto opened = Segment::open(kit.folder(), kNumber);
  if (!opened.ok()) return;
  AlignedBuffer memory;
  for (const Block& block : opened->blocks) {
    if (block.length > bytes.size()) continue;
    const auto read = opened->segment->read(block, memory);
    if (!read.ok()) continue;
    Slice slice;
    slice.next = block.first;
    add_records(slice, read->data(), block.first, block.next, {});
    PENSTOCK_CHECK(slice.records.size() == block.next.index - block.first.index,
                   "a block that is served holds the positions it names");
  }
}

}  // namespace
}  // namespace penstock::engine::local

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  choices.ConsumeBool() ? penstock::engine::local::check_damage(choices)
                        : penstock::engine::local::check_forgery(choices);
  return 0;
}
