// The function of bench/load's `deliver`, natively: the Runtime API's loop over one keep-alive
// connection. Reports each record to the UDP port it names, then answers.

#include "base/base64.h"

#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "bootstrap: %s\n", why);
  std::exit(1);
}

std::string_view between(std::string_view text, std::string_view begin, char end) {
  const std::size_t at = text.find(begin);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + begin.size());
  return text.substr(0, text.find(end));
}

class RuntimeApi {
 public:
  explicit RuntimeApi(std::string host) : host_(std::move(host)) {
    const std::size_t colon = host_.rfind(':');
    const sockaddr_in to = address_of(host_.substr(0, colon), std::atoi(host_.c_str() + colon + 1));
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      give_up("cannot connect to the Runtime API");
    }
  }

  /// Head and body of the reply, until the next call.
  std::string_view call(std::string_view method, std::string_view path, std::string_view body) {
    out_.assign(method).append(" /2018-06-01/runtime/invocation/").append(path);
    out_.append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\nContent-Length: ");
    out_.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    for (std::string_view left = out_; !left.empty();) {
      const ssize_t sent = ::send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) give_up("the Runtime API has gone");
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    in_.clear();
    for (std::size_t whole = 0; whole == 0 || in_.size() < whole;) {
      char part[16 << 10];
      const ssize_t got = ::recv(socket_, part, sizeof part, 0);
      if (got <= 0) give_up("the Runtime API has gone");
      in_.append(part, static_cast<std::size_t>(got));
      const std::size_t end = in_.find("\r\n\r\n");
      if (end == std::string::npos || whole != 0) continue;
      const std::string_view length = between(in_, "Content-Length: ", '\r');
      std::from_chars(length.data(), length.data() + length.size(), whole);
      whole += end + 4;
    }
    return in_;
  }

 private:
  std::string host_;
  int socket_ = -1;
  std::string out_;
  std::string in_;
};

void report(int reports, std::string_view event) {
  constexpr std::string_view kData = "\"data\":\"";
  for (std::size_t at = event.find(kData); at != std::string_view::npos;
       at = event.find(kData, at + 1)) {
    std::string data;
    penstock::base64_decode(between(event.substr(at), kData, '"'), data);
    const std::string_view number = between(data, " ", ' ');
    const sockaddr_in to = address_of("127.0.0.1", std::atoi(data.c_str()));
    ::sendto(reports, number.data(), number.size(), 0, reinterpret_cast<const sockaddr*>(&to),
             sizeof to);
  }
}

}  // namespace

int main() {
  const char* const host = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (host == nullptr) give_up("there is no AWS_LAMBDA_RUNTIME_API");
  RuntimeApi api(host);
  const int reports = ::socket(AF_INET, SOCK_DGRAM, 0);
  for (;;) {
    const std::string_view event = api.call("GET", "next", {});
    const std::string id(between(event, "Lambda-Runtime-Aws-Request-Id: ", '\r'));
    report(reports, event);
    api.call("POST", id + "/response", "{}");
  }
}
