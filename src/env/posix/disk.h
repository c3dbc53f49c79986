#pragma once

#include "env/disk.h"

namespace penstock::env::posix {

/// The file system. Direct writes use O_DIRECT with RWF_DSYNC, and a plain write with fdatasync
/// where the file system refuses O_DIRECT.
class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status make_folders(const std::string& folder) override;
  Status remove(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_folder(const std::string& folder) override;
  Result<std::uint64_t> free_bytes(const std::string& folder) override;
  bool goes_past_cache(const std::string& path) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
};

}  // namespace penstock::env::posix
