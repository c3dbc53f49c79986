#include "engine/local/journal_files.h"

#include "engine/local/aligned_buffer.h"

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

void JournalFiles::add_closed(std::uint64_t number, std::uint64_t last_commit, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  closed_.push_back({number, last_commit, size});
  last_number_ = std::max(last_number_, number);
}

void JournalFiles::add_spare(std::uint64_t number, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  spare_.push_back({number, 0, size});
  last_number_ = std::max(last_number_, number);
}

// --- The writer's side ----------------------------------------------------------------------

Result<JournalFile> JournalFiles::next() {
  std::uint64_t number = 0;
  bool use_ballast = false;
  {
    const std::lock_guard lock(mutex_);
    if (next_.has_value()) {
      JournalFile taken = *std::exchange(next_, std::nullopt);
      return taken;
    }
    number = ++last_number_;
    use_ballast = full_ && std::exchange(has_ballast_, false);
  }
  const std::string path = folder_.journal_file(number);
  if (use_ballast) {
    TRY_OK(folder_.disk().rename(folder_.ballast(), path));
    TRY_OK(folder_.disk().sync_folder(folder_.journal()));
    return open_file(number, ballast_bytes_);
  }
  // The store has not kept up: go on in a file that grows, which is slower.
  TRY(JournalFile file, make(number, first_bytes_));
  return file;
}

void JournalFiles::close(const JournalFile& file) {
  const std::lock_guard lock(mutex_);
  closed_.push_back({file.number, file.last_commit, std::max(file.size, file.offset)});
}

void JournalFiles::set_full() {
  const std::lock_guard lock(mutex_);
  full_ = true;
}

bool JournalFiles::is_full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

bool JournalFiles::has_next() const {
  const std::lock_guard lock(mutex_);
  return next_.has_value();
}

// --- The store's side -----------------------------------------------------------------------

Status JournalFiles::prepare() {
  std::optional<Kept> spare;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (next_.has_value() && has_ballast_ && !full_) return ok();
  }
  const auto failed = [this](Status status) {
    if (!status.ok() && status.error().code == Errc::kNoSpace) set_full();
    return status;
  };
  TRY_OK(failed(make_ballast()));
  {
    const std::lock_guard lock(mutex_);
    if (next_.has_value()) {
      full_ = false;
      return ok();
    }
    next_bytes_ = std::min(next_bytes_ * 2, file_bytes_max_);
    bytes = next_bytes_;
    if (!spare_.empty()) {
      spare = spare_.front();
      spare_.erase(spare_.begin());
    }
    number = ++last_number_;
  }
  auto made = spare.has_value() ? recycle(*spare, number) : make(number, bytes);
  if (!made.ok()) return failed(std::move(made).error());
  const std::lock_guard lock(mutex_);
  full_ = false;
  if (next_.has_value() || number < last_number_) {
    // The writer could not wait and took a later number: files are written in the order of numbers.
    spare_.push_back({number, 0, made->size});
    return ok();
  }
  next_ = std::move(made).value();
  return ok();
}

Status JournalFiles::release(std::uint64_t commit) {
  std::vector<Kept> surplus;
  {
    const std::lock_guard lock(mutex_);
    while (!closed_.empty() && closed_.front().last_commit <= commit) {
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

std::uint64_t JournalFiles::last_closed_commit() const {
  const std::lock_guard lock(mutex_);
  return closed_.empty() ? 0 : closed_.back().last_commit;
}

std::uint64_t JournalFiles::closed_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Kept& file : closed_) sum += file.size;
  return sum;
}

std::uint64_t JournalFiles::kept_bytes() const {
  std::uint64_t sum = next_bytes_;
  for (const Kept& file : closed_) sum += file.size;
  for (const Kept& file : spare_) sum += file.size;
  return sum;
}

Status JournalFiles::make_ballast() {
  {
    const std::lock_guard lock(mutex_);
    if (has_ballast_ || ballast_bytes_ == 0) return ok();
  }
  const auto opened = folder_.disk().open(folder_.ballast(), {});
  const bool is_whole =
      opened.ok() && (*opened)->size().ok() && (*opened)->size().value() >= ballast_bytes_;
  if (!is_whole) {
    const std::string unfinished = folder_.ballast() + std::string(kUnfinished);
    if (const Status status = write_zeros(unfinished, ballast_bytes_); !status.ok()) {
      folder_.disk().remove(unfinished).ignore("the disk is full; the next start removes it too");
      return status;
    }
    TRY_OK(folder_.disk().rename(unfinished, folder_.ballast()));
    TRY_OK(folder_.disk().sync_folder(folder_.journal()));
  }
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

Result<JournalFile> JournalFiles::recycle(const Kept& spare, std::uint64_t number) const {
  TRY_OK(folder_.disk().rename(folder_.journal_file(spare.number), folder_.journal_file(number)));
  TRY_OK(folder_.disk().sync_folder(folder_.journal()));
  return open_file(number, spare.size);
}

Result<JournalFile> JournalFiles::make(std::uint64_t number, std::uint64_t size) const {
  const std::string path = folder_.journal_file(number);
  const std::string unfinished = path + std::string(kUnfinished);
  if (const Status status = write_zeros(unfinished, size); !status.ok()) {
    folder_.disk().remove(unfinished).ignore("the disk is full; the next start removes it too");
    return status.error();
  }
  TRY_OK(folder_.disk().rename(unfinished, path));
  TRY_OK(folder_.disk().sync_folder(folder_.journal()));
  return open_file(number, size);
}

Status JournalFiles::write_zeros(const std::string& path, std::uint64_t size) const {
  TRY(const auto file,
      folder_.disk().open(path, {.create = true, .writable = true, .direct = direct_}));
  AlignedBuffer zeros;
  zeros.resize(static_cast<std::size_t>(std::min(size, kZerosAtOnce)));
  for (std::uint64_t at = 0; at < size; at += zeros.size()) {
    const std::uint64_t piece = std::min<std::uint64_t>(zeros.size(), size - at);
    TRY_OK(file->write_at(at, zeros.bytes().first(static_cast<std::size_t>(piece))));
  }
  return direct_ ? ok() : file->sync();
}

}  // namespace penstock::engine::local
