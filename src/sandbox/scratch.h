#pragma once

#include "base/result.h"

#include <memory>
#include <string>

namespace penstock::sandbox {

/// A private temporary folder, held by a lock on a file in it and removed with the object. Folders
/// that killed servers left behind (nobody holds their lock) are removed on the way.
class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  Scratch(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  const std::string path_;
  const int lock_;
};

}  // namespace penstock::sandbox
