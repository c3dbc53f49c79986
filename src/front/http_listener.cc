#include "front/http_listener.h"

#include "env/clocks.h"
#include "env/loop.h"
#include "front/connection_buffer.h"
#include "front/reply_bodies.h"
#include "front/reply_writer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <list>
#include <unordered_set>

namespace penstock::front {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr Nanos kSweepInterval = std::chrono::seconds(5);
constexpr Nanos kStopPatience = std::chrono::seconds(10);
constexpr std::size_t kReadAtLeast = 4u << 10;
/// What a connection keeps between requests; larger buffers are rare and go back at once.
constexpr std::size_t kBufferKept = 2u << 20;
constexpr std::size_t kLargeReply = 64u << 10;
constexpr Nanos kBudgetPause = std::chrono::milliseconds(10);
constexpr int kBudgetPauses = 100;

enum class Phase : std::uint8_t { kIdle, kReading, kHandling, kWriting };

struct Connection {
  Connection(tcp::socket s, Budget& budget) : socket(std::move(s)), buffer(budget) {}
  tcp::socket socket;
  ConnectionBuffer buffer;
  std::string peer;
  std::string head_out;
  Phase phase = Phase::kIdle;
  SteadyTime phase_since;
  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }
};

}  // namespace

struct HttpListener::State : std::enable_shared_from_this<HttpListener::State> {
  State(env::Loop& l, env::Clocks& c, Budget& b, Handler h, HttpLimits m)
      : loop(l),
        clocks(c),
        budget(b),
        handler(std::move(h)),
        limits(std::move(m)),
        acceptor(l.executor()),
        scope(l.executor()) {}

  Task<> accept_loop();
  Task<> serve(std::shared_ptr<Connection> connection);
  Task<bool> read_some(Connection& connection, std::size_t total);
  Task<bool> read_head(Connection& connection, RequestHead& head);
  Task<bool> read_body(Connection& connection, RequestHead& head, std::string& chunked,
                       std::size_t& request_bytes);
  Task<bool> reserve(Connection& connection, std::size_t total);
  Task<bool> write(Connection& connection, const Reply& reply, bool keep_alive, bool with_body);
  Task<> refuse(Connection& connection, int status);
  Task<> drain(Connection& connection);
  void enter(Connection& connection, Phase phase);
  void sweep();
  void arm_sweep();
  void start();

  env::Loop& loop;
  env::Clocks& clocks;
  Budget& budget;
  Handler handler;
  HttpLimits limits;
  tcp::acceptor acceptor;
  Scope scope;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  DateHeader date;
  bool stopping = false;
  env::Loop::TimerId sweep_timer = 0;
};

void HttpListener::State::enter(Connection& connection, Phase phase) {
  connection.phase = phase;
  connection.phase_since = clocks.steady_now();
}

// --- Accepting ------------------------------------------------------------------------------

void HttpListener::State::start() {
  scope.spawn(accept_loop());
  arm_sweep();
}

Task<> HttpListener::State::accept_loop() {
  while (!stopping) {
    auto [error, socket] = co_await acceptor.async_accept(kAsTuple);
    if (stopping || error == asio::error::operation_aborted) break;
    if (error) {  // Out of descriptors, or the peer has gone: try again, but not at once.
      co_await env::sleep_until(loop, clocks.steady_now() + kBudgetPause, scope.token());
      continue;
    }
    if (connections.size() >= limits.connections_max) continue;  // Closes it.
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Connection>(std::move(socket), budget);
    const auto peer = connection->socket.remote_endpoint(ignored);
    if (!ignored) connection->peer = peer.address().to_string();
    enter(*connection, Phase::kIdle);
    connections.insert(connection);
    scope.spawn(serve(std::move(connection)));
  }
}

void HttpListener::State::arm_sweep() {
  sweep_timer = loop.arm(clocks.steady_now() + kSweepInterval, [state = weak_from_this()] {
    const auto self = state.lock();
    if (self == nullptr || self->stopping) return;
    self->sweep();
    self->arm_sweep();
  });
}

void HttpListener::State::sweep() {
  const SteadyTime now = clocks.steady_now();
  drop_unused_bodies(now);
  for (const auto& connection : connections) {
    const Nanos age = now - connection->phase_since;
    if (connection->phase == Phase::kIdle) {
      if (age > limits.idle_max) connection->close();
    } else if (connection->phase != Phase::kHandling && age > limits.request_read_max) {
      connection->close();
    }
  }
}

