#include "sandbox/scratch.h"

#include "base/log.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "penstock-functions-";
constexpr const char* kLockName = "/lock";

/// The lock of a folder, or -1 when somebody has it.
int try_lock(const std::string& folder, int flags) {
  const int fd =
      ::open((folder + kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (fd < 0) return -1;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

bool is_mine(const std::string& folder) {
  struct stat status{};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

void remove_abandoned(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    const std::string path = at->path().string();
    if (!at->path().filename().string().starts_with(kPrefix) || !is_mine(path)) continue;
    const int lock = try_lock(path, 0);
    if (lock < 0) continue;
    std::error_code ignored;
    fs::remove_all(path, ignored);
    ::close(lock);
    log::info("removed what a killed server left", {{"folder", path}});
  }
}

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::make() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error) return Error{Errc::kIo, "there is no folder for temporary files: " + error.message()};
  remove_abandoned(parent);
  std::string path = (parent / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr)
    return Error{Errc::kIo, "mkdtemp " + path + ": " + std::strerror(errno)};
  // Environments run under users of their own and have to get to their code.
  ::chmod(path.c_str(), 0711);
  const int lock = try_lock(path, O_CREAT);
  if (lock < 0) return Error{Errc::kIo, "cannot lock " + path + ": " + std::strerror(errno)};
  return std::unique_ptr<Scratch>(new Scratch(path, lock));
}

Scratch::~Scratch() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (error)
    log::warn("a temporary folder stays behind", {{"folder", path_}, {"cause", error.message()}});
  ::close(lock_);
}

}  // namespace penstock::sandbox
