#include "env/sim/disk.h"

#include "base/check.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::env::sim {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kPage = 4'096;

Error io(const char* operation, const std::string& path, const char* why) {
  return Error{Errc::kIo, std::string(operation) + " " + path + ": " + why};
}

void put(std::vector<std::uint8_t>& into, std::uint64_t offset,
         std::span<const std::uint8_t> bytes) {
  if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size());
  if (!bytes.empty()) std::memcpy(into.data() + offset, bytes.data(), bytes.size());
}

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

/// One file: what it shows, what is durable, and the unsynced changes between the two, in order.
struct Disk::Inode {
  std::uint64_t id = 0;
  struct Pending {
    bool truncates = false;
    std::uint64_t offset = 0;  ///< Of the write; the new size of a truncation.
    std::vector<std::uint8_t> bytes;
  };
  std::string path;
  std::vector<std::uint8_t> shown;
  std::vector<std::uint8_t> durable;
  std::vector<Pending> pending;
};

/// A change of names that is not durable yet. inode null: the name went.
struct Disk::NameChange {
  struct Entry {
    std::string name;
    std::shared_ptr<Inode> inode;
  };
  std::vector<Entry> entries;  ///< Together: a rename is two.
};

struct Disk::Folder {
  std::map<std::string, std::shared_ptr<Inode>> shown;
  std::map<std::string, std::shared_ptr<Inode>> durable;
  std::vector<NameChange> pending;

  static void apply(std::map<std::string, std::shared_ptr<Inode>>& names,
                    const NameChange& change) {
    for (const auto& entry : change.entries) {
      if (entry.inode == nullptr) {
        names.erase(entry.name);
      } else {
        names[entry.name] = entry.inode;
      }
    }
  }
  void change(NameChange what) {
    apply(shown, what);
    pending.push_back(std::move(what));
  }
};

class SimFile final : public File {
 public:
  SimFile(Disk& disk, std::shared_ptr<Disk::Inode> inode, OpenOptions options)
      : disk_(disk), inode_(std::move(inode)), options_(options), boot_(disk.boots_) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> into) override {
    TRY_OK(alive("read"));
    if (options_.uncached) check_alignment(offset, into.size(), into.data());
    if (disk_.prng_.chance(disk_.faults_.read_error)) return io("read", inode_->path, "EIO");
    const auto& bytes = inode_->shown;
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }

  Status write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    TRY_OK(alive("write"));
    PENSTOCK_CHECK(options_.writable, "the file was opened for writing");
    if (options_.direct || options_.uncached) {
      check_alignment(offset, bytes.size(), bytes.data());
    }
    if (!disk_.fits(*inode_, offset + bytes.size())) {
      return Error{Errc::kNoSpace, "write " + inode_->path + ": ENOSPC"};
    }
    bool torn = false;
    const Status status = disk_.changing_call("write", inode_->path, &torn);
    const bool fails =
        status.ok() && (disk_.prng_.chance(disk_.faults_.write_error) ||
                        std::exchange(disk_.failing_writes_,
                                      disk_.failing_writes_ - (disk_.failing_writes_ > 0)) > 0);
    if (torn || fails) {
      std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
      if (fails) disk_.tear_into_durable(*inode_, offset, copy);
      if (torn) inode_->pending.push_back({false, offset, std::move(copy)});
      if (fails) return io("write", inode_->path, "EIO");
    }
    if (!status.ok()) return status;
    put(inode_->shown, offset, bytes);
    if (options_.direct) {
      put(inode_->durable, offset, bytes);
    } else {
      inode_->pending.push_back({false, offset, {bytes.begin(), bytes.end()}});
    }
    return ok();
  }

  Status sync() override {
    TRY_OK(alive("sync"));
    TRY_OK(disk_.changing_call("sync", inode_->path, nullptr));
    const bool fails =
        disk_.prng_.chance(disk_.faults_.sync_error) ||
        std::exchange(disk_.failing_syncs_, disk_.failing_syncs_ - (disk_.failing_syncs_ > 0)) > 0;
    for (auto& pending : std::exchange(inode_->pending, {})) {
      if (pending.truncates) {
        inode_->durable.resize(pending.offset);
      } else if (fails) {
        // The kernel marks the pages clean: no later sync will write them.
        disk_.tear_into_durable(*inode_, pending.offset, std::move(pending.bytes));
      } else {
        put(inode_->durable, pending.offset, pending.bytes);
      }
    }
    if (fails) return io("sync", inode_->path, "EIO");
    return ok();
  }

  Result<std::uint64_t> size() override {
    TRY_OK(alive("size"));
    return std::uint64_t{inode_->shown.size()};
  }

  Status truncate(std::uint64_t bytes) override {
    TRY_OK(alive("truncate"));
    PENSTOCK_CHECK(options_.writable, "the file was opened for writing");
    if (!disk_.fits(*inode_, bytes)) {
      return Error{Errc::kNoSpace, "truncate " + inode_->path + ": ENOSPC"};
    }
    TRY_OK(disk_.changing_call("truncate", inode_->path, nullptr));
    inode_->shown.resize(bytes);
    inode_->pending.push_back({true, bytes, {}});
    return ok();
  }

 private:
  Status alive(const char* operation) const {
    if (disk_.power_is_out_ || boot_ != disk_.boots_) {
      return io(operation, inode_->path, "the power is out");
    }
    return ok();
  }

  static void check_alignment(std::uint64_t offset, std::size_t bytes, const void* memory) {
    PENSTOCK_CHECK(offset % kPage == 0 && bytes % kPage == 0 &&
                       reinterpret_cast<std::uintptr_t>(memory) % kPage == 0,
                   "direct reads and writes are aligned");
  }

  Disk& disk_;
  std::shared_ptr<Disk::Inode> inode_;
  OpenOptions options_;
  std::uint64_t boot_;
};

