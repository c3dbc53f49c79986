#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/worker.h"

#include <map>
#include <memory>
#include <string>

namespace penstock::sandbox {

/// A folder that goes with its last user: unpacked code, or a /tmp.
class OwnedFolder {
 public:
  OwnedFolder(std::string path, env::Worker& worker) : path_(std::move(path)), worker_(worker) {}
  ~OwnedFolder();
  OwnedFolder(const OwnedFolder&) = delete;
  OwnedFolder& operator=(const OwnedFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  env::Worker& worker_;
};

/// Makes an empty one. Blocks for a moment.
Result<std::unique_ptr<OwnedFolder>> make_folder(std::string path, env::Worker& worker);

/// Packages unpacked for environments: once each, for as long as an environment uses it. Control
/// loop; the worker does the work.
class CodeFolders {
 public:
  /// `worker` outlives every OwnedFolder.
  CodeFolders(std::string folder, env::Worker& worker)
      : folder_(std::move(folder)), worker_(worker) {}

  /// fails     Errc::kIo, kNoSpace with the path; what read_package says
  Task<Result<std::shared_ptr<OwnedFolder>>> get(std::string sha256, std::string package_path);

 private:
  struct Unpacking;
  const std::string folder_;
  env::Worker& worker_;
  std::map<std::string, std::weak_ptr<OwnedFolder>> ready_;
  std::map<std::string, std::shared_ptr<Unpacking>> unpacking_;
  std::uint64_t last_number_ = 0;
};

}  // namespace penstock::sandbox
