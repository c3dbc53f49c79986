#pragma once

#include "engine/local/block.h"
#include "engine/local/commit.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace penstock::engine::local {

/// The end of a segment file: an entry for each block, zeros, and the trailer in the last bytes.
///
///     entry    8 u64 log    4 u32 shard    8 u64 first   8 u64 next
///              8 i64 first arrival, ms     8 i64 last arrival, ms
///              8 u64 offset   4 u32 length   4 u32 CRC-32C of the block
///     trailer  0 u32 magic "PSS1"   4 u32 salted CRC-32C of the entries and of trailer bytes 8 to
///     40
///              8 u64 number of the segment  16 u64 offset of the entries  24 u64 count of entries
///             32 u64 bytes of all blocks
inline constexpr std::size_t kIndexEntryBytes = 60;
inline constexpr std::size_t kTrailerBytes = 40;

struct Trailer {
  std::uint64_t number = 0;
  std::uint64_t index_offset = 0;
  std::uint64_t count = 0;
  std::uint64_t blocks_bytes = 0;
  std::uint32_t checksum = 0;
};

/// The entries as bytes.
std::vector<std::uint8_t> encode_index(const std::vector<Block>& blocks);
/// Writes the trailer into kTrailerBytes at `into`.
void write_trailer(std::uint8_t* into, Trailer trailer, std::span<const std::uint8_t> entries,
                   const Salt& salt);

/// The trailer in the last kTrailerBytes of a file, when it has the magic; not checked further.
std::optional<Trailer> peek_trailer(std::span<const std::uint8_t> bytes);
/// The blocks, when the checksum is right.
std::optional<std::vector<Block>> decode_index(const Trailer& trailer,
                                               std::span<const std::uint8_t> entries,
                                               const Salt& salt);

}  // namespace penstock::engine::local
