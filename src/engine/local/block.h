#pragma once

#include "engine/log.h"

#include <cstdint>
#include <memory>

namespace penstock::engine::local {

class Segment;

/// Some whole frames of one shard in a segment: what is read, and checked, in one piece.
struct Block {
  ShardRef shard;
  Position first;
  Position next;
  ServiceTime first_arrival;
  ServiceTime last_arrival;
  std::uint64_t offset = 0;  ///< In the segment's file.
  std::uint32_t length = 0;
  std::uint32_t crc = 0;  ///< CRC-32C of the bytes.
};

struct StoredBlock {
  Block block;
  std::shared_ptr<Segment> segment;
  bool is_damaged = false;  ///< It was read, and is not what was written.
};

}  // namespace penstock::engine::local
