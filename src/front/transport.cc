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

// The operation's own awaitable is handed on: a coroutine around it would cost a frame.
Task<Transport::Moved> Transport::read_some(asio::mutable_buffer into) {
  return socket_.async_read_some(into, kAsTuple);
}

std::size_t Transport::write_now(Pieces pieces, error_code& error) {
  const std::size_t sent = socket_.write_some(pieces, error);
  if (error == asio::error::would_block) error.clear();
  return sent;
}

Task<Transport::Moved> Transport::write_some(Pieces pieces) {
  return socket_.async_write_some(pieces, kAsTuple);
}

Task<std::tuple<error_code>> Transport::wait_readable() {
  return socket_.async_wait(tcp::socket::wait_read, kAsTuple);
}

void Transport::when_readable(std::function<void(error_code)> call) {
  socket_.async_wait(tcp::socket::wait_read, std::move(call));
}

void Transport::cancel_waits() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

void Transport::end_sending() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Transport::has_ended() {
  char byte = 0;
  const ssize_t peeked = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked == 0 || (peeked < 0 && errno != EAGAIN && errno != EINTR);
}

bool Transport::has_unread() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), FIONREAD, &bytes) == 0 && bytes > 0;
}

int Transport::unsent_bytes() {
  int unsent = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0 ? unsent : -1;
}

std::string Transport::peer_address() const {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

}  // namespace penstock::front
