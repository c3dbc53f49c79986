#include "sandbox/code_folders.h"

#include "base/log.h"
#include "function/code_package.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace penstock::sandbox {
namespace {

namespace fs = std::filesystem;

Error failed(const char* what, const std::string& path, int error) {
  return Error{error == ENOSPC ? Errc::kNoSpace : Errc::kIo,
               std::string(what) + " " + path + ": " + std::strerror(error)};
}

/// Writes a package below a folder. The reader has checked that every path stays inside it, and
/// that none leads through a link.
class Unpacker final : public function::PackageVisitor {
 public:
  explicit Unpacker(std::string root) : root_(std::move(root)) {}
  ~Unpacker() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Status folder(const std::string& path) override { return make_folders(root_ + "/" + path); }

  Status begin_file(const std::string& path, std::uint32_t mode) override {
    path_ = root_ + "/" + path;
    TRY_OK(make_folders(path_.substr(0, path_.rfind('/'))));
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) return failed("open", path_, errno);
    if (::fchmod(fd_, mode) != 0) return failed("chmod", path_, errno);
    return ok();
  }

  Status file_bytes(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0) return failed("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ok();
  }

  Status end_file() override {
    const int closed = ::close(std::exchange(fd_, -1));
    return closed == 0 ? ok() : failed("close", path_, errno);
  }

  Status link(const std::string& path, const std::string& target) override {
    const std::string from = root_ + "/" + path;
    TRY_OK(make_folders(from.substr(0, from.rfind('/'))));
    return ::symlink(target.c_str(), from.c_str()) == 0 ? ok() : failed("symlink", from, errno);
  }

  /// Open to all, whatever the server's umask is: environments run as other users.
  Status make_folders(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) == 0) {
      return ::chmod(path.c_str(), 0755) == 0 ? ok() : failed("chmod", path, errno);
    }
    if (errno == EEXIST) return ok();
    if (errno != ENOENT) return failed("mkdir", path, errno);
    TRY_OK(make_folders(path.substr(0, path.rfind('/'))));
    return make_folders(path);
  }

 private:
  const std::string root_;
  std::string path_;
  int fd_ = -1;
};

Result<std::string> read_whole(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open", path, errno);
  std::string bytes;
  char buffer[64u << 10];
  ssize_t read = 0;
  while ((read = ::read(fd, buffer, sizeof buffer)) > 0)
    bytes.append(buffer, static_cast<std::size_t>(read));
  const int error = errno;
  ::close(fd);
  if (read < 0) return failed("read", path, error);
  return bytes;
}

Status unpack(const std::string& package_path, const std::string& folder) {
  TRY(const std::string zip, read_whole(package_path));
  Unpacker unpacker(folder);
  TRY_OK(unpacker.make_folders(folder));
  return function::read_package(zip, unpacker);
}

void remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error)
    log::warn("unpacked code stays behind", {{"folder", path}, {"cause", error.message()}});
}

}  // namespace

struct CodeFolders::Unpacking {
  std::vector<OneShot<Result<std::shared_ptr<OwnedFolder>>>> waiting;
};

OwnedFolder::~OwnedFolder() {
  worker_.post([path = path_] { remove_tree(path); });
}

Result<std::unique_ptr<OwnedFolder>> make_folder(std::string path, env::Worker& worker) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return failed("mkdir", path, error.value());
  return std::make_unique<OwnedFolder>(std::move(path), worker);
}

Task<Result<std::shared_ptr<OwnedFolder>>> CodeFolders::get(std::string sha256,
                                                            std::string package_path) {
  if (const auto found = ready_.find(sha256); found != ready_.end()) {
    if (auto folder = found->second.lock()) co_return folder;
    ready_.erase(found);
  }
  if (const auto found = unpacking_.find(sha256); found != unpacking_.end()) {
    OneShot<Result<std::shared_ptr<OwnedFolder>>> done;
    found->second->waiting.push_back(done);
    co_return co_await done.take();
  }
  const auto unpacking = std::make_shared<Unpacking>();
  unpacking_.emplace(sha256, unpacking);
  // A number of its own: the folder of an earlier user may be on its way out.
  const std::string path =
      folder_ + "/" + sha256.substr(0, 16) + "-" + std::to_string(++last_number_);
  const Status unpacked = co_await env::run_blocking(
      worker_, [package_path, path] { return unpack(package_path, path); });
  auto folder = std::make_shared<OwnedFolder>(path, worker_);
  Result<std::shared_ptr<OwnedFolder>> result = folder;
  if (unpacked.ok()) {
    ready_[sha256] = folder;
  } else {
    result = unpacked.error();
  }
  unpacking_.erase(sha256);
  for (const auto& waiter : unpacking->waiting) waiter.set(result);
  co_return result;
}

}  // namespace penstock::sandbox
