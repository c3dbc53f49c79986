#include "engine/local/journal_files.h"

#include "engine/errors.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {
namespace {

constexpr std::uint64_t kZerosAtOnce = 1u << 20;

}  // namespace

JournalFiles::JournalFiles(const DataFolder& folder, const Options& options)
    : folder_(folder),
      direct_(options.durability == Durability::kSync),
      first_bytes_(options.journal_first_file_bytes),
      file_bytes_max_(options.journal_file_bytes_max),
      journal_bytes_max_(options.journal_bytes_max),
      ballast_bytes_(options.ballast_bytes),
      next_bytes_(first_bytes_) {}

void JournalFiles::add_closed(std::uint64_t number, const CommitHeader& last, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  closed_.push_back({number, last, size});
  last_number_ = std::max(last_number_, number);
}

void JournalFiles::add_spare(std::uint64_t number, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  spare_.push_back({number, {}, size});
  last_number_ = std::max(last_number_, number);
}

Result<JournalFile> JournalFiles::open_at(std::uint64_t number, std::uint64_t size,
                                          const CommitHeader& last, std::uint64_t offset) {
  TRY(JournalFile file, open_file(number, size));
  const std::lock_guard lock(mutex_);
  last_number_ = std::max(last_number_, number);
  file.last = last;
  file.offset = offset;
  file.zeros_from = size;  // Who knows.
  return file;
}

// --- The writer's side ----------------------------------------------------------------------

Result<JournalFile> JournalFiles::next(std::uint64_t bytes, Author author) {
  std::uint64_t number = 0;
  std::uint64_t size = bytes;
  std::optional<Kept> spare;
  {
    const std::lock_guard lock(mutex_);
    if (full_ || !has_ballast_) size += left_at_the_end(author);
    if (next_.has_value()) {
      JournalFile taken = *std::exchange(next_, std::nullopt);
      if (taken.size >= size) return taken;
      spare_.push_back({taken.number, {}, taken.size});
    }
    number = ++last_number_;
    spare = take_spare(size);
  }
  // The store has not kept up.
  auto made = make_from(spare, number, std::max(first_bytes_, size));
  if (made.ok() || made.error().code != Errc::kNoSpace) return made;
  {
    const std::lock_guard lock(mutex_);
    full_ = true;
    number = ++last_number_;  // The spare one may have that name already.
    // It is there for what makes room: records that were staged just now leave half of it.
    const bool is_start = author == Author::kStart;
    if (bytes > (is_start ? ballast_bytes_ : ballast_bytes_ / 2)) return made;
    if (!std::exchange(has_ballast_, false)) return made;
  }
  TRY_OK(folder_.disk().rename(folder_.ballast(), folder_.journal_file(number)));
  TRY_OK(folder_.disk().sync_folder(folder_.journal()));
  return open_file(number, ballast_bytes_);
}

void JournalFiles::close(const JournalFile& file) {
  const std::lock_guard lock(mutex_);
  closed_.push_back({file.number, file.last, file.size});
}

bool JournalFiles::is_full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

JournalFiles::Left JournalFiles::left(std::uint64_t room) const {
  const std::lock_guard lock(mutex_);
  if (!full_) return Left::kEnough;
  const std::uint64_t all =
      room + (next_.has_value() ? next_->size : 0) + (has_ballast_ ? ballast_bytes_ : 0);
  if (all < ballast_bytes_ / 4) return Left::kNothing;
  return all < ballast_bytes_ / 2 ? Left::kLittle : Left::kEnough;
}

std::uint64_t JournalFiles::left_free_by(Author author) const {
  const std::lock_guard lock(mutex_);
  const bool may_be_the_last = full_ || (!next_.has_value() && !has_ballast_);
  return may_be_the_last ? left_at_the_end(author) : 0;
}

std::uint64_t JournalFiles::left_at_the_end(Author author) const {
  constexpr std::uint64_t kFourStarts = 4 * kCommitAlign;
  if (author == Author::kStart || ballast_bytes_ == 0) return 0;
  const std::uint64_t starts = round_up(std::min(kFourStarts, ballast_bytes_ / 8), kCommitAlign);
  return author == Author::kProof ? starts : starts + kCommitAlign;
}

Error JournalFiles::full_error() {
  return Error{EngineErrc::kNoSpace, "the disk is full; refused until there is room"};
}

// --- The store's side -----------------------------------------------------------------------

Status JournalFiles::prepare() {
  Status prepared = make_next();
  if (prepared.ok()) prepared = make_ballast();
  const std::lock_guard lock(mutex_);
  full_ = !prepared.ok() && prepared.error().code == Errc::kNoSpace;
  return prepared;
}

Status JournalFiles::make_next() {
  std::optional<Kept> spare;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (next_.has_value()) return ok();
    spare = take_spare(0);
    number = ++last_number_;
  }
  const std::uint64_t bytes = std::min(next_bytes_ * 2, file_bytes_max_);
  auto made = make_from(spare, number, bytes);
  if (!made.ok()) return std::move(made).error();
  const std::lock_guard lock(mutex_);
  next_bytes_ = bytes;
  if (number < last_number_) {
    // The writer could not wait and took a later number: files are written in the order of numbers.
    spare_.push_back({number, {}, made->size});
  } else {
    next_ = std::move(made).value();
  }
  return ok();
}

/// The spare one, if there is one, which stays one when that fails.
Result<JournalFile> JournalFiles::make_from(std::optional<Kept>& spare, std::uint64_t number,
                                            std::uint64_t bytes) {
  auto made = spare.has_value() ? recycle(*spare, number) : make(number, bytes);
  if (!made.ok() && spare.has_value()) {
    const std::lock_guard lock(mutex_);
    spare_.push_back(*spare);
  }
  return made;
}

