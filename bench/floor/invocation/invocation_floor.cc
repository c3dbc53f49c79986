// A function on the bare Runtime API: events given one behind the other over a TCP connection of
// the loopback, from when an event is sent to when its answer is there. No front, no queue, no
// sandbox.
//
//   invocation_floor COUNT EVENT_BYTES COMMAND...
//
// Prints its figures as one line of JSON.

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* why) {
  std::fprintf(stderr, "invocation_floor: %s\n", why);
  std::exit(1);
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  for (std::size_t at = head.find('\r'); at != std::string_view::npos;
       at = head.find('\r', at + 1)) {
    if (head.size() - at > kName.size() &&
        ::strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
      return std::strtoul(head.data() + at + kName.size(), nullptr, 10);
    }
  }
  return 0;
}

/// One function, on the one connection that it keeps.
class Function {
 public:
  explicit Function(char** command) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
        ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
      fail("cannot listen");
    }
    // For accept(), and for recv() on what it makes.
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string address = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    ::setenv("AWS_LAMBDA_RUNTIME_API", address.c_str(), 1);
    child_ = ::fork();
    if (child_ != 0) return;
    ::execvp(command[0], command);
    std::perror(command[0]);
    ::_exit(1);
  }
  ~Function() {
    ::close(socket_);
    ::close(listener_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;

  /// The next request, whole, until the call after. It waits for the function's connection.
  std::string_view request() {
    in_.clear();
    for (;;) {
      if (socket_ < 0) accept();
      char part[64 << 10];
      const ssize_t got = ::recv(socket_, part, sizeof part, 0);
      if (got < 0) fail("the function has gone, or does not answer");
      if (got == 0) {  // It begins another one: the first was for its initialisation.
        ::close(socket_);
        socket_ = -1;
        continue;
      }
      in_.append(part, static_cast<std::size_t>(got));
      const std::size_t end = in_.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      if (in_.size() >= end + 4 + content_length(std::string_view(in_).substr(0, end))) return in_;
    }
  }

  void reply(std::string_view text) {
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
      fail("the function has gone");
    }
  }

 private:
  void accept() {
    socket_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket_ < 0) fail("the function does not come");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  int listener_;
  int socket_ = -1;
  pid_t child_ = 0;
  std::string in_;
};

std::string event_reply(std::size_t bytes) {
  const std::string event =
      R"({"pad":")" + std::string(bytes - std::min<std::size_t>(bytes, 10), 'x') + R"("})";
  const auto deadline = std::chrono::system_clock::now() + std::chrono::hours(1);
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
         "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n"
         "Lambda-Runtime-Deadline-Ms: " +
         std::to_string(
             std::chrono::duration_cast<std::chrono::milliseconds>(deadline.time_since_epoch())
                 .count()) +
         "\r\nLambda-Runtime-Invoked-Function-Arn: "
         "arn:aws:lambda:us-east-1:000000000000:function:bench\r\n"
         "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000\r\nContent-Length: " +
         std::to_string(event.size()) + "\r\n\r\n" + event;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) fail("COUNT EVENT_BYTES COMMAND...");
  constexpr std::size_t kWarmUp = 100;
  constexpr std::string_view kAccepted =
      "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: "
      "15\r\n\r\n{\"status\":\"OK\"}";
  const std::size_t count = std::strtoul(argv[1], nullptr, 10);
  const std::string event = event_reply(std::strtoul(argv[2], nullptr, 10));
  Function function(argv + 3);
  std::vector<double> latencies_us;
  for (std::size_t i = 0; i < kWarmUp + count; ++i) {
    if (!function.request().starts_with("GET ")) fail("the function did not ask for an event");
    const auto begun = Clock::now();
    function.reply(event);
    const std::string_view answer = function.request();
    if (!answer.starts_with("POST ") || answer.find("/response ") == std::string_view::npos) {
      fail("the function did not answer its event");
    }
    if (i >= kWarmUp) {
      latencies_us.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
    }
    function.reply(kAccepted);
  }
  std::sort(latencies_us.begin(), latencies_us.end());
  std::printf("{\"requests\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", count,
              latencies_us[count / 2], latencies_us[count * 99 / 100]);
}
