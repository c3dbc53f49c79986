// The least that an HTTP server on one core can cost on this machine: epoll, a search for the end
// of the head, the body's length, and always the same reply. It understands nothing and stores
// nothing; what a server does beyond it is its own. What its reply looks like, so that bench/load
// takes it for a good one, and as long:
//
//   http_floor                    PutRecord
//   http_floor RECORDS            PutRecords
//   http_floor RECORDS BYTES      GetRecords of records with so much data

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <errno.h>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kRequestMax = 2u << 20;

struct Connection {
  explicit Connection(int made) : socket(made) {}
  ~Connection() { ::close(socket); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  int socket;
  std::size_t size = 0;
  std::string bytes = std::string(kRequestMax, '\0');
};

const std::string kNumber = R"("SequenceNumber":")" + std::string(56, '4') + R"(")";

std::string put_records_body(std::size_t records) {
  std::string body = R"({"FailedRecordCount":0,"Records":[)";
  for (std::size_t i = 0; i < records; ++i) {
    if (i != 0) body.push_back(',');
    body.append("{").append(kNumber).append(R"(,"ShardId":"shardId-000000000000"})");
  }
  return body + "]}";
}

/// Good for GetShardIterator, too.
std::string get_records_body(std::size_t records, std::size_t data_bytes) {
  std::string body = R"({"ShardIterator":"none","MillisBehindLatest":0,"Records":[)";
  const std::string data((data_bytes + 2) / 3 * 4, 'x');
  for (std::size_t i = 0; i < records; ++i) {
    if (i != 0) body.push_back(',');
    body.append(R"({"ApproximateArrivalTimestamp":1764087000.123,"Data":")").append(data);
    body.append(R"(","PartitionKey":")")
        .append(20, 'k')
        .append(R"(",)")
        .append(kNumber)
        .append("}");
  }
  return body + "]}";
}

std::string reply(const std::string& body) {
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

/// Waits where the socket is full: with a reply that large nothing else is to be had anyway.
bool send_all(int socket, std::string_view left) {
  while (!left.empty()) {
    const ssize_t sent = ::send(socket, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
    pollfd wait{.fd = socket, .events = POLLOUT, .revents = 0};
    if (!left.empty()) ::poll(&wait, 1, -1);
  }
  return true;
}

/// False: the peer has gone.
bool serve(Connection& connection, std::string_view answer) {
  char* const into = connection.bytes.data() + connection.size;
  const ssize_t got = ::recv(connection.socket, into, connection.bytes.size() - connection.size, 0);
  if (got <= 0) return false;
  connection.size += static_cast<std::size_t>(got);
  if (!is_whole({connection.bytes.data(), connection.size})) return true;
  connection.size = 0;
  return send_all(connection.socket, answer);
}

}  // namespace

int main(int argc, char** argv) {
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
  const std::size_t records = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const std::size_t data_bytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  const std::string answer =
      reply(argc > 2   ? get_records_body(records, data_bytes)
            : argc > 1 ? put_records_body(records)
                       : R"({"ShardId":"shardId-000000000000",)" + kNumber + "}");
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
