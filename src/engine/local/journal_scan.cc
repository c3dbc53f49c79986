#include "engine/local/journal_scan.h"

#include "engine/errors.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {
namespace {

/// Of a file whose first block is zeros.
constexpr std::size_t kLookedAt = 1u << 20;

class Scan {
 public:
  Scan(const DataFolder& folder, const CommitHeader& base, JournalVisitor& visitor)
      : folder_(folder), base_(base), visitor_(visitor) {
    found_.last = base;
  }

  Result<ScannedJournal> run() {
    TRY(const auto numbers, folder_.journal_numbers());
    for (const std::uint64_t number : numbers) {
      TRY_OK(cut_ ? erase(number) : read_file(number));
    }
    if (bad_.has_value()) found_.torn_at = bad_->where;
    return std::move(found_);
  }

 private:
  /// A place that is no commit and not the end either.
  struct Bad {
    std::string where;
    std::vector<std::uint8_t> remains;
  };

  Status read_file(std::uint64_t number);
  Status accept(const CommitHeader& header, std::uint64_t at);
  Status stop_at(std::uint64_t at);
  void note_bad(std::uint64_t at);
  bool is_end(std::uint64_t at) const;
  bool is_last(std::uint64_t at) const;
  std::optional<CommitHeader> commit_at(std::uint64_t at) const;
  std::optional<std::uint64_t> next_commit(std::uint64_t from) const;
  bool is_stale(const CommitHeader& header) const {
    return header.number <= (header.number <= base_.number ? old_last_ : found_.last.number);
  }
  Status erase_stale(std::uint64_t from);
  Status erase(std::uint64_t number);
  Status zero(std::uint64_t at, std::uint64_t bytes);

  const DataFolder& folder_;
  const CommitHeader base_;
  JournalVisitor& visitor_;
  ScannedJournal found_;
  AlignedBuffer bytes_;     ///< The file being read.
  ScannedFile file_;        ///< The same.
  std::optional<Bad> bad_;  ///< Behind found_.last, unless a later commit shows it to be missing.
  std::uint64_t old_last_ = 0;  ///< The last commit seen that `base` covers.
  bool last_is_unsynced_ = false;
  bool cut_ = false;
};

bool Scan::is_end(std::uint64_t at) const {
  const auto rest = bytes_.bytes().subspan(at);
  const auto block = rest.first(std::min(rest.size(), kCommitAlign));
  return std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; });
}

/// Zeros end a file. With sync, nothing later is behind them: a commit there shows that the zeros
/// are a block that was lost. (Without sync that is what a cut of power does, and ends the
/// journal.)
bool Scan::is_last(std::uint64_t at) const {
  if (!is_end(at)) return false;
  return last_is_unsynced_ || !next_commit(at).has_value();
}

std::optional<CommitHeader> Scan::commit_at(std::uint64_t at) const {
  const auto bytes = bytes_.bytes().subspan(at);
  const auto peeked = peek_commit(bytes);
  if (!peeked.has_value() || peeked->file != file_.number) return std::nullopt;
  return check_commit(bytes, folder_.salt());
}

/// Where the next commit of this file begins that is behind the last one; looked for block by
/// block.
std::optional<std::uint64_t> Scan::next_commit(std::uint64_t from) const {
  for (std::uint64_t at = from; at + kCommitHeaderBytes <= bytes_.size(); at += kCommitAlign) {
    const auto header = commit_at(at);
    if (header.has_value() && header->number > found_.last.number) return at;
  }
  return std::nullopt;
}

void Scan::note_bad(std::uint64_t at) {
  if (bad_.has_value()) return;  // The first of a run of them.
  bad_ = Bad{folder_.journal_file(file_.number) + " at offset " + std::to_string(at), {}};
  const auto bytes = bytes_.bytes().subspan(at);
  const auto peeked = peek_commit(bytes);
  if (peeked.has_value() && peeked->number == found_.last.number + 1 &&
      peeked->length <= bytes.size()) {
    bad_->remains.assign(bytes.begin(), bytes.begin() + peeked->length);
  }
}

