#include "load/wire.h"

#include "load/http.h"

#include <openssl/ssl.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace penstock::bench {
namespace {

SSL_CTX* context() {
  static SSL_CTX* const made = [] {
    SSL_CTX* const it = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(it, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(it, 1);
    return it;
  }();
  return made;
}

}  // namespace

Wire::Wire(std::uint16_t port, Kind kind) : socket_(connect_to(port)) {
  if (kind != Kind::kPlain) {
    ssl_ = SSL_new(context());
    constexpr std::string_view kHttp2("\x2h2", 3);
    if (kind == Kind::kTlsHttp2) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(kHttp2.data()),
                          kHttp2.size());
    }
    SSL_set_fd(ssl_, socket_);
    if (SSL_connect(ssl_) != 1) fail("the server does not agree on TLS");
  }
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
}

Wire::~Wire() {
  SSL_free(ssl_);
  ::close(socket_);
}

std::size_t Wire::send(std::string_view bytes) {
  if (ssl_ != nullptr) {
    std::size_t sent = 0;
    if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) == 1) return sent;
    const int error = SSL_get_error(ssl_, 0);
    if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) fail("cannot send in TLS");
    return 0;
  }
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) fail(std::string("cannot send: ") + ::strerror(errno));
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::size_t Wire::receive(char* into, std::size_t room) {
  if (ssl_ != nullptr) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_, into, room, &got) == 1) return got;
    const int error = SSL_get_error(ssl_, 0);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      fail("the server closed a connection");
    return 0;
  }
  const ssize_t got = ::recv(socket_, into, room, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) fail("the server closed a connection");
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

bool Wire::has_more() const { return ssl_ != nullptr && SSL_has_pending(ssl_) == 1; }

}  // namespace penstock::bench
