#include "engine/local/segment_index.h"

#include "base/crc32c.h"
#include "engine/local/wire.h"

#include <array>

namespace penstock::engine::local {
namespace {

constexpr std::uint32_t kMagic = 0x31535350;  // "PSS1"

/// Of the entries, then of the trailer behind the checksum.
std::uint32_t checksum_of(std::span<const std::uint8_t> entries,
                          std::span<const std::uint8_t> trailer, const Salt& salt) {
  return crc32c(trailer.first(kTrailerBytes).subspan(8), salt.checksum(entries));
}

void write_fields(std::uint8_t* into, const Trailer& trailer) {
  store(into, kMagic);
  store(into + 4, trailer.checksum);
  store(into + 8, trailer.number);
  store(into + 16, trailer.index_offset);
  store(into + 24, trailer.count);
  store(into + 32, trailer.blocks_bytes);
}

}  // namespace

std::vector<std::uint8_t> encode_index(const std::vector<Block>& blocks) {
  std::vector<std::uint8_t> out;
  out.reserve(blocks.size() * kIndexEntryBytes);
  Writer writer(out);
  for (const Block& block : blocks) {
    writer.number(block.shard.log.value)
        .number(block.shard.shard)
        .number(block.first.index)
        .number(block.next.index)
        .number(unix_millis(block.first_arrival))
        .number(unix_millis(block.last_arrival))
        .number(block.offset)
        .number(block.length)
        .number(block.crc);
  }
  return out;
}

void write_trailer(std::uint8_t* into, Trailer trailer, std::span<const std::uint8_t> entries,
                   const Salt& salt) {
  write_fields(into, trailer);
  trailer.checksum = checksum_of(entries, {into, kTrailerBytes}, salt);
  write_fields(into, trailer);
}

std::optional<Trailer> peek_trailer(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kTrailerBytes || load<std::uint32_t>(bytes.data()) != kMagic) {
    return std::nullopt;
  }
  Trailer trailer;
  trailer.checksum = load<std::uint32_t>(bytes.data() + 4);
  trailer.number = load<std::uint64_t>(bytes.data() + 8);
  trailer.index_offset = load<std::uint64_t>(bytes.data() + 16);
  trailer.count = load<std::uint64_t>(bytes.data() + 24);
  trailer.blocks_bytes = load<std::uint64_t>(bytes.data() + 32);
  return trailer;
}

std::optional<std::vector<Block>> decode_index(const Trailer& trailer,
                                               std::span<const std::uint8_t> entries,
                                               const Salt& salt) {
  std::array<std::uint8_t, kTrailerBytes> fields{};
  write_fields(fields.data(), trailer);
  if (checksum_of(entries, fields, salt) != trailer.checksum) return std::nullopt;
  std::vector<Block> blocks;
  blocks.reserve(trailer.count);
  Reader reader(entries);
  for (std::uint64_t i = 0; i < trailer.count; ++i) {
    Block block;
    block.shard.log = LogId{reader.number<std::uint64_t>()};
    block.shard.shard = reader.number<std::uint32_t>();
    block.first = Position{reader.number<std::uint64_t>()};
    block.next = Position{reader.number<std::uint64_t>()};
    block.first_arrival = service_time(reader.number<std::int64_t>());
    block.last_arrival = service_time(reader.number<std::int64_t>());
    block.offset = reader.number<std::uint64_t>();
    block.length = reader.number<std::uint32_t>();
    block.crc = reader.number<std::uint32_t>();
    blocks.push_back(block);
  }
  if (!reader.ok()) return std::nullopt;
  return blocks;
}

}  // namespace penstock::engine::local