Status Scan::read_file(std::uint64_t number) {
  const std::string path = folder_.journal_file(number);
  TRY(const auto file, folder_.disk().open(path, {}));
  TRY(const std::uint64_t size, file->size());
  file_ = {.number = number, .size = size};
  bytes_.clear();
  bytes_.resize(std::min<std::size_t>(size, kCommitAlign));
  TRY_OK(file->read_at(0, bytes_.bytes()));
  if (bytes_.size() == 0 || is_end(0)) {
    // Made ahead, or spare; unless the next blocks show that it was written to.
    bytes_.resize(std::min<std::size_t>(size, kLookedAt));
    TRY_OK(file->read_at(0, bytes_.bytes()));
    if (!next_commit(0).has_value()) {
      found_.files.push_back(file_);
      return ok();
    }
  }
  bytes_.resize(size);
  TRY(const std::size_t got, file->read_at(0, bytes_.bytes()));
  bytes_.resize(got);
  for (std::uint64_t at = 0; at < bytes_.size() && !is_last(at);) {
    auto header = commit_at(at);
    if (!header.has_value() || is_stale(*header)) {
      note_bad(at);
      const auto next = next_commit(at + kCommitAlign);
      // Before the first commit that is needed it may be a file whose recycling was cut off.
      if (last_is_unsynced_ && found_.last.number > base_.number) {
        TRY_OK(stop_at(at));
        break;
      }
      if (!next.has_value()) break;
      at = *next;
      header = commit_at(at);
    }
    const bool is_unsynced = last_is_unsynced_ || (header->flags & kCommitUnsynced) != 0;
    if (is_unsynced && header->number > found_.last.number + 1) {
      TRY_OK(stop_at(at));
      break;
    }
    TRY_OK(accept(*header, at));
    at += round_up(header->length, kCommitAlign);
    file_.last = *header;
    file_.end = at;
  }
  found_.files.push_back(file_);
  // Zeros end the file; without sync they may be a hole, too.
  if (last_is_unsynced_ && !cut_) TRY_OK(erase_stale(file_.end));
  return visitor_.file_end();
}

Status Scan::accept(const CommitHeader& header, std::uint64_t at) {
  last_is_unsynced_ = (header.flags & kCommitUnsynced) != 0;
  if (header.number <= base_.number) {
    old_last_ = header.number;
    bad_.reset();  // Whatever it was, it is not needed.
    return ok();
  }
  if (header.number != found_.last.number + 1) {
    note_bad(at);
    TRY_OK(visitor_.missing({bad_->where, found_.last, header, std::move(bad_->remains)}));
  }
  bad_.reset();
  TRY_OK(visitor_.commit(header,
                         bytes_.bytes().subspan(at, header.length).subspan(kCommitHeaderBytes)));
  found_.last = header;
  return ok();
}

/// Without sync nothing behind a hole counts, and it must not be found again.
Status Scan::stop_at(std::uint64_t at) {
  note_bad(at);
  cut_ = true;
  TRY_OK(erase_stale(at));
  return zero(at, kCommitAlign);
}

Status Scan::erase_stale(std::uint64_t from) {
  for (auto at = next_commit(from); at.has_value(); at = next_commit(*at + kCommitAlign)) {
    ++found_.cut_commits;
    TRY_OK(zero(*at, kCommitAlign));
  }
  return ok();
}

Status Scan::zero(std::uint64_t at, std::uint64_t bytes) {
  TRY(const auto file, folder_.disk().open(folder_.journal_file(file_.number), {.writable = true}));
  const std::vector<std::uint8_t> zeros(std::min(bytes, file_.size - at));
  TRY_OK(file->write_at(at, zeros));
  return file->sync();
}

/// A file behind the cut.
Status Scan::erase(std::uint64_t number) {
  TRY(const auto file, folder_.disk().open(folder_.journal_file(number), {}));
  TRY(const std::uint64_t size, file->size());
  file_ = {.number = number, .size = size};
  bytes_.resize(size);
  TRY_OK(file->read_at(0, bytes_.bytes()));
  TRY_OK(erase_stale(0));
  TRY_OK(zero(0, kCommitAlign));
  found_.files.push_back(file_);
  return ok();
}

}  // namespace

Result<ScannedJournal> scan_journal(const DataFolder& folder, const CommitHeader& base,
                                    JournalVisitor& visitor) {
  return Scan(folder, base, visitor).run();
}

}  // namespace penstock::engine::local
