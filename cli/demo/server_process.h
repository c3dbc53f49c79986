#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock::cli::demo {

/// A `penstock serve` of this very binary, as a child process. Stopped with SIGTERM when it goes.
class ServerProcess {
 public:
  /// Starts it with these arguments and waits for its ready line. Its log goes to `log_file`;
  /// empty: to this program's standard error. fails     CliErrc::kUnreachable with what it printed
  /// instead
  static Result<ServerProcess> start(std::vector<std::string> arguments,
                                     const std::string& log_file);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  ~ServerProcess();

  /// "http://127.0.0.1:PORT"
  const std::string& url() const { return url_; }
  const std::string& ready_line() const { return ready_line_; }
  /// Lets it run on after this program has ended.
  void leave_running() { is_left_running_ = true; }
  int pid() const { return pid_; }

 private:
  ServerProcess() = default;
  int pid_ = 0;
  bool is_left_running_ = false;
  std::string url_;
  std::string ready_line_;
};

}  // namespace penstock::cli::demo
