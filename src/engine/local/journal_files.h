#pragma once

#include "base/result.h"
#include "engine/local/data_folder.h"
#include "engine/local/local_engine.h"
#include "env/disk.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace penstock::engine::local {

/// A file of the journal that is open for writing. Its name is durable.
struct JournalFile {
  std::uint64_t number = 0;
  std::string path;
  std::unique_ptr<env::File> file;
  std::uint64_t size =
      0;  ///< What has been written before: inside it a write is fast and needs no space.
  std::uint64_t offset = 0;  ///< Of the next commit.
  /// From here on it holds zeros. Before, something old may lie behind the next commit, which must
  /// then be followed by a block of zeros: see scan_journal.
  std::uint64_t zeros_from = 0;
  CommitHeader last;  ///< Of its commits.

  std::uint64_t room() const { return size - std::min(size, offset); }
};

/// The journal's files besides the one being written: the next one, prepared ahead; those that are
/// still needed; and spare ones, whose bytes are overwritten without the file system having to
/// allocate. Thread-safe.
class JournalFiles {
 public:
  JournalFiles(const DataFolder& folder, const Options& options);

  // At start, from what the scan found.
  void add_closed(std::uint64_t number, const CommitHeader& last, std::uint64_t size);
  void add_spare(std::uint64_t number, std::uint64_t size);
  /// Whether the last server left the ballast whole.
  void find_ballast();
  bool has_ballast() const;
  /// A file to go on in, behind its last commit.
  Result<JournalFile> open_at(std::uint64_t number, std::uint64_t size, const CommitHeader& last,
                              std::uint64_t offset);

  // The writer's side.
  /// Whose commit it is. Where there may be no other file behind the one being written, each leaves
  /// room for those below it: a start has to write before it can make room, and what was committed
  /// is to be shown to be whole.
  enum class Author { kRequests, kProof, kStart };
  std::uint64_t left_free_by(Author author) const;
  /// A file with room for `bytes` and for what `author` leaves free: the prepared one; or a spare
  /// one; or a new one, which takes a while to write; or the ballast, when the disk is full.
  /// fails     Errc::kNoSpace, kIo
  Result<JournalFile> next(std::uint64_t bytes, Author author = Author::kRequests);
  void close(const JournalFile& file);
  /// Whether the disk was full the last time that a file was made.
  bool is_full() const;
  /// What can still be written while the disk is full: `room` in the file being written, the
  /// prepared file and the ballast. Little is less than half of the ballast, nothing a quarter.
  enum class Left { kEnough, kLittle, kNothing };
  Left left(std::uint64_t room) const;
  /// Why records are refused then.
  static Error full_error();

  // The store's side; blocking.
  /// Makes the ballast and the next file, when they are missing. Nothing to do: ok.
  Status prepare();
  /// Every commit up to this one is needed no longer.
  Status release(std::uint64_t commit);
  /// The last commit of the files that are closed and not released; nothing: there is none.
  std::optional<CommitHeader> last_closed() const;
  std::uint64_t closed_bytes() const;
  std::vector<std::string> closed_paths() const;

 private:
  struct Kept {
    std::uint64_t number;
    CommitHeader last;
    std::uint64_t size;
  };
  Result<JournalFile> open_file(std::uint64_t number, std::uint64_t size) const;
  Status zero_first_block(std::uint64_t number) const;
  Result<JournalFile> recycle(Kept& spare, std::uint64_t number) const;
  Result<JournalFile> make(std::uint64_t number, std::uint64_t size) const;
  Status write_zeros(const std::string& path, std::uint64_t size) const;
  Status make_next();
  Status make_ballast();
  Result<JournalFile> make_from(std::optional<Kept>& spare, std::uint64_t number,
                                std::uint64_t bytes);
  std::optional<Kept> take_spare(std::uint64_t bytes);
  std::uint64_t left_at_the_end(Author author) const;
  std::uint64_t kept_bytes() const;

  const DataFolder& folder_;
  const bool direct_;
  const std::uint64_t first_bytes_;
  const std::uint64_t file_bytes_max_;
  const std::uint64_t journal_bytes_max_;
  const std::uint64_t ballast_bytes_;

  mutable std::mutex mutex_;
  std::uint64_t last_number_ = 0;  ///< Used or given away.
  std::uint64_t next_bytes_;
  std::optional<JournalFile> next_;
  bool has_ballast_ = false;
  bool full_ = false;
  std::vector<Kept> closed_;
  std::vector<Kept> spare_;
};

}  // namespace penstock::engine::local
