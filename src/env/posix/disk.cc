#include "env/posix/disk.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace penstock::env::posix {
namespace {

Error failure(std::string_view operation, const std::string& path, int error = errno) {
  const Errc code = error == ENOSPC || error == EDQUOT ? Errc::kNoSpace
                    : error == ENOENT                  ? Errc::kNotFound
                    : error == EEXIST                  ? Errc::kExists
                                                       : Errc::kIo;
  return Error{code, std::string(operation) + " " + path + ": " + std::strerror(error) +
                         " (errno " + std::to_string(error) + ")"};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  /// kPlain: synced when asked. kDirect: O_DIRECT and RWF_DSYNC. kSyncedAfter: direct was asked for
  /// and refused, so each write is followed by fdatasync.
  enum class Mode : std::uint8_t { kPlain, kDirect, kSyncedAfter };

  PosixFile(Descriptor fd, std::string path, Mode mode)
      : fd_(std::move(fd)), path_(std::move(path)), mode_(mode) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure("read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    for (std::size_t done = 0; done < bytes.size();) {
      const iovec part{const_cast<std::uint8_t*>(bytes.data() + done), bytes.size() - done};
      const ssize_t written = ::pwritev2(fd_.get(), &part, 1, static_cast<off_t>(offset + done),
                                         mode_ == Mode::kDirect ? RWF_DSYNC : 0);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("write", path_);
      done += static_cast<std::size_t>(written);
    }
    if (mode_ == Mode::kSyncedAfter) return sync();
    return ok();
  }

  Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return failure("sync", path_);
    return ok();
  }

  Result<std::uint64_t> size() override {
    struct stat facts{};
    if (::fstat(fd_.get(), &facts) != 0) return failure("stat", path_);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  Result<unsigned> permissions() override {
    struct stat facts{};
    if (::fstat(fd_.get(), &facts) != 0) return failure("stat", path_);
    return static_cast<unsigned>(facts.st_mode & 0777);
  }

  Status truncate(std::uint64_t bytes) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return failure("truncate", path_);
    return ok();
  }

 private:
  Descriptor fd_;
  std::string path_;
  Mode mode_;
};

class HeldLock final : public Disk::Lock {
 public:
  explicit HeldLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

}  // namespace

Result<std::unique_ptr<File>> PosixDisk::open(const std::string& path, OpenOptions options) {
  int flags = O_CLOEXEC | (options.writable ? O_RDWR : O_RDONLY);
  if (options.create) flags |= O_CREAT;
  if (options.exclusive) flags |= O_EXCL;
  const bool past_cache = options.direct || options.uncached;
  auto mode = options.direct ? PosixFile::Mode::kDirect : PosixFile::Mode::kPlain;
  int fd = ::open(path.c_str(), flags | (past_cache ? O_DIRECT : 0), 0600);
  if (fd < 0 && errno == EINVAL && past_cache) {
    fd = ::open(path.c_str(), flags & ~O_EXCL, 0600);  // The refused call may have made the file.
    if (options.direct) mode = PosixFile::Mode::kSyncedAfter;
  }
  if (fd < 0) return failure("open", path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(Descriptor(fd), path, mode));
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& folder) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return failure("list", folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixDisk::make_folders(const std::string& folder) {
  // Those that get a new name in them: without a sync a cut of power takes it away again, and all
  // that was made durable below it.
  std::vector<std::string> parents;
  std::error_code error;
  for (auto path = std::filesystem::absolute(folder, error).lexically_normal();
       !std::filesystem::exists(path, error) && path != path.parent_path();
       path = path.parent_path()) {
    parents.push_back(path.parent_path().string());
  }
  std::filesystem::create_directories(folder, error);
  if (error) return failure("make folder", folder, error.value());
  for (const std::string& parent : parents) TRY_OK(sync_folder(parent));
  return ok();
}

Status PosixDisk::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) return failure("remove", path);
  return ok();
}

Status PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename", from + " to " + to);
  return ok();
}

Status PosixDisk::sync_folder(const std::string& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return failure("open", folder);
  if (::fsync(fd.get()) != 0) return failure("sync", folder);
  return ok();
}

Result<std::uint64_t> PosixDisk::free_bytes(const std::string& folder) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return failure("statvfs", folder);
  return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

bool PosixDisk::goes_past_cache(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC)).get() >= 0;
}

Result<std::unique_ptr<Disk::Lock>> PosixDisk::lock(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) return failure("open", path);
  // A process that a killed server was about to start has its descriptors until it comes to its
  // program: the lock may be held for a moment by nobody.
  constexpr auto kPause = std::chrono::milliseconds(20);
  constexpr int kTries = 100;
  for (int tried = 1; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++tried) {
    if (errno != EWOULDBLOCK) return failure("lock", path);
    if (tried == kTries) return Error{Errc::kExists, path + " is held by another server"};
    std::this_thread::sleep_for(kPause);
  }
  return std::unique_ptr<Lock>(std::make_unique<HeldLock>(std::move(fd)));
}

}  // namespace penstock::env::posix