// --- Reading --------------------------------------------------------------------------------

Task<bool> HttpListener::State::reserve(Connection& connection, std::size_t total) {
  for (int pause = 0; !connection.buffer.reserve(total); ++pause) {
    if (pause == kBudgetPauses || stopping) co_return false;
    co_await env::sleep_until(loop, clocks.steady_now() + kBudgetPause, scope.token());
  }
  co_return true;
}

/// Reads once, with room for `total` bytes from the buffer's beginning. False: the peer has gone.
Task<bool> HttpListener::State::read_some(Connection& connection, std::size_t total) {
  if (!co_await reserve(connection, total)) {
    co_await refuse(connection, 503);
    co_return false;
  }
  ConnectionBuffer& buffer = connection.buffer;
  const auto [error, bytes] = co_await connection.socket.async_read_some(
      asio::buffer(buffer.tail(), buffer.room()), kAsTuple);
  if (error) co_return false;
  buffer.received(bytes);
  co_return true;
}

Task<bool> HttpListener::State::read_head(Connection& connection, RequestHead& head) {
  ConnectionBuffer& buffer = connection.buffer;
  while (true) {
    // Empty lines before a request are tolerated (RFC 9112 section 2.2).
    while (buffer.size() >= 2 && buffer.data()[0] == '\r' && buffer.data()[1] == '\n')
      buffer.consume(2);
    if (buffer.size() > 0) {
      if (connection.phase == Phase::kIdle) enter(connection, Phase::kReading);
      switch (parse_head(buffer.data(), buffer.size(), limits.head_bytes_max, head)) {
        case ParseState::kDone: co_return true;
        case ParseState::kTooLarge: co_await refuse(connection, 431); co_return false;
        case ParseState::kBad: co_await refuse(connection, 400); co_return false;
        case ParseState::kNeedMore: break;
      }
    }
    if (!co_await read_some(connection, buffer.size() + kReadAtLeast)) co_return false;
  }
}

Task<bool> HttpListener::State::read_body(Connection& connection, RequestHead& head,
                                          std::string& chunked, std::size_t& request_bytes) {
  ConnectionBuffer& buffer = connection.buffer;
  const std::size_t body_max = limits.body_bytes_max(head);
  request_bytes = head.head_bytes;
  if (head.content_length.value_or(0) > body_max) {
    co_await refuse(connection, 413);
    co_return false;
  }
  const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
  const bool is_waiting = has_body && buffer.size() == head.head_bytes;
  if (head.expects_continue && is_waiting) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, sent] =
        co_await asio::async_write(connection.socket, asio::buffer(kContinue), kAsTuple);
    if (error) co_return false;
  }
  if (!head.chunked) {
    request_bytes += static_cast<std::size_t>(head.content_length.value_or(0));
    while (buffer.size() < request_bytes) {
      const char* before = buffer.data();
      if (!co_await read_some(connection, request_bytes)) co_return false;
      rebase(head, before, buffer.data());
    }
    co_return true;
  }
  ChunkedBody body(body_max);
  while (true) {
    std::size_t consumed = 0;
    const std::string_view rest(buffer.data() + request_bytes, buffer.size() - request_bytes);
    const auto state = body.feed(rest, consumed);
    request_bytes += consumed;
    if (state == ChunkedBody::State::kDone) break;
    if (state == ChunkedBody::State::kTooLarge || state == ChunkedBody::State::kBad) {
      co_await refuse(connection, state == ChunkedBody::State::kBad ? 400 : 413);
      co_return false;
    }
    const char* before = buffer.data();
    if (!co_await read_some(connection, buffer.size() + kReadAtLeast)) co_return false;
    rebase(head, before, buffer.data());
  }
  chunked = std::move(body.body());
  chunked.reserve(chunked.size() + ConnectionBuffer::kSpare);
  co_return true;
}

// --- Writing --------------------------------------------------------------------------------

