#pragma once

#include "base/result.h"
#include "sandbox/launch.h"

#include <cstdint>
#include <optional>
#include <string>

namespace penstock::sandbox {

struct ChildLimits {
  std::optional<std::uint32_t> user;  ///< Become this user and group first; only root can.
  std::uint64_t file_bytes_max = 0;   ///< RLIMIT_FSIZE.
  std::uint64_t open_files_max = 1024;
  std::uint64_t processes_max = 1024;  ///< Binds only under a user of its own.
  int niceness = 0;                    ///< Where that is more than the server's own.
};

/// A child process as descriptors. Both are closed by whoever takes them.
struct Child {
  int pid = 0;
  int pidfd = -1;   ///< Readable when it has ended.
  int output = -1;  ///< What it writes to standard output and error; non-blocking.
};

/// Starts a process that dies with the calling thread. `filter` is a system-call filter for
/// kSeccompFd; empty: none. Blocks until the program has been loaded, well under a millisecond.
/// fails     Errc::kIo, kUnavailable
Result<Child> start_child(const LaunchPlan& plan, const ChildLimits& limits,
                          const std::string& filter);

struct Exit {
  int status = 0;  ///< Exit status; 0 when a signal ended it.
  int signal = 0;
};
/// Collects a child whose pidfd is readable.
Exit collect(int pid);

}  // namespace penstock::sandbox
