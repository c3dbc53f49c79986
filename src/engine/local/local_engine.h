#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "engine/engine.h"
#include "env/env.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::engine::local {

enum class Durability {
  kSync,    ///< A completed write survives a cut of power.
  kOs,      ///< It survives a killed process: it is in the operating system's cache.
  kMemory,  ///< Nothing is stored; there are no files.
};

struct Options {
  std::string folder;  ///< The data folder; made when missing. Empty: durability is kMemory.
  Durability durability = Durability::kSync;

  /// Chunks kept for reuse, beyond those in use.
  std::size_t free_chunk_bytes_max = 16u << 20;
  /// The journal's first file is small, so that a server starts at once; the next ones double.
  std::uint64_t journal_first_file_bytes = 4u << 20;
  std::uint64_t journal_file_bytes_max = 64u << 20;
  std::uint64_t journal_bytes_max = 256u << 20;
  /// Given up when the disk is full, so that deletes, trims and documents still go through.
  std::uint64_t ballast_bytes = 4u << 20;
  /// How long a put waits for memory before it is refused.
  Millis memory_wait_max{2'000};
};

/// The engine that keeps everything on this machine. `env` and `budget` outlive it and every Slice.
/// fails     Errc::kExists    another server has the folder
///           Errc::kIo, kNoSpace, EngineErrc::kCorrupt   with the file in the message
Task<Result<std::unique_ptr<Engine>>> open(Options options, env::Env& env, Budget& budget);

}  // namespace penstock::engine::local
