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

  /// Both replace the file in one step; it is on disk when they return, mode 0600, with every other
  /// line as it was. A second change at the same time is refused.
  /// fails     CliErrc::kUsage, also when the key is there already, or is not
  Status add(const StoredKey& key) const;
  Status remove(const std::string& id) const;

  const std::string& path() const { return path_; }

 private:
  Result<std::string> read_text() const;
  Result<std::vector<StoredKey>> keys_in(const std::string& text) const;
  using Edit = std::function<Result<std::string>(const std::string& text)>;
  Status update(const Edit& edit) const;
  Status write(const std::string& text) const;
  std::string path_;
};

}  // namespace penstock::cli
