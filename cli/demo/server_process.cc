#include "cli/demo/server_process.h"

#include "cli/api_client.h"

#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace penstock::cli::demo {
namespace {

/// The first "http://host:port" of a line, empty when there is none.
std::string url_in(const std::string& line) {
  const auto begin = line.find("http://");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" ,;\n", begin) - begin);
}

}  // namespace

Result<ServerProcess> ServerProcess::start(std::vector<std::string> arguments,
                                           const std::string& log_file) {
  int out[2];
  if (::pipe(out) != 0) return Error{CliErrc::kUnexpected, "no pipe for the server"};
  ServerProcess server;
  server.pid_ = ::fork();
  if (server.pid_ < 0) return Error{CliErrc::kUnexpected, "the server could not be started"};
  if (server.pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    // Its own log: a server that runs on must not hold the pipe that the demo's reader waits for.
    const int log =
        log_file.empty() ? -1 : ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log >= 0) ::dup2(log, STDERR_FILENO);
    ::close(out[0]);
    ::close(out[1]);
    ::setpgid(0, 0);  // Ctrl-C reaches the demo, which then stops the server in good order.
    std::vector<char*> argv;
    std::string name = "penstock";
    argv.push_back(name.data());
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  char c = 0;
  while (::read(out[0], &c, 1) == 1 && c != '\n') server.ready_line_ += c;
  ::close(out[0]);
  server.url_ = url_in(server.ready_line_);
  if (server.url_.empty()) {
    return Error{CliErrc::kUnreachable,
                 "the server did not become ready; it said: " + server.ready_line_};
  }
  return server;
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      is_left_running_(other.is_left_running_),
      url_(std::move(other.url_)),
      ready_line_(std::move(other.ready_line_)) {}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0 || is_left_running_) return;
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
}

}  // namespace penstock::cli::demo
