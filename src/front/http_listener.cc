#include "front/http_listener.h"

#include "env/clocks.h"
#include "env/loop.h"
#include "front/listener.h"
#include "front/reply_bodies.h"

#include <sys/socket.h>

namespace penstock::front {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr Nanos kStopPatience = std::chrono::seconds(10);
}

HttpListener::HttpListener(env::Loop& loop, env::Clocks& clocks, Budget& budget, Handler handler,
                           HttpLimits limits)
    : listener_(std::make_shared<Listener>(loop, clocks, budget, std::move(handler),
                                           std::move(limits))) {}

HttpListener::~HttpListener() = default;

namespace {

Error listen_error(const std::string& address, std::uint16_t port,
                   const boost::system::error_code& error) {
  std::string message =
      "cannot listen on " + address + ":" + std::to_string(port) + ": " + error.message();
  if (error == asio::error::address_in_use)
    message += "; another server runs there, --listen takes another port";
  return Error{Errc::kUnavailable, std::move(message)};
}

Result<tcp::endpoint> endpoint_of(const std::string& address, std::uint16_t port) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return Error{Errc::kInvalid, "\"" + address + "\" is not an IP address"};
  return tcp::endpoint(ip, port);
}

}  // namespace

Status HttpListener::check_free(const std::string& address, std::uint16_t port) const {
  TRY(const tcp::endpoint endpoint, endpoint_of(address, port));
  tcp::acceptor acceptor(listener_->acceptor.get_executor());
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (error) return listen_error(address, port, error);
  return ok();
}

Result<std::uint16_t> HttpListener::listen(const std::string& address, std::uint16_t port,
                                           bool shared) {
  TRY(const tcp::endpoint endpoint, endpoint_of(address, port));
  boost::system::error_code error;
  tcp::acceptor& acceptor = listener_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (error) return listen_error(address, port, error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (shared) {
    const int on = 1;
    ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(address, port, error);
  listener_->start();
  return acceptor.local_endpoint(error).port();
}

Status HttpListener::adopt(int listening_socket) {
  boost::system::error_code error;
  listener_->acceptor.assign(tcp::v4(), listening_socket, error);
  if (error) return Error{Errc::kIo, "cannot adopt a listening socket: " + error.message()};
  listener_->start();
  return ok();
}

void HttpListener::abort() {
  for (const auto& connection : listener_->connections) connection->close();
}

Task<> HttpListener::stop() {
  const auto listener = listener_;
  listener->stopping = true;
  boost::system::error_code ignored;
  listener->acceptor.close(ignored);
  listener->scope.cancel();
  listener->loop.disarm(listener->sweep_timer);
  for (const auto& connection : listener->connections) {
    if (connection->phase == Phase::kIdle) connection->close();
  }
  const auto patience =
      listener->loop.arm(listener->clocks.steady_now() + kStopPatience, [listener] {
        for (const auto& connection : listener->connections) connection->close();
      });
  co_await listener->scope.join();
  listener->loop.disarm(patience);
  listener->shelf.clear();
  drop_kept_bodies();  // They are charged to a budget that may go now.
}

std::size_t HttpListener::connections() const { return listener_->connections.size(); }

}  // namespace penstock::front
