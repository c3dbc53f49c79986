#include "engine/local/journal.h"

#include "base/log.h"
#include "engine/errors.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {
Journal::Journal(CommitQueue& queue, JournalFiles& files, const Salt& salt, Durability durability,
                 env::FaultPoints& faults, std::function<void()> wake_store)
    : queue_(queue),
      files_(files),
      salt_(salt),
      flags_(durability == Durability::kOs ? kCommitUnsynced : 0),
      faults_(faults),
      wake_store_(std::move(wake_store)) {}

void Journal::start(std::optional<JournalFile> file, const CommitHeader& last) {
  file_ = std::move(file);
  last_ = last;
  applied_ = last.number;
  const std::lock_guard lock(path_mutex_);
  path_ = file_.has_value() ? file_->path : "";
  if (files_.is_full()) refuse_records();
}

std::string Journal::path() const {
  const std::lock_guard lock(path_mutex_);
  return path_;
}

void Journal::commit() {
  queue_.take(cut_);
  if (cut_.empty()) return;
  if (has_failed()) {
    queue_.complete(cut_, Error{EngineErrc::kFailed, "the journal failed before this was written"});
    return;
  }
  CommitHeader header;
  AlignedBuffer& bytes = assemble(header);
  if (const Status written = write(bytes, header, JournalFiles::Author::kRequests); !written.ok()) {
    return found_no_room_ ? give_back() : fail(cut_, written.error());
  }
  queue_.complete(cut_, ok());
  applied_.store(last_.number, std::memory_order_release);
  useful_.fetch_add(1, std::memory_order_relaxed);
}

Status Journal::write_alone(std::span<const std::uint8_t> frame, std::uint32_t flags) {
  if (has_failed()) return ok();
  joined_.clear();
  joined_.resize(kCommitHeaderBytes);
  joined_.append(frame);
  CommitHeader header;
  header.flags = flags;
  header.state_total = frame.empty() ? 0 : 1;
  const auto author = frame.empty() ? JournalFiles::Author::kProof : JournalFiles::Author::kStart;
  if (Status written = write(joined_, header, author); !written.ok()) {
    if (!found_no_room_) fail(cut_, written.error());
    return written;
  }
  applied_.store(last_.number, std::memory_order_release);
  return ok();
}

/// The frames of all lanes in one piece behind room for a header, which gets its counts.
AlignedBuffer& Journal::assemble(CommitHeader& header) {
  std::size_t filled = 0;
  for (const LaneBatch& lane : cut_.lanes) {
    filled += lane.empty() ? 0 : 1;
    header.records_total += lane.records;
    header.marks_total += lane.marks;
    header.state_total += lane.applies.size() - lane.marks;
  }
  if (filled == 1) {
    return std::find_if(cut_.lanes.begin(), cut_.lanes.end(),
                        [](const LaneBatch& lane) { return !lane.empty(); })
        ->bytes;
  }
  constexpr std::size_t kKeptBytes = 4u << 20;
  std::size_t bytes = kCommitHeaderBytes + 2 * kCommitAlign;
  for (const LaneBatch& lane : cut_.lanes) bytes += lane.bytes.size();
  if (joined_.capacity() > kKeptBytes && bytes <= kKeptBytes) joined_.release();
  if (bytes > joined_.capacity()) {
    joined_.release();
    joined_charge_ = queue_.charge(bytes);
    joined_.reserve_exactly(bytes);
  }
  joined_.clear();
  joined_.resize(kCommitHeaderBytes);
  for (const LaneBatch& lane : cut_.lanes) {
    if (!lane.empty()) joined_.append(lane.bytes.bytes().subspan(kCommitHeaderBytes));
  }
  return joined_;
}

/// `header` comes with counts and flags of this commit alone.
Status Journal::write(AlignedBuffer& bytes, CommitHeader header, JournalFiles::Author author) {
  header.length = static_cast<std::uint32_t>(bytes.size());
  const std::uint64_t size = round_up(bytes.size(), kCommitAlign);
  const bool cut_short = file_.has_value() && file_->offset > 0 && !files_.is_full() &&
                         faults_.hit(env::FaultPoint::kJournalFileShort);
  found_no_room_ = false;
  if (!file_.has_value() || file_->room() < size + files_.left_free_by(author) || cut_short) {
    TRY_OK(rotate(size, author));
  }
  header.number = last_.number + 1;
  header.file = file_->number;
  header.flags |= flags_;
  header.records_total += last_.records_total;
  header.state_total += last_.state_total;
  header.marks_total += last_.marks_total;
  // A block of zeros behind it, where something old may lie.
  const std::uint64_t end = file_->offset + size;
  const bool needs_zeros = end < file_->zeros_from && end + kCommitAlign <= file_->size;
  bytes.resize(size + (needs_zeros ? kCommitAlign : 0));
  seal_commit(bytes.bytes().first(header.length), header, salt_);
  TRY_OK(file_->file->write_at(file_->offset, bytes.bytes()));
  file_->offset = end;
  file_->last = header;
  last_ = header;
  spare_the_rest();
  return ok();
}

/// On a full disk checkpoints would use up what trims and drops need to make room; and running out
/// of it would close the journal. What is refused the store takes back.
void Journal::spare_the_rest() {
  const JournalFiles::Left left = files_.left(file_->room());
  if (left == JournalFiles::Left::kEnough) return;
  queue_.decide([&](CommitQueue::Refusals& refusals) {
    refusals.marks = JournalFiles::full_error();
    if (left == JournalFiles::Left::kNothing) refusals.everything = JournalFiles::full_error();
  });
  wake_store_();  // It may have found room just before.
}

Status Journal::rotate(std::uint64_t bytes, JournalFiles::Author author) {
  auto next = files_.next(bytes, author);
  if (!next.ok()) {
    // What is smaller may still find room in the file there is.
    found_no_room_ = next.error().code == Errc::kNoSpace;
    return std::move(next).error();
  }
  if (file_.has_value() && file_->offset > 0) files_.close(*file_);
  file_ = std::move(next).value();
  {
    const std::lock_guard lock(path_mutex_);
    path_ = file_->path;
  }
  // At once: what is staged from here on must fit into this file.
  if (files_.is_full()) refuse_records();
  wake_store_();
  return ok();
}

void Journal::refuse_records() {
  queue_.decide(
      [](CommitQueue::Refusals& refusals) { refusals.records = JournalFiles::full_error(); });
}

/// The disk is full, and what was to be committed is larger than what is left: it is as if it had
/// never been staged. Records are refused from here on, so that what comes next is small.
void Journal::give_back() {
  refuse_records();
  queue_.give_back(cut_, JournalFiles::full_error(), unstage_);
  wake_store_();
}

void Journal::close(const Error& error) {
  if (failed_.exchange(true)) return;
  log::error("the journal failed; nothing more is accepted until the server is started again",
             {{"cause", error.message}});
  queue_.refuse(Error{EngineErrc::kFailed,
                      "the journal failed and stays closed until the server is "
                      "started again: " +
                          error.message});
}

void Journal::fail(Cut& cut, const Error& error) {
  close(error);
  queue_.complete(cut, Error{EngineErrc::kUnknownOutcome,
                             "the journal failed while this was being written: " + error.message});
  queue_.take(cut);
  queue_.complete(cut, Error{EngineErrc::kFailed, "the journal failed before this was written"});
}

}  // namespace penstock::engine::local
