#pragma once

#include "base/result.h"
#include "env/disk.h"

#include <string>

namespace penstock::function {

/// Code packages as files, named by the SHA-256 of their bytes: <folder>/<hex>.zip. Blocking: for
/// a Worker.
class PackageStore {
 public:
  PackageStore(env::Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  Status open();
  /// Durable when it returns. Harmless when it is there already.
  Status put(const std::string& sha256_hex, const std::string& zip);
  Result<std::string> get(const std::string& sha256_hex);
  void remove(const std::string& sha256_hex);
  const std::string& folder() const { return folder_; }
  std::string path_of(const std::string& sha256_hex) const;

 private:
  env::Disk& disk_;
  const std::string folder_;
};

}  // namespace penstock::function