Task<bool> HttpListener::State::write(Connection& connection, const Reply& reply, bool keep_alive,
                                      bool with_body) {
  enter(connection, Phase::kWriting);
  Budget::Share charge;
  if (!reply.charge && reply.body.size() > kLargeReply) charge = budget.take(reply.body.size());
  connection.head_out.clear();
  write_head(connection.head_out, reply, date.text(clocks.wall_now()), keep_alive);
  // Head and body in one send: in two, the second waits for the peer's delayed acknowledgement.
  const std::array<asio::const_buffer, 2> parts{
      asio::buffer(connection.head_out),
      with_body ? asio::buffer(reply.body) : asio::const_buffer{}};
  const auto [error, sent] = co_await asio::async_write(connection.socket, parts, kAsTuple);
  co_return !error;
}

/// Answers a request that cannot be read to its end, and gives the peer time to see the answer:
/// closing with unread bytes would reset the connection under it.
Task<> HttpListener::State::refuse(Connection& connection, int status) {
  Reply reply;
  reply.status = status;
  if (co_await write(connection, reply, false, true)) co_await drain(connection);
}

Task<> HttpListener::State::drain(Connection& connection) {
  boost::system::error_code ignored;
  connection.socket.shutdown(tcp::socket::shutdown_send, ignored);
  constexpr std::size_t kDrainMax = 64u << 20;
  char sink[16u << 10];
  for (std::size_t drained = 0; drained < kDrainMax;) {
    const auto [error, bytes] =
        co_await connection.socket.async_read_some(asio::buffer(sink), kAsTuple);
    if (error) co_return;
    drained += bytes;
  }
}

// --- One connection ---------------------------------------------------------------------------

Task<> HttpListener::State::serve(std::shared_ptr<Connection> connection) {
  const auto self = shared_from_this();
  RequestHead head;
  std::string chunked;
  while (!stopping) {
    enter(*connection, Phase::kIdle);
    std::size_t request_bytes = 0;
    chunked.clear();
    if (!co_await read_head(*connection, head)) break;
    if (!co_await read_body(*connection, head, chunked, request_bytes)) break;

    Request request;
    request.method = head.method;
    request.path = head.path;
    request.query = head.query;
    request.headers.swap(head.headers);
    request.body = head.chunked ? std::string_view(chunked)
                                : std::string_view(connection->buffer.data() + head.head_bytes,
                                                   request_bytes - head.head_bytes);
    request.caller.peer = connection->peer;
    request.host = request.header("host");
    enter(*connection, Phase::kHandling);
    Reply reply = co_await handler(request);
    const bool keep_alive = head.keep_alive && !stopping;
    const bool with_body = request.method != "HEAD";
    if (!co_await write(*connection, reply, keep_alive, with_body) || !keep_alive) break;
    keep_body(std::move(reply.body), connection->phase_since, budget.limit_bytes() / 16);
    connection->buffer.consume(request_bytes);
    connection->buffer.shrink_when_empty(kBufferKept);
  }
  connection->close();
  connections.erase(connection);
}

// --- The listener ---------------------------------------------------------------------------

HttpListener::HttpListener(env::Loop& loop, env::Clocks& clocks, Budget& budget, Handler handler,
                           HttpLimits limits)
    : state_(std::make_shared<State>(loop, clocks, budget, std::move(handler), std::move(limits))) {
}

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
  tcp::acceptor acceptor(state_->acceptor.get_executor());
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
  tcp::acceptor& acceptor = state_->acceptor;
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
  state_->start();
  return acceptor.local_endpoint(error).port();
}

Status HttpListener::adopt(int listening_socket) {
  boost::system::error_code error;
  state_->acceptor.assign(tcp::v4(), listening_socket, error);
  if (error) return Error{Errc::kIo, "cannot adopt a listening socket: " + error.message()};
  state_->start();
  return ok();
}

void HttpListener::abort() {
  for (const auto& connection : state_->connections) connection->close();
}

Task<> HttpListener::stop() {
  const auto state = state_;
  state->stopping = true;
  boost::system::error_code ignored;
  state->acceptor.close(ignored);
  state->scope.cancel();
  state->loop.disarm(state->sweep_timer);
  for (const auto& connection : state->connections) {
    if (connection->phase == Phase::kIdle) connection->close();
  }
  const auto patience = state->loop.arm(state->clocks.steady_now() + kStopPatience, [state] {
    for (const auto& connection : state->connections) connection->close();
  });
  co_await state->scope.join();
  state->loop.disarm(patience);
}

std::size_t HttpListener::connections() const { return state_->connections.size(); }

}  // namespace penstock::front
