#pragma once

#include "base/result.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/commit.h"
#include "engine/local/commit_queue.h"
#include "engine/local/frame.h"
#include "engine/local/journal_files.h"
#include "engine/local/local_engine.h"
#include "env/fault_points.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>

namespace penstock::engine::local {

/// Writes what is staged: one commit at a time, each of them everything that was staged while the
/// one before was being written. So the write in flight is the window of group commit.
///
/// Lives on the journal's thread, but for the numbers. A failed write closes it for good: what was
/// being written has an unknown outcome, everything later is refused. A full disk does not: nothing
/// was written, and the commit is given back.
class Journal {
 public:
  /// `wake_store` is called when a file was taken or closed.
  Journal(CommitQueue& queue, JournalFiles& files, const Salt& salt, Durability durability,
          env::FaultPoints& faults, std::function<void()> wake_store);

  /// Takes back whatever is staged and not durable: documents, marks, records. For a full disk.
  void on_unstage(std::function<void()> unstage) { unstage_ = std::move(unstage); }
  /// Where to go on, before the first commit.
  void start(std::optional<JournalFile> file, const CommitHeader& last);
  /// A commit with nothing but this frame, at a start, or with nothing, behind other commits.
  Status write_alone(std::span<const std::uint8_t> frame, std::uint32_t flags);
  /// Commits what is staged, if anything is.
  void commit();

  /// The last commit whose effects can be seen. Any thread.
  std::uint64_t applied() const { return applied_.load(std::memory_order_acquire); }
  /// Commits that held something. Any thread.
  std::uint64_t useful() const { return useful_.load(std::memory_order_relaxed); }
  /// Closes it for good: a write or a sync failed, and nothing is known of what was written. Any
  /// thread.
  void close(const Error& error);
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }
  /// The file that is written to, by name. Any thread.
  std::string path() const;

 private:
  Status write(AlignedBuffer& bytes, CommitHeader header, JournalFiles::Author author);
  Status rotate(std::uint64_t bytes, JournalFiles::Author author);
  void spare_the_rest();
  void refuse_records();
  void give_back();
  void fail(Cut& cut, const Error& error);
  AlignedBuffer& assemble(CommitHeader& header);

  CommitQueue& queue_;
  JournalFiles& files_;
  const Salt& salt_;
  const std::uint32_t flags_;
  env::FaultPoints& faults_;
  std::function<void()> wake_store_;
  std::function<void()> unstage_;
  bool found_no_room_ = false;  ///< The last write failed before it began: no file could be made.

  std::optional<JournalFile> file_;
  CommitHeader last_;
  Cut cut_;
  AlignedBuffer joined_;  ///< Several lanes in one piece.
  Budget::Share joined_charge_;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> useful_{0};
  std::atomic<bool> failed_{false};
  mutable std::mutex path_mutex_;
  std::string path_;
};

}  // namespace penstock::engine::local
