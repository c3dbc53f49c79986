#include "load/http.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

constexpr std::size_t kReadAtLeast = 64u << 10;

std::size_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) fail("a reply without " + std::string(name));
  std::size_t number = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void fail(const std::string& why) {
  std::fprintf(stderr, "penstock_load: %s\n", why.c_str());
  std::exit(1);
}

char* ReplyBuffer::tail() {
  const std::size_t wanted = std::max(total_, size_ + kReadAtLeast);
  if (bytes_.size() < wanted) bytes_.resize(wanted);
  return bytes_.data() + size_;
}

std::optional<Reply> ReplyBuffer::received(std::size_t bytes) {
  size_ += bytes;
  const std::string_view text(bytes_.data(), size_);
  if (head_bytes_ == 0) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    head_bytes_ = end + 4;
    status_ = static_cast<int>(number_behind(text, "HTTP/1.1 "));
    total_ = head_bytes_ + number_behind(text.substr(0, end), "Content-Length: ");
  }
  if (size_ < total_) return std::nullopt;
  if (size_ > total_) fail("more bytes than one reply has");
  return Reply{status_, text.substr(head_bytes_)};
}

void ReplyBuffer::clear() {
  size_ = head_bytes_ = total_ = 0;
  status_ = 0;
}

int connect_to(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (made < 0 || ::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    fail("cannot connect to port " + std::to_string(port) + ": " + ::strerror(errno));
  }
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

Connection::~Connection() { ::close(socket_); }

Reply Connection::exchange(std::string_view request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail(std::string("cannot send: ") + ::strerror(errno));
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  in_.clear();
  for (;;) {
    char* const into = in_.tail();
    const ssize_t got = ::recv(socket_, into, in_.room(), 0);
    if (got <= 0) fail("the server closed a connection in the middle of a reply");
    if (const auto reply = in_.received(static_cast<std::size_t>(got))) return *reply;
  }
}

}  // namespace penstock::bench
