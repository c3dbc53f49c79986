#include "front/transport.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace penstock::front {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
}

Transport::Transport(tcp::socket socket) : socket_(std::move(socket)) {}
Transport::~Transport() = default;

// The operation's own awaitable is handed on: a coroutine around it would cost a frame.
Task<Transport::Moved> Transport::read_some(asio::mutable_buffer into) {
  return tls_ != nullptr ? read_tls(into) : socket_.async_read_some(into, kAsTuple);
}

std::size_t Transport::write_now(Pieces pieces, error_code& error) {
  if (tls_ != nullptr) {
    std::size_t sent = 0;
    if (!is_open() || tls_->write(pieces, sent) == TlsStream::Step::kFailed)
      error = asio::error::connection_reset;
    return sent;
  }
  const std::size_t sent = socket_.write_some(pieces, error);
  if (error == asio::error::would_block) error.clear();
  return sent;
}

Task<Transport::Moved> Transport::write_some(Pieces pieces) {
  return tls_ != nullptr ? write_tls(pieces) : socket_.async_write_some(pieces, kAsTuple);
}

Task<std::tuple<error_code>> Transport::wait_readable() {
  return tls_ != nullptr ? wait_readable_tls()
                         : socket_.async_wait(tcp::socket::wait_read, kAsTuple);
}

void Transport::when_readable(std::function<void(error_code)> call) {
  socket_.async_wait(tcp::socket::wait_read, std::move(call));
}

void Transport::cancel_waits() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  if (tls_ != nullptr && is_open()) tls_->end();
  error_code ignored;
  socket_.close(ignored);
}

void Transport::end_sending() {
  if (tls_ != nullptr) tls_->end();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Transport::has_ended() {
  if (tls_ != nullptr) {
    if (!is_open()) return true;
    const auto step = tls_->peek();
    return step == TlsStream::Step::kEnd || step == TlsStream::Step::kFailed;
  }
  char byte = 0;
  const ssize_t peeked = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked == 0 || (peeked < 0 && errno != EAGAIN && errno != EINTR);
}

bool Transport::has_bytes() {
  if (tls_ != nullptr) return is_open() && tls_->peek() == TlsStream::Step::kDone;
  return has_unread();
}

bool Transport::has_unread() {
  if (tls_ != nullptr && tls_->has_bytes()) return true;
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), FIONREAD, &bytes) == 0 && bytes > 0;
}

int Transport::unsent_bytes() {
  int unsent = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0 ? unsent : -1;
}

bool Transport::is_local() const {
  error_code error;
  const auto there = socket_.remote_endpoint(error);
  if (error) return false;
  const auto here = socket_.local_endpoint(error);
  return !error && (there.address().is_loopback() || there.address() == here.address());
}

std::string Transport::peer_address() const {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

// --- TLS --------------------------------------------------------------------------------------

bool Transport::begins_tls() {
  constexpr char kHandshake = 22;  // The type of its first record.
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
         byte == kHandshake;
}

Task<std::tuple<error_code>> Transport::wait_for(TlsStream::Step step) {
  const bool is_write = step == TlsStream::Step::kWantsWrite;
  return socket_.async_wait(is_write ? tcp::socket::wait_write : tcp::socket::wait_read, kAsTuple);
}

Task<bool> Transport::accept_tls(std::shared_ptr<const TlsContext> context) {
  tls_ = std::make_unique<TlsStream>(std::move(context), socket_.native_handle());
  while (is_open()) {
    const TlsStream::Step step = tls_->accept();
    if (step == TlsStream::Step::kDone) co_return true;
    if (step != TlsStream::Step::kWantsRead && step != TlsStream::Step::kWantsWrite) break;
    const auto [error] = co_await wait_for(step);
    if (error) break;
  }
  co_return false;
}

bool Transport::has_chosen_http2() const { return tls_ != nullptr && tls_->is_http2(); }

Task<Transport::Moved> Transport::read_tls(asio::mutable_buffer into) {
  while (is_open()) {
    std::size_t bytes = 0;
    const TlsStream::Step step = tls_->read(static_cast<char*>(into.data()), into.size(), bytes);
    if (step == TlsStream::Step::kDone) co_return Moved(error_code(), bytes);
    if (step == TlsStream::Step::kEnd) co_return Moved(asio::error::eof, 0);
    if (step == TlsStream::Step::kFailed) co_return Moved(asio::error::connection_reset, 0);
    const auto [error] = co_await wait_for(step);
    if (error) co_return Moved(error, 0);
  }
  co_return Moved(asio::error::operation_aborted, 0);
}

Task<Transport::Moved> Transport::write_tls(Pieces pieces) {
  while (is_open()) {
    std::size_t bytes = 0;
    const TlsStream::Step step = tls_->write(pieces, bytes);
    if (step == TlsStream::Step::kDone) co_return Moved(error_code(), bytes);
    if (step == TlsStream::Step::kEnd || step == TlsStream::Step::kFailed)
      co_return Moved(asio::error::connection_reset, 0);
    const auto [error] = co_await wait_for(step);
    if (error) co_return Moved(error, 0);
  }
  co_return Moved(asio::error::operation_aborted, 0);
}

/// A record may be half there, or say nothing to us: it waits until there are bytes, or the end.
Task<std::tuple<error_code>> Transport::wait_readable_tls() {
  while (is_open()) {
    const TlsStream::Step step = tls_->peek();
    if (step != TlsStream::Step::kWantsRead && step != TlsStream::Step::kWantsWrite)
      co_return std::tuple(error_code());
    const auto [error] = co_await wait_for(step);
    if (error) co_return std::tuple(error);
  }
  co_return std::tuple(error_code(asio::error::operation_aborted));
}

}  // namespace penstock::front
