// The least that an HTTP server on one core can cost on this machine: epoll, a search for the end
// of the head, the body's length, and always the same reply, as long as PutRecord's. It understands
// nothing and stores nothing; what a server does beyond it is its own.

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kRequestMax = 1u << 20;

struct Connection {
  explicit Connection(int made) : socket(made) {}
  ~Connection() { ::close(socket); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  int socket;
  std::size_t size = 0;
  std::string bytes = std::string(kRequestMax, '\0');
};

std::string reply() {
  const std::string body =
      R"({"ShardId":"shardId-000000000000","SequenceNumber":")" + std::string(56, '4') + R"("})";
  return "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"
         "x-amz-id-2: " +
         std::string(88, 'x') +
         "\r\nContent-Type: application/x-amz-json-1.1\r\n"
         "Date: Tue, 24 Nov 2026 10:25:35 GMT\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Whether head and body are there.
bool is_whole(std::string_view request) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t end = request.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::size_t length = request.find(kLength);
  const std::size_t body =
      length < end ? std::strtoul(request.data() + length + kLength.size(), nullptr, 10) : 0;
  return request.size() >= end + 4 + body;
}

/// False: the peer has gone.
bool serve(Connection& connection, std::string_view answer) {
  char* const into = connection.bytes.data() + connection.size;
  const ssize_t got = ::recv(connection.socket, into, connection.bytes.size() - connection.size, 0);
  if (got <= 0) return false;
  connection.size += static_cast<std::size_t>(got);
  if (!is_whole({connection.bytes.data(), connection.size})) return true;
  connection.size = 0;
  return ::send(connection.socket, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
}

}  // namespace

int main() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
      ::listen(listener, SOMAXCONN) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    return 1;
  }
  std::printf("ready at http://127.0.0.1:%d\n", ntohs(own.sin_port));
  std::fflush(stdout);
  const std::string answer = reply();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [epoll](int socket, Connection* connection) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener, nullptr);
  for (;;) {
    epoll_event ready[128];
    const int count = ::epoll_wait(epoll, ready, 128, -1);
    for (int i = 0; i < count; ++i) {
      auto* const connection = static_cast<Connection*>(ready[i].data.ptr);
      if (connection == nullptr) {
        const int made = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int on = 1;
        ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(made, std::make_unique<Connection>(made).release());
      } else if (!serve(*connection, answer)) {
        delete connection;
      }
    }
  }
}