/// Under the mutex. One that holds `bytes`, if any does.
std::optional<JournalFiles::Kept> JournalFiles::take_spare(std::uint64_t bytes) {
  const auto found = std::find_if(spare_.begin(), spare_.end(),
                                  [bytes](const Kept& one) { return one.size >= bytes; });
  if (found == spare_.end()) return std::nullopt;
  const Kept taken = *found;
  spare_.erase(found);
  return taken;
}

Status JournalFiles::release(std::uint64_t commit) {
  std::vector<Kept> surplus;
  {
    const std::lock_guard lock(mutex_);
    while (!closed_.empty() && closed_.front().last.number <= commit) {
      Kept file = closed_.front();
      closed_.erase(closed_.begin());
      const bool is_useful = file.size >= file_bytes_max_ / 2 && spare_.size() < 2 &&
                             kept_bytes() + file.size <= journal_bytes_max_;
      (is_useful ? spare_ : surplus).push_back(file);
    }
    // Small ones were for the start only.
    std::erase_if(spare_, [&](const Kept& file) {
      if (file.size >= next_bytes_ / 2) return false;
      surplus.push_back(file);
      return true;
    });
  }
  for (const Kept& file : surplus) {
    TRY_OK(folder_.disk().remove(folder_.journal_file(file.number)));
  }
  return surplus.empty() ? ok() : folder_.disk().sync_folder(folder_.journal());
}

std::optional<CommitHeader> JournalFiles::last_closed() const {
  const std::lock_guard lock(mutex_);
  if (closed_.empty()) return std::nullopt;
  return closed_.back().last;
}

std::uint64_t JournalFiles::closed_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Kept& file : closed_) sum += file.size;
  return sum;
}

std::vector<std::string> JournalFiles::closed_paths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const Kept& file : closed_) paths.push_back(folder_.journal_file(file.number));
  return paths;
}

std::uint64_t JournalFiles::kept_bytes() const {
  std::uint64_t sum = next_bytes_;
  for (const Kept& file : closed_) sum += file.size;
  for (const Kept& file : spare_) sum += file.size;
  return sum;
}

void JournalFiles::find_ballast() {
  const auto opened = folder_.disk().open(folder_.ballast(), {});
  if (!opened.ok()) return;
  const auto size = (*opened)->size();
  const std::lock_guard lock(mutex_);
  has_ballast_ = size.ok() && *size >= ballast_bytes_;
}

bool JournalFiles::has_ballast() const {
  const std::lock_guard lock(mutex_);
  return has_ballast_;
}

Status JournalFiles::make_ballast() {
  {
    const std::lock_guard lock(mutex_);
    if (has_ballast_ || ballast_bytes_ == 0) return ok();
  }
  TRY_OK(write_zeros(folder_.ballast(), ballast_bytes_));
  const std::lock_guard lock(mutex_);
  has_ballast_ = true;
  return ok();
}

// --- Files ----------------------------------------------------------------------------------

Result<JournalFile> JournalFiles::open_file(std::uint64_t number, std::uint64_t size) const {
  JournalFile opened;
  opened.number = number;
  opened.path = folder_.journal_file(number);
  opened.size = size;
  TRY(opened.file, folder_.disk().open(opened.path, {.writable = true, .direct = direct_}));
  return opened;
}

/// Its commits are needed no longer, and must not be taken for those of its next life.
Status JournalFiles::zero_first_block(std::uint64_t number) const {
  TRY(const auto file,
      folder_.disk().open(folder_.journal_file(number), {.writable = true, .direct = direct_}));
  AlignedBuffer zeros;
  zeros.resize(kCommitAlign);
  TRY_OK(file->write_at(0, zeros.bytes()));
  return direct_ ? ok() : file->sync();
}

/// `spare` is kept up to date: after a failure it says under which number the file stands.
Result<JournalFile> JournalFiles::recycle(Kept& spare, std::uint64_t number) const {
  TRY_OK(zero_first_block(spare.number));
  TRY_OK(folder_.disk().rename(folder_.journal_file(spare.number), folder_.journal_file(number)));
  spare.number = number;
  TRY_OK(folder_.disk().sync_folder(folder_.journal()));
  TRY(JournalFile file, open_file(number, spare.size));
  file.zeros_from = spare.size;
  return file;
}

Result<JournalFile> JournalFiles::make(std::uint64_t number, std::uint64_t size) const {
  size = round_up(size, kCommitAlign);
  TRY_OK(write_zeros(folder_.journal_file(number), size));
  return open_file(number, size);
}

/// A file of zeros under its name, or none.
Status JournalFiles::write_zeros(const std::string& path, std::uint64_t size) const {
  const auto write = [&]() -> Status {
    TRY(const auto file, folder_.create_unfinished(path, {.direct = direct_}));
    AlignedBuffer zeros;
    zeros.resize(static_cast<std::size_t>(std::min(size, kZerosAtOnce)));
    for (std::uint64_t at = 0; at < size; at += zeros.size()) {
      const std::uint64_t piece = std::min<std::uint64_t>(zeros.size(), size - at);
      TRY_OK(file->write_at(at, zeros.bytes().first(static_cast<std::size_t>(piece))));
    }
    return direct_ ? ok() : file->sync();
  };
  if (const Status status = write(); !status.ok()) {
    folder_.abandon(path);
    return status;
  }
  return folder_.finish(path);
}

}  // namespace penstock::engine::local
