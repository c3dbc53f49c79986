#include "cli/key_store.h"

#include "cli/api_client.h"
#include "env/posix/disk.h"

#include <cstdint>

namespace penstock::cli {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::vector<StoredKey>> KeyStore::read() const {
  env::posix::PosixDisk disk;
  const auto file = disk.open(path_, {});
  if (!file.ok() && file.error().code == Errc::kNotFound) return std::vector<StoredKey>{};
  if (!file.ok()) return file.error();
  TRY(const std::uint64_t size, (*file)->size());
  std::string text(size, '\0');
  TRY(const std::size_t got,
      (*file)->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  auto keys = parse_key_file(std::string_view(text).substr(0, got));
  if (!keys.ok()) return Error{CliErrc::kUsage, path_ + ", " + keys.error().message};
  return keys;
}

Status KeyStore::update(const std::function<Status(std::vector<StoredKey>&)>& change) const {
  env::posix::PosixDisk disk;
  TRY_OK(disk.make_folders(folder_of(path_)));
  const auto lock = disk.lock(path_ + ".lock");
  if (!lock.ok() && lock.error().code == Errc::kExists) {
    return Error{CliErrc::kUsage, path_ + " is being changed by another command; try again"};
  }
  if (!lock.ok()) return lock.error();
  TRY(auto keys, read());
  TRY_OK(change(keys));
  return write(key_file_text(keys));
}

Status KeyStore::write(const std::string& text) const {
  env::posix::PosixDisk disk;
  const std::string unfinished = path_ + ".new";
  // Of a command that was killed; we hold the lock, so nobody is writing it.
  disk.remove(unfinished).ignore("usually there is none");
  {
    TRY(const auto file,
        disk.open(unfinished, {.create = true, .exclusive = true, .writable = true}));
    TRY_OK(file->write_at(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
    TRY_OK(file->sync());
  }
  TRY_OK(disk.rename(unfinished, path_));
  return disk.sync_folder(folder_of(path_));
}

}  // namespace penstock::cli
