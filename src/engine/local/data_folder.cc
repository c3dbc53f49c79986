#include "engine/local/data_folder.h"

#include "base/crc32c.h"
#include "engine/errors.h"
#include "engine/local/wire.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace penstock::engine::local {
namespace {

constexpr std::string_view kJournalSuffix = ".journal";
constexpr std::string_view kSegmentSuffix = ".segment";
constexpr std::string_view kSnapshotSuffix = ".snapshot";
constexpr std::size_t kDigits = 16;

// One copy of the file "format": magic, version, salt, CRC-32C of what lies before it.
constexpr std::uint64_t kMagic = 0x314B434F54534E50;  // "PNSTOCK1"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFormatChecked = 8 + 4 + Salt::kBytes;
constexpr std::size_t kFormatCopy = 512;  // Apart, so that one sector going bad leaves the other.

std::string numbered(const std::string& folder, std::uint64_t number, std::string_view suffix) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return folder + "/" + digits + std::string(suffix);
}

Result<std::vector<std::uint64_t>> numbers_in(env::Disk& disk, const std::string& folder,
                                              std::string_view suffix) {
  TRY(const auto names, disk.list(folder));
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) continue;
    std::uint64_t number = 0;
    const char* end = name.data() + kDigits;
    const auto parsed = std::from_chars(name.data(), end, number, 16);
    if (parsed.ec == std::errc{} && parsed.ptr == end) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Result<DataFolder> DataFolder::open(env::Disk& disk, const std::string& path, env::Random& random) {
  DataFolder folder;
  folder.disk_ = &disk;
  folder.path_ = path;
  TRY_OK(disk.make_folders(path));
  TRY(folder.lock_, disk.lock(path + "/lock"));
  for (const auto& part : {folder.journal(), folder.segments(), folder.state()}) {
    TRY_OK(disk.make_folders(part));
  }
  TRY_OK(folder.read_format(random));
  TRY_OK(folder.remove_unfinished());
  return folder;
}

Status DataFolder::read_format(env::Random& random) {
  auto opened = disk_->open(path_ + "/format", {});
  if (!opened.ok() && opened.error().code == Errc::kNotFound) return write_format(random);
  TRY(const auto file, std::move(opened));
  std::array<std::uint8_t, 2 * kFormatCopy> bytes{};
  TRY_OK(file->read_at(0, bytes));
  for (const std::size_t at : {std::size_t{0}, kFormatCopy}) {
    const auto copy = std::span<const std::uint8_t>(bytes).subspan(at, kFormatCopy);
    if (load<std::uint32_t>(copy.data() + kFormatChecked) != crc32c(copy.first(kFormatChecked)))
      continue;
    if (load<std::uint64_t>(copy.data()) != kMagic) continue;
    if (const auto version = load<std::uint32_t>(copy.data() + 8); version != kVersion) {
      return Error{Errc::kInvalid, path_ + "/format: this folder has format " +
                                       std::to_string(version) + ", this server knows " +
                                       std::to_string(kVersion)};
    }
    Salt::Bytes salt;
    std::copy_n(copy.begin() + 12, Salt::kBytes, salt.begin());
    salt_ = Salt(salt);
    return ok();
  }
  return Error{EngineErrc::kCorrupt, path_ + "/format: both copies are damaged"};
}

Status DataFolder::write_format(env::Random& random) {
  // Without it nothing else can be read, and it is written before everything else.
  TRY(const auto journals, journal_numbers());
  TRY(const auto segments, segment_numbers());
  TRY(const auto snapshots, snapshot_numbers());
  if (!journals.empty() || !segments.empty() || !snapshots.empty()) {
    return Error{EngineErrc::kCorrupt, path_ + "/format is missing, and the folder is not empty"};
  }
  Salt::Bytes salt;
  random.fill(salt);
  std::array<std::uint8_t, 2 * kFormatCopy> bytes{};
  for (const std::size_t at : {std::size_t{0}, kFormatCopy}) {
    const auto copy = std::span(bytes).subspan(at, kFormatCopy);
    store(copy.data(), kMagic);
    store(copy.data() + 8, kVersion);
    std::copy(salt.begin(), salt.end(), copy.begin() + 12);
    store(copy.data() + kFormatChecked, crc32c(copy.first(kFormatChecked)));
  }
  const std::string path = path_ + "/format";
  {
    TRY(const auto file, create_unfinished(path, {}));
    TRY_OK(file->write_at(0, bytes));
    TRY_OK(file->sync());
  }
  TRY_OK(finish(path));
  salt_ = Salt(salt);
  return ok();
}

std::string DataFolder::journal_file(std::uint64_t number) const {
  return numbered(journal(), number, kJournalSuffix);
}
std::string DataFolder::segment_file(std::uint64_t number) const {
  return numbered(segments(), number, kSegmentSuffix);
}
std::string DataFolder::snapshot_file(std::uint64_t number) const {
  return numbered(state(), number, kSnapshotSuffix);
}

Result<std::vector<std::uint64_t>> DataFolder::journal_numbers() const {
  return numbers_in(*disk_, journal(), kJournalSuffix);
}
Result<std::vector<std::uint64_t>> DataFolder::segment_numbers() const {
  return numbers_in(*disk_, segments(), kSegmentSuffix);
}
Result<std::vector<std::uint64_t>> DataFolder::snapshot_numbers() const {
  return numbers_in(*disk_, state(), kSnapshotSuffix);
}

Result<std::unique_ptr<env::File>> DataFolder::create_unfinished(const std::string& path,
                                                                 env::OpenOptions how) const {
  const std::string unfinished = path + std::string(kUnfinished);
  const Status removed = disk_->remove(unfinished);  // Of a try that failed.
  if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed.error();
  how.create = true;
  how.writable = true;
  return disk_->open(unfinished, how);
}

Status DataFolder::finish(const std::string& path) const {
  TRY_OK(disk_->rename(path + std::string(kUnfinished), path));
  return disk_->sync_folder(path.substr(0, path.rfind('/')));
}

void DataFolder::abandon(const std::string& path) const {
  disk_->remove(path + std::string(kUnfinished)).ignore("the next start removes it too");
}

Result<std::string> DataFolder::retire(const std::string& path) const {
  std::string retired = path + std::string(kUnfinished);
  TRY_OK(disk_->rename(path, retired));
  return retired;
}

Status DataFolder::remove_unfinished() const {
  for (const std::string& folder : {journal(), segments(), state()}) {
    TRY(const auto names, disk_->list(folder));
    for (const std::string& name : names) {
      if (name.ends_with(kUnfinished)) TRY_OK(disk_->remove(folder + "/" + name));
    }
  }
  return ok();
}

}  // namespace penstock::engine::local
