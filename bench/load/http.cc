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
#include <strings.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace penstock::bench {
namespace {

constexpr std::size_t kReadAtLeast = 64u << 10;

std::size_t number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::size_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
    fail("no number in \"" + std::string(text.substr(0, 40)) + "\"");
  }
  return number;
}

/// The body's length by a reply's head. Some servers write names of headers in lower case.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t end = head.find('\n'); end != std::string_view::npos; end = head.find('\n')) {
    head.remove_prefix(end + 1);
    if (head.size() > kName.size() && ::strncasecmp(head.data(), kName.data(), kName.size()) == 0) {
      return number_at(head.substr(kName.size()));
    }
  }
  fail("a reply without Content-Length");
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
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    if (!text.starts_with(kVersion)) fail("a reply that is not HTTP/1.1");
    status_ = static_cast<int>(number_at(text.substr(kVersion.size(), 3)));
    total_ = head_bytes_ + content_length(text.substr(0, end));
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

Reply exchange(int socket, std::string_view request, ReplyBuffer& in) {
  while (!request.empty()) {
    const ssize_t sent = ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail(std::string("cannot send: ") + ::strerror(errno));
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  in.clear();
  for (;;) {
    char* const into = in.tail();
    const ssize_t got = ::recv(socket, into, in.room(), 0);
    if (got <= 0) fail("the server closed a connection in the middle of a reply");
    if (const auto reply = in.received(static_cast<std::size_t>(got))) return *reply;
  }
}

}  // namespace penstock::bench
