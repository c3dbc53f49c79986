#include "base/check.h"
#include "engine/local/journal_scan.h"
#include "engine/local/wire.h"
#include "fuzz/support/damage.h"
#include "unit/engine/local/kit.h"

#include <algorithm>
#include <map>
#include <set>

// A journal as servers leave it, files that were used before included, then damage. What the scan
// tells must be what was written; whatever lies between two commits that it tells is named.

namespace penstock::engine::local {
namespace {

constexpr std::size_t kFileBytes = 12 * kCommitAlign;

/// Where a commit was put.
struct Placed {
  std::uint64_t file = 0;
  std::size_t at = 0;
  Bytes bytes;
};

struct Written {
  std::map<std::uint64_t, Placed> commits;  ///< By number.
  bool unsynced = false;
};

/// What one told, and in which order.
class Told final : public JournalVisitor {
 public:
  explicit Told(const Written& written, std::uint64_t base) : written_(written), last_(base) {}

  Status commit(const CommitHeader& header, std::span<const std::uint8_t> frames) override {
    PENSTOCK_CHECK(header.number > last_, "commits are told in order, each once");
    PENSTOCK_CHECK(has_gap_ == (header.number != last_ + 1), "what is missing is said, no more");
    const auto found = written_.commits.find(header.number);
    PENSTOCK_CHECK(found != written_.commits.end(), "a commit that is told was written");
    const auto was = std::span(found->second.bytes).subspan(kCommitHeaderBytes);
    PENSTOCK_CHECK(std::equal(was.begin(), was.end(), frames.begin(), frames.end()),
                   "with these bytes");
    last_ = header.number;
    has_gap_ = false;
    numbers.insert(header.number);
    return ok();
  }
  Status missing(const MissingCommits& hole) override {
    PENSTOCK_CHECK(!has_gap_, "a hole is told once");
    PENSTOCK_CHECK(!written_.unsynced, "without sync a hole is the end");
    PENSTOCK_CHECK(hole.before.number == last_ && hole.after.number > last_ + 1, "and where it is");
    has_gap_ = true;
    return ok();
  }
  Status file_end() override { return ok(); }

  std::set<std::uint64_t> numbers;
  std::uint64_t last() const { return last_; }

