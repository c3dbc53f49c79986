#pragma once

#include "base/result.h"
#include "base/task.h"
#include "server/options.h"

#include <memory>
#include <string>

namespace penstock::env::posix {
class Runtime;
}

namespace penstock::server {

/// Everything wired together; the only place that sees it all. Lives on the control loop.
class Server {
 public:
  /// Opens the data folder, recovers, starts mappings, and listens on every loop.
  /// fails     with a sentence for whoever started it
  static Task<Result<std::unique_ptr<Server>>> start(Options options, env::posix::Runtime& runtime);
  ~Server();

  /// One line: address, limits, durability, data folder, what is unusual.
  std::string ready_line() const;

  /// Requests in progress end, everything acknowledged is on disk, functions are shut down.
  Task<> stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock::server
