#include "function/package_store.h"

#include "base/log.h"

namespace penstock::function {

Status PackageStore::open() { return disk_.make_folders(folder_); }

std::string PackageStore::path_of(const std::string& sha256_hex) const {
  return folder_ + "/" + sha256_hex + ".zip";
}

Status PackageStore::put(const std::string& sha256_hex, const std::string& zip) {
  const std::string path = path_of(sha256_hex);
  const std::string partial = path + ".partial";
  {
    TRY(const auto file, disk_.open(partial, {.create = true, .writable = true}));
    TRY_OK(file->truncate(0));
    TRY_OK(file->write_at(0, {reinterpret_cast<const std::uint8_t*>(zip.data()), zip.size()}));
    TRY_OK(file->sync());
  }
  TRY_OK(disk_.rename(partial, path));
  return disk_.sync_folder(folder_);
}

Result<std::string> PackageStore::get(const std::string& sha256_hex) {
  TRY(const auto file, disk_.open(path_of(sha256_hex), {}));
  TRY(const std::uint64_t size, file->size());
  std::string zip(size, '\0');
  TRY(const std::size_t read,
      file->read_at(0, {reinterpret_cast<std::uint8_t*>(zip.data()), zip.size()}));
  if (read != zip.size())
    return Error{Errc::kIo, path_of(sha256_hex) + " became shorter while it was read"};
  return zip;
}

void PackageStore::remove(const std::string& sha256_hex) {
  const Status removed = disk_.remove(path_of(sha256_hex));
  // Not there: it was refused before it was stored.
  if (!removed.ok() && !(removed.error().code == Errc::kNotFound))
    log::warn("a code package stays behind", {{"cause", removed.error().message}});
}

}  // namespace penstock::function