 private:
  const Written& written_;
  std::uint64_t last_;
  bool has_gap_ = false;
};

Bytes sealed(FuzzedDataProvider& choices, CommitHeader header, const Salt& salt) {
  const std::size_t frame_bytes = choices.ConsumeIntegralInRange<std::size_t>(0, 1'200) * 8;
  Bytes bytes(kCommitHeaderBytes + frame_bytes, static_cast<std::uint8_t>(header.number * 17));
  seal_commit(bytes, header, salt);
  return bytes;
}

void put(Bytes& file, std::size_t at, const Bytes& bytes) {
  std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
}

/// What a former life left in every block but the first, under another file's number.
void put_old_commits(Bytes& file, std::uint64_t number, const Salt& salt) {
  for (std::size_t block = 1; block < kFileBytes / kCommitAlign; ++block) {
    Bytes old(kCommitHeaderBytes + 8, 0xAA);
    seal_commit(old, {.number = block, .file = number + 90}, salt);
    put(file, block * kCommitAlign, old);
  }
}

/// Commits one behind the other, each with a block of zeros behind it.
void write_file(Kit& kit, FuzzedDataProvider& choices, std::uint64_t file, std::uint64_t& number,
                Written& written) {
  const std::string path = kit.folder().journal_file(file);
  PENSTOCK_CHECK(kit.disk().open(path, {.create = true, .writable = true}).ok(), "made");
  Bytes& bytes = kit.disk().bytes(path);
  bytes.resize(kFileBytes);
  const Salt& salt = kit.folder().salt();
  if (choices.ConsumeBool()) put_old_commits(bytes, file, salt);
  const std::uint32_t flags = written.unsynced ? kCommitUnsynced : 0;
  std::size_t at = 0;
  for (int left = choices.ConsumeIntegralInRange(0, 6); left > 0; --left) {
    const Bytes commit = sealed(choices, {.number = number, .file = file, .flags = flags}, salt);
    const std::size_t end = at + round_up(commit.size(), kCommitAlign);
    if (end > kFileBytes) return;
    put(bytes, at, Bytes(std::min(end + kCommitAlign, kFileBytes) - at));
    put(bytes, at, commit);
    written.commits[number++] = {file, at, commit};
    at = end;
  }
}

Written write_journal(Kit& kit, FuzzedDataProvider& choices) {
  Written written;
  written.unsynced = choices.ConsumeBool();
  std::uint64_t number = choices.ConsumeIntegralInRange<std::uint64_t>(1, 3);
  const auto files = choices.ConsumeIntegralInRange<std::uint64_t>(1, 3);
  for (std::uint64_t file = 1; file <= files; ++file) {
    write_file(kit, choices, file, number, written);
  }
  return written;
}

/// Commits that lie where they were put, as they were.
std::set<std::uint64_t> intact(Kit& kit, const Written& written) {
  std::set<std::uint64_t> numbers;
  for (const auto& [number, placed] : written.commits) {
    const Bytes& bytes = kit.disk().bytes(kit.folder().journal_file(placed.file));
    if (bytes.size() < placed.at + placed.bytes.size()) continue;
    if (std::equal(placed.bytes.begin(), placed.bytes.end(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(placed.at))) {
      numbers.insert(number);
    }
  }
  return numbers;
}

/// Whether damage put a commit where none was: a misdirected write of a whole one.
bool has_copies(Kit& kit, std::size_t intact_count) {
  std::size_t found = 0;
  const std::vector<std::uint64_t> files = kit.folder().journal_numbers().value();
  for (const std::uint64_t file : files) {
    const Bytes& bytes = kit.disk().bytes(kit.folder().journal_file(file));
    for (std::size_t at = 0; at + kCommitHeaderBytes <= bytes.size(); at += kCommitAlign) {
      const auto header = check_commit(std::span(bytes).subspan(at), kit.folder().salt());
      if (header.has_value() && header->file == file) ++found;
    }
  }
  return found != intact_count;
}

ScannedJournal scan(Kit& kit, std::uint64_t base, Told& told) {
  auto scanned = scan_journal(kit.folder(), {.number = base}, told);
  PENSTOCK_CHECK(scanned.ok(), "damage does not stop a scan");
  PENSTOCK_CHECK(scanned->last.number == told.last(), "the last commit told is the last");
  return std::move(*scanned);
}

void check_journal(FuzzedDataProvider& choices) {
  Kit kit;
  const Written written = write_journal(kit, choices);
  const std::uint64_t base = choices.ConsumeIntegralInRange<std::uint64_t>(0, 4);
  const auto damages = choices.ConsumeIntegralInRange(0, 4);
  for (int i = 0; i < damages; ++i) {
    const auto numbers = kit.folder().journal_numbers().value();
    fuzz::damage(kit.disk().bytes(kit.folder().journal_file(
                     choices.PickValueInArray({numbers.front(), numbers.back()}))),
                 choices);
  }
  std::set<std::uint64_t> whole = intact(kit, written);
  const bool copies = has_copies(kit, whole.size());
  whole.erase(whole.begin(), whole.upper_bound(base));

  Told told(written, base);
  scan(kit, base, told);
  if (!written.unsynced && !copies) {
    PENSTOCK_CHECK(told.numbers == whole, "with sync every commit that is whole is told");
  }
  Told again(written, base);
  const ScannedJournal second = scan(kit, base, again);
  PENSTOCK_CHECK(again.numbers == told.numbers, "the next start finds the same");
  PENSTOCK_CHECK(second.cut_commits == 0, "what was cut off is gone");
}

}  // namespace
}  // namespace penstock::engine::local

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  penstock::engine::local::check_journal(choices);
  return 0;
}
