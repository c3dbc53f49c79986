#include "engine/local/stored_read.h"

#include "engine/local/frame.h"
#include "engine/local/segment.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace penstock::engine::local {
namespace {

/// Blocks in memory, one behind the other.
struct Loaded {
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size = 0;
  Budget::Share share;
};

std::size_t size_of(const std::vector<StoredBlock>& blocks) {
  std::size_t size = 0;
  for (const StoredBlock& stored : blocks) size += stored.block.length;
  return size;
}

/// Leaves out the later blocks until the rest fits. One is read even when the budget is spent:
/// readers must get on.
Budget::Share fit(Budget& budget, std::vector<StoredBlock>& blocks) {
  while (blocks.size() > 1) {
    Budget::Share share = budget.try_take(size_of(blocks));
    if (share) return share;
    blocks.resize(blocks.size() / 2);
  }
  return budget.take(size_of(blocks));
}

Task<Result<std::shared_ptr<Loaded>>> load(env::Worker& worker, Budget::Share share,
                                           std::vector<StoredBlock> blocks) {
  auto loaded = std::make_shared<Loaded>();
  loaded->size = size_of(blocks);
  loaded->share = std::move(share);
  loaded->bytes = std::make_unique_for_overwrite<std::uint8_t[]>(loaded->size);
  auto job = [loaded, blocks = std::move(blocks)]() -> Status {
    std::size_t at = 0;
    for (const StoredBlock& stored : blocks) {
      TRY_OK(stored.segment->read(stored.block, {loaded->bytes.get() + at, stored.block.length}));
      at += stored.block.length;
    }
    return ok();
  };
  CO_TRY_OK(co_await env::run_blocking(worker, std::move(job)));
  co_return loaded;
}

}  // namespace

Task<Result<Slice>> read_blocks(env::Worker& worker, Budget& budget, Shard::BlockRead read,
                                ReadLimits limits) {
  Budget::Share share = fit(budget, read.blocks);
  auto loading = co_await load(worker, std::move(share), read.blocks);
  if (!loading.ok() && read.blocks.size() > 1) {
    // What lies before the damage is still to be had.
    read.blocks.resize(1);
    share = fit(budget, read.blocks);
    loading = co_await load(worker, std::move(share), read.blocks);
  }
  if (!loading.ok()) co_return std::move(loading).error();
  const std::shared_ptr<Loaded> loaded = std::move(loading).value();
  Slice slice;
  slice.next = read.from;
  slice.trimmed = read.trimmed;
  const std::uint8_t* frames = loaded->bytes.get();
  for (const StoredBlock& stored : read.blocks) {
    const Position limit = std::min(stored.block.next, read.limit);
    // Blocks may overlap: what the one before gave is not given again.
    const Position from = std::max(read.from, slice.next);
    if (add_records(slice, frames, from, limit, limits)) break;
    frames += stored.block.length;
  }
  slice.end_of_shard = read.sealed_at.has_value() && slice.next >= *read.sealed_at;
  slice.pin = loaded;
  co_return slice;
}

Task<Result<Position>> locate_in_block(env::Worker& worker, Budget& budget, Shard::BlockRead read,
                                       ServiceTime at) {
  Budget::Share share = fit(budget, read.blocks);
  CO_TRY(const auto loaded, co_await load(worker, std::move(share), read.blocks));
  for (std::size_t offset = 0; offset < loaded->size;) {
    const RecordsHeader header = records_header(loaded->bytes.get() + offset);
    if (header.arrival >= at) co_return std::max(header.first, read.from);
    offset += header.length;
  }
  co_return read.blocks.back().block.next;
}

}  // namespace penstock::engine::local
