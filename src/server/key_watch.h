#pragma once

#include "base/result.h"
#include "base/task.h"
#include "env/env.h"
#include "env/worker.h"
#include "front/keyring.h"
#include "server/auth.h"

#include <memory>
#include <string>

namespace penstock::server {

/// Reads the file of access keys and looks twice a second whether it has changed.
///
/// A file that cannot be used is refused at start. Later the last good keys go on counting and a
/// warning says what is wrong, once for each change of the file. Once signatures count they count
/// until the server stops, even when the last key is removed: opening the door takes a restart.
/// Control loop only.
class KeyWatch {
 public:
  /// path     empty: there is no file, and there are no keys
  /// keyring  outlives it
  KeyWatch(const env::Env& env, std::string path, Auth auth, front::Keyring& keyring);
  ~KeyWatch();

  /// fails     Errc::kInvalid with file, line and what would be right; kIo
  Task<Status> start();
  Task<> stop();

 private:
  struct Seen;
  Task<> watch();
  Task<Result<Seen>> read();
  /// True when it was usable.
  Status take(const Seen& seen);

  const env::Env& env_;
  const std::string path_;
  const Auth auth_;
  front::Keyring& keyring_;
  std::unique_ptr<env::Worker> worker_;
  Scope scope_;
  std::string last_text_;
  std::string last_warning_;
  std::uint64_t taken_ = 0;
};

}  // namespace penstock::server
