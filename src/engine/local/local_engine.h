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

/// What opening a data folder found.
struct OpenReport {
  /// The file system has no O_DIRECT: everything goes through the page cache.
  bool through_page_cache = false;
  std::uint64_t replayed_commits = 0;
  /// The journal ended in something unreadable: see docs/disk-format.md.
  bool torn_tail = false;
  std::uint64_t cut_commits = 0;      ///< With durability "os": lost by a cut of power.
  std::uint64_t damaged_commits = 0;  ///< In the middle of the journal.
  std::uint64_t damaged_marks = 0;    ///< Changes of marks in them: older ones are in force again.
  std::uint64_t damaged_segments = 0;
  std::uint64_t damaged_records = 0;  ///< Positions that are fenced: reading them is kCorrupt.
};

struct Options {
  std::string folder;  ///< The data folder; made when missing. Empty: durability is kMemory.
  Durability durability = Durability::kSync;

  /// Chunks kept for reuse, beyond those in use; at most an eighth of the memory.
  std::size_t free_chunk_bytes_max = 64u << 20;
  /// The journal's first file is small, so that a server starts at once; the next ones double.
  std::uint64_t journal_first_file_bytes = 1u << 20;
  std::uint64_t journal_file_bytes_max = 64u << 20;
  /// Beyond twice this, puts wait for the store.
  std::uint64_t journal_bytes_max = 256u << 20;
  /// Given up when the disk is full, so that deletes, trims and documents still go through.
  std::uint64_t ballast_bytes = 4u << 20;
  /// How long a put waits for memory before it is refused.
  Millis memory_wait_max{2'000};
  /// After this time without a commit an empty one is written: it proves that the last one was
  /// whole.
  Millis idle_commit_after{50};
  /// Before the store tries again what failed.
  Millis store_retry_after{500};
  /// Between one part of what can wait (removing, rewriting) and the next.
  Millis store_pause{20};
  /// Of segments read, kept for readers close behind or read ahead of one; at most a sixteenth of
  /// the memory.
  std::size_t read_bytes_kept_max = 32u << 20;

  /// Filled by open().
  OpenReport* report = nullptr;
};

/// The engine that keeps everything on this machine. `env` and `budget` outlive it and every Slice.
/// fails     Errc::kExists    another server has the folder
///           Errc::kIo, kNoSpace, EngineErrc::kCorrupt   with the file in the message
Task<Result<std::unique_ptr<Engine>>> open(Options options, env::Env& env, Budget& budget);

}  // namespace penstock::engine::local
