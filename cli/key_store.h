#pragma once

#include "base/key_file.h"
#include "base/result.h"

#include <functional>
#include <string>
#include <vector>

namespace penstock::cli {

/// The file of access keys on this machine's disk, whether a server runs or not.
class KeyStore {
 public:
  explicit KeyStore(std::string path) : path_(std::move(path)) {}

  /// None when there is no file.
  /// fails     CliErrc::kUsage with file, line and what would be right
  Result<std::vector<StoredKey>> read() const;

  /// Reads, lets `change` alter the keys, and replaces the file in one step; it is on disk when
  /// this returns, mode 0600. A second change at the same time is refused.
  Status update(const std::function<Status(std::vector<StoredKey>&)>& change) const;

  const std::string& path() const { return path_; }

 private:
  Status write(const std::string& text) const;
  std::string path_;
};

}  // namespace penstock::cli