Disk::Disk(std::uint64_t seed)
    : prng_(seed ^ 0x5D15C), locks_(std::make_shared<std::set<std::string>>()) {
  folders_[""] = std::make_unique<Folder>();
}

Disk::~Disk() = default;

/// Counts a call that changes something, and cuts the power inside it when its time has come.
/// `torn` tells a write that it may have happened in part.
Status Disk::changing_call(const char* operation, const std::string& path, bool* torn) {
  if (power_is_out_) return io(operation, path, "the power is out");
  ++calls_;
  if (cut_at_ == 0 || calls_ < cut_at_) return ok();
  power_is_out_ = true;
  if (torn != nullptr) *torn = true;
  return io(operation, path, "the power is out");
}

/// Keeps a part of a write, in pieces of one sector or one page.
void Disk::tear_into_durable(Inode& inode, std::uint64_t offset, std::vector<std::uint8_t> bytes) {
  const std::uint64_t fate = prng_.below(4);
  if (fate == 0) return;
  if (fate == 1) return put(inode.durable, offset, bytes);
  const std::uint64_t grain = prng_.chance(0.5) ? kSector : kPage;
  const bool prefix = fate == 2;
  const std::uint64_t keep = prng_.below(bytes.size() / grain + 1);
  std::uint64_t piece = 0;
  for (std::uint64_t at = 0; at < bytes.size(); ++piece) {
    const std::uint64_t end =
        std::min<std::uint64_t>(bytes.size(), ((offset + at) / grain + 1) * grain - offset);
    if (prefix ? piece < keep : prng_.chance(0.5)) {
      put(inode.durable, offset + at, std::span(bytes).subspan(at, end - at));
    }
    at = end;
  }
}

void Disk::keep_prefix(Inode& inode, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  const std::uint64_t sectors = (bytes.size() + kSector - 1) / kSector;
  const std::uint64_t kept = std::min<std::uint64_t>(choose_(sectors + 1) * kSector, bytes.size());
  put(inode.durable, offset, bytes.first(kept));
}

void Disk::crash() {
  const auto below = [this](std::uint64_t n) { return choose_ ? choose_(n) : prng_.below(n); };
  for (auto& [path, folder] : folders_) {
    // Every inode a name may lead to, before and after; by number, as pointers differ from run to
    // run.
    std::map<std::uint64_t, std::shared_ptr<Inode>> inodes;
    for (const auto& [name, inode] : folder->durable) inodes.emplace(inode->id, inode);
    for (const auto& change : folder->pending) {
      for (const auto& entry : change.entries) {
        if (entry.inode != nullptr) inodes.emplace(entry.inode->id, entry.inode);
      }
    }
    for (const auto& [id, inode] : inodes) {
      for (auto& pending : std::exchange(inode->pending, {})) {
        if (!pending.truncates && choose_) {
          keep_prefix(*inode, pending.offset, pending.bytes);
        } else if (!pending.truncates) {
          tear_into_durable(*inode, pending.offset, std::move(pending.bytes));
        } else if (below(2) == 1) {
          inode->durable.resize(pending.offset);
        }
      }
      inode->shown = inode->durable;
    }
    const std::size_t kept = below(folder->pending.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) Folder::apply(folder->durable, folder->pending[i]);
    folder->pending.clear();
    folder->shown = folder->durable;
  }
  locks_->clear();
  ++boots_;
  power_is_out_ = false;
  cut_at_ = 0;
}

Disk::Folder* Disk::folder_of(const std::string& path) {
  const auto found = folders_.find(path);
  return found == folders_.end() ? nullptr : found->second.get();
}

std::shared_ptr<Disk::Inode> Disk::find(const std::string& path) {
  const auto [parent, name] = split(path);
  Folder* folder = folder_of(parent);
  if (folder == nullptr) return nullptr;
  const auto found = folder->shown.find(name);
  return found == folder->shown.end() ? nullptr : found->second;
}

std::uint64_t Disk::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, folder] : folders_) {
    for (const auto& [name, inode] : folder->shown) sum += inode->shown.size();
  }
  return sum;
}

bool Disk::fits(const Inode& inode, std::uint64_t end) const {
  if (end <= inode.shown.size()) return true;
  const std::uint64_t used = used_bytes();
  return used <= capacity_ && end - inode.shown.size() <= capacity_ - used;
}

