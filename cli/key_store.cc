#include "cli/key_store.h"

#include "cli/api_client.h"
#include "env/posix/disk.h"

#include <algorithm>
#include <cstdint>

namespace penstock::cli {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool holds(const std::vector<StoredKey>& keys, const std::string& id) {
  return std::any_of(keys.begin(), keys.end(), [&](const StoredKey& key) { return key.id == id; });
}

}  // namespace

Result<std::vector<StoredKey>> KeyStore::read() const {
  TRY(const std::string text, read_text());
  return keys_in(text);
}

Status KeyStore::add(const StoredKey& key) const {
  return update([&](const std::string& text) -> Result<std::string> {
    TRY(const auto keys, keys_in(text));
    if (holds(keys, key.id)) {
      return Error{CliErrc::kUsage, "there is a key " + key.id + " already"};
    }
    return with_key(text, key);
  });
}

Status KeyStore::remove(const std::string& id) const {
  return update([&](const std::string& text) -> Result<std::string> {
    TRY(const auto keys, keys_in(text));
    if (!holds(keys, id)) return Error{CliErrc::kUsage, "there is no key " + id + " in " + path_};
    return without_key(text, id);
  });
}

Result<std::string> KeyStore::read_text() const {
  env::posix::PosixDisk disk;
  const auto file = disk.open(path_, {});
  if (!file.ok() && file.error().code == Errc::kNotFound) return std::string();
  if (!file.ok()) return file.error();
  TRY(const std::uint64_t size, (*file)->size());
  std::string text(size, '\0');
  TRY(const std::size_t got,
      (*file)->read_at(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  text.resize(got);
  return text;
}

Result<std::vector<StoredKey>> KeyStore::keys_in(const std::string& text) const {
  auto keys = parse_key_file(text);
  if (!keys.ok()) return Error{CliErrc::kUsage, path_ + ", " + keys.error().message};
  return keys;
}

Status KeyStore::update(const Edit& edit) const {
  env::posix::PosixDisk disk;
  TRY_OK(disk.make_folders(folder_of(path_)));
  const auto lock = disk.lock(path_ + ".lock");
  if (!lock.ok() && lock.error().code == Errc::kExists) {
    return Error{CliErrc::kUsage, path_ + " is being changed by another command; try again"};
  }
  if (!lock.ok()) return lock.error();
  TRY(const std::string text, read_text());
  TRY(const std::string edited, edit(text));
  return write(edited);
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
