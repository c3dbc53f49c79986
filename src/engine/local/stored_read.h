#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/local/shard.h"
#include "engine/log.h"
#include "env/worker.h"

namespace penstock::engine::local {

/// Reads blocks from their segments on `worker` and makes a slice of them.
Task<Result<Slice>> read_blocks(env::Worker& worker, Budget& budget, Shard::BlockRead read,
                                ReadLimits limits);

/// The first record in the read's block, at or behind read.from, whose arrival is not before `at`.
Task<Result<Position>> locate_in_block(env::Worker& worker, Budget& budget, Shard::BlockRead read,
                                       ServiceTime at);

}  // namespace penstock::engine::local
