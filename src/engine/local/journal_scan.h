#pragma once

#include "base/result.h"
#include "engine/local/commit.h"
#include "engine/local/data_folder.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock::engine::local {

/// Commits that should be there and cannot be read, between two that can.
struct MissingCommits {
  std::string where;  ///< File and offset, for people.
  CommitHeader before;
  CommitHeader after;
  /// The first one's bytes, when its header still says which it is and how long.
  std::vector<std::uint8_t> remains;
};

/// What is told while the journal is read, in the order of the commits.
class JournalVisitor {
 public:
  virtual ~JournalVisitor() = default;
  /// A commit that checks out; `frames` live until the call returns.
  virtual Status commit(const CommitHeader& header, std::span<const std::uint8_t> frames) = 0;
  virtual Status missing(const MissingCommits& missing) = 0;
  /// A file has been read.
  virtual Status file_end() = 0;
};

struct ScannedFile {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::optional<CommitHeader> last;  ///< Nothing: no commit was written to it in this life.
  std::uint64_t end = 0;             ///< Behind its last commit.
};

struct ScannedJournal {
  std::vector<ScannedFile> files;  ///< In the order of numbers.
  CommitHeader last;               ///< The last commit of all, or what was given as `base`.
  /// The place behind the last commit is neither zeros nor a commit: what was being written when
  /// the server died, or an acknowledged commit that was damaged. The first is the rule.
  std::optional<std::string> torn_at;
  /// Commits written with durability "os" that a cut of power lost others before of. They are gone.
  std::uint64_t cut_commits = 0;
};

/// Reads the journal from behind `base` on. Blocking.
///
/// Behind the last commit of a file lies a block of zeros, or the file's end, and nothing later. A
/// place that is neither that nor the next commit is searched on: with a later commit behind it, it
/// is missing, without one it is the torn tail. After a commit without sync, a place like that ends
/// the journal in any case, and what lies behind is erased, so that no later reader takes it for
/// its own.
Result<ScannedJournal> scan_journal(const DataFolder& folder, const CommitHeader& base,
                                    JournalVisitor& visitor);

}  // namespace penstock::engine::local
