#include "front/tls_stream.h"

#include "base/check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace penstock::front {
namespace {

constexpr std::size_t kRecordMax = SSL3_RT_MAX_PLAIN_LENGTH;

/// A socket as OpenSSL sees it: like its own, but a peer that has gone is an error and no signal,
/// and records that follow each other go out in full segments.
struct Wire {
  int socket;
  const bool* has_more;
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int wire_write(BIO* bio, const char* bytes, int size) {
  const Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (*wire.has_more ? MSG_MORE : 0);
  const ssize_t sent = ::send(wire.socket, bytes, static_cast<std::size_t>(size), flags);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int wire_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got =
      ::recv(wire_of(bio).socket, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int wire_destroy(BIO* bio) {
  delete static_cast<Wire*>(BIO_get_data(bio));
  return 1;
}

BIO_METHOD* wire_method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(method, &wire_write);
    BIO_meth_set_read(method, &wire_read);
    BIO_meth_set_ctrl(method, &wire_control);
    BIO_meth_set_destroy(method, &wire_destroy);
    return method;
  }();
  return made;
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, int socket)
    : context_(std::move(context)), ssl_(SSL_new(context_->context())) {
  BIO* const bio = BIO_new(wire_method());
  PENSTOCK_CHECK(ssl_ != nullptr && bio != nullptr, "TLS takes memory, and nothing else");
  BIO_set_data(bio, new Wire{socket, &has_more_});
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Step TlsStream::step_of(int result) {
  if (result > 0) return Step::kDone;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return Step::kWantsRead;
    case SSL_ERROR_WANT_WRITE: return Step::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN: return Step::kEnd;
    default: break;
  }
  ERR_clear_error();
  is_broken_ = true;
  return Step::kFailed;
}

TlsStream::Step TlsStream::accept() {
  ERR_clear_error();
  return step_of(SSL_accept(ssl_));
}

TlsStream::Step TlsStream::read(char* into, std::size_t room, std::size_t& bytes) {
  ERR_clear_error();
  bytes = 0;
  return step_of(SSL_read_ex(ssl_, into, room, &bytes));
}

TlsStream::Step TlsStream::peek() {
  if (is_broken_) return Step::kFailed;
  char byte = 0;
  std::size_t bytes = 0;
  ERR_clear_error();
  return step_of(SSL_peek_ex(ssl_, &byte, 1, &bytes));
}

TlsStream::Step TlsStream::write_record(std::string_view bytes, bool has_more,
                                        std::size_t& written) {
  has_more_ = has_more;
  ERR_clear_error();
  written = 0;
  return step_of(SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written));
}

TlsStream::Step TlsStream::write(std::span<const boost::asio::const_buffer> pieces,
                                 std::size_t& bytes) {
  static thread_local std::string joined;
  bytes = 0;
  std::size_t left = boost::asio::buffer_size(pieces);
  std::size_t skip = 0;  // Of the first piece.
  while (left != 0) {
    while (pieces.front().size() == skip) {
      pieces = pieces.subspan(1);
      skip = 0;
    }
    const auto* first = static_cast<const char*>(pieces.front().data()) + skip;
    std::string_view record(first, std::min(pieces.front().size() - skip, kRecordMax));
    if (record.size() < std::min(left, kRecordMax)) {
      // Head and small body, or frames of many streams: one record.
      joined.assign(record);
      for (const auto& next : pieces.subspan(1)) {
        const std::size_t more = std::min(next.size(), kRecordMax - joined.size());
        joined.append(static_cast<const char*>(next.data()), more);
        if (joined.size() == kRecordMax) break;
      }
      record = joined;
    }
    std::size_t written = 0;
    const Step step = write_record(record, left > record.size(), written);
    if (step != Step::kDone) return bytes != 0 && step != Step::kFailed ? Step::kDone : step;
    bytes += written;
    left -= written;
    for (skip += written; !pieces.empty() && skip >= pieces.front().size();) {
      skip -= pieces.front().size();
      pieces = pieces.subspan(1);
    }
  }
  return Step::kDone;
}

void TlsStream::end() {
  if (is_broken_ || SSL_in_init(ssl_) != 0) return;
  has_more_ = false;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_);
  ERR_clear_error();
}

bool TlsStream::is_http2() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

bool TlsStream::has_bytes() const { return SSL_pending(ssl_) > 0; }

}  // namespace penstock::front