Result<std::unique_ptr<File>> Disk::open(const std::string& path, OpenOptions options) {
  if (power_is_out_) return io("open", path, "the power is out");
  auto inode = find(path);
  if (inode != nullptr && options.exclusive)
    return Error{Errc::kExists, "open " + path + ": EEXIST"};
  if (inode == nullptr) {
    const auto [parent, name] = split(path);
    Folder* folder = folder_of(parent);
    if (!options.create || folder == nullptr)
      return Error{Errc::kNotFound, "open " + path + ": ENOENT"};
    TRY_OK(changing_call("create", path, nullptr));
    inode = std::make_shared<Inode>();
    inode->path = path;
    inode->id = ++last_inode_;
    folder->change({{{name, inode}}});
  }
  return std::unique_ptr<File>(std::make_unique<SimFile>(*this, std::move(inode), options));
}

Result<std::vector<std::string>> Disk::list(const std::string& folder) {
  if (power_is_out_) return io("list", folder, "the power is out");
  Folder* found = folder_of(folder);
  if (found == nullptr) return Error{Errc::kNotFound, "list " + folder + ": ENOENT"};
  std::set<std::string> names;
  for (const auto& [name, inode] : found->shown) names.insert(name);
  for (const auto& [path, other] : folders_) {
    const auto [parent, name] = split(path);
    if (parent == folder && !name.empty()) names.insert(name);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Status Disk::make_folders(const std::string& folder) {
  if (power_is_out_) return io("mkdir", folder, "the power is out");
  std::string path = folder;
  while (!path.empty() && folder_of(path) == nullptr) {
    folders_[path] = std::make_unique<Folder>();
    path = split(path).first;
  }
  return ok();
}

Status Disk::remove(const std::string& path) {
  if (power_is_out_) return io("remove", path, "the power is out");
  if (find(path) == nullptr) return Error{Errc::kNotFound, "remove " + path + ": ENOENT"};
  TRY_OK(changing_call("remove", path, nullptr));
  const auto [parent, name] = split(path);
  folder_of(parent)->change({{{name, nullptr}}});
  return ok();
}

Status Disk::rename(const std::string& from, const std::string& to) {
  if (power_is_out_) return io("rename", from, "the power is out");
  const auto inode = find(from);
  if (inode == nullptr) return Error{Errc::kNotFound, "rename " + from + ": ENOENT"};
  const auto [parent, name] = split(from);
  const auto [other_parent, other_name] = split(to);
  PENSTOCK_CHECK(parent == other_parent, "files are renamed inside their folder");
  TRY_OK(changing_call("rename", from, nullptr));
  folder_of(parent)->change({{{name, nullptr}, {other_name, inode}}});
  return ok();
}

Status Disk::sync_folder(const std::string& folder) {
  if (power_is_out_) return io("sync folder", folder, "the power is out");
  Folder* found = folder_of(folder);
  if (found == nullptr) return Error{Errc::kNotFound, "sync folder " + folder + ": ENOENT"};
  TRY_OK(changing_call("sync folder", folder, nullptr));
  found->pending.clear();
  found->durable = found->shown;
  return ok();
}

Result<std::uint64_t> Disk::free_bytes(const std::string& folder) {
  if (power_is_out_) return io("statvfs", folder, "the power is out");
  const std::uint64_t used = used_bytes();
  return used > capacity_ ? 0 : capacity_ - used;
}

namespace {
class HeldLock final : public env::Disk::Lock {
 public:
  HeldLock(std::shared_ptr<std::set<std::string>> locks, std::string path)
      : locks_(std::move(locks)), path_(std::move(path)) {}
  ~HeldLock() override { locks_->erase(path_); }

 private:
  std::shared_ptr<std::set<std::string>> locks_;
  std::string path_;
};
}  // namespace

Result<std::unique_ptr<env::Disk::Lock>> Disk::lock(const std::string& path) {
  if (power_is_out_) return io("lock", path, "the power is out");
  if (!locks_->insert(path).second) return Error{Errc::kExists, "lock " + path + ": taken"};
  return std::unique_ptr<Lock>(std::make_unique<HeldLock>(locks_, path));
}

void Disk::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  auto& stored = bytes(path);
  PENSTOCK_CHECK(offset < stored.size(), "the damaged byte exists");
  stored[offset] = static_cast<std::uint8_t>(stored[offset] ^ 1u << bit);
  find(path)->durable = stored;
}

void Disk::zero(const std::string& path, std::uint64_t offset, std::uint64_t count) {
  auto& stored = bytes(path);
  PENSTOCK_CHECK(offset + count <= stored.size(), "the damaged range exists");
  std::fill_n(stored.begin() + static_cast<std::ptrdiff_t>(offset), count, std::uint8_t{0});
  find(path)->durable = stored;
}

std::vector<std::uint8_t>& Disk::bytes(const std::string& path) {
  const auto inode = find(path);
  PENSTOCK_CHECK(inode != nullptr, "the file exists");
  return inode->shown;
}

std::vector<std::string> Disk::files() const {
  std::vector<std::string> paths;
  for (const auto& [path, folder] : folders_) {
    for (const auto& [name, inode] : folder->shown) paths.push_back(path + "/" + name);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace penstock::env::sim
