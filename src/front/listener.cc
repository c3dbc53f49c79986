#include "front/listener.h"

#include "env/clocks.h"
#include "front/http1.h"
#include "front/http2.h"
#include "front/reply_bodies.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <vector>

namespace penstock::front {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr Nanos kSweepInterval = std::chrono::seconds(5);
constexpr Nanos kPause = std::chrono::milliseconds(10);
/// A peer that has been quiet for so long may lose its connection to one that is not.
constexpr Nanos kQuiet = std::chrono::seconds(1);
/// Of those that are quiet, one in so many makes room at a time.
constexpr std::size_t kRoomShare = 64;
constexpr int kRoomTurns = 16;

}  // namespace

Listener::Listener(env::Loop& l, env::Clocks& c, Budget& b, HttpListener::Handler h, HttpLimits m)
    : loop(l),
      clocks(c),
      budget(b),
      handler(std::move(h)),
      limits(std::move(m)),
      slots(limits.slots ? limits.slots
                         : std::make_shared<ConnectionSlots>(limits.connections_max)),
      shelf(b),
      acceptor(l.executor()),
      scope(l.executor()) {}

void Listener::enter(Connection& connection, Phase phase) {
  connection.enter(phase, clocks.steady_now());
}

Task<> Listener::let_others() { co_await asio::post(loop.executor(), asio::use_awaitable); }

// --- Coming -----------------------------------------------------------------------------------

void Listener::start() {
  scope.spawn(accept_loop());
  arm_sweep();
}

Task<> Listener::accept_loop() {
  while (!stopping) {
    auto [error, socket] = co_await acceptor.async_accept(kAsTuple);
    if (stopping || error == asio::error::operation_aborted) break;
    if (error) {  // Out of descriptors, or the peer has gone: try again, but not at once.
      if (error == asio::error::no_descriptors) make_room();
      co_await env::sleep_until(loop, clocks.steady_now() + kPause, scope.token());
      continue;
    }
    co_await admit(std::move(socket));
  }
}

Task<> Listener::admit(tcp::socket socket) {
  bool has_slot = slots->try_take();
  if (!has_slot && make_room() > 0) {
    // What was closed gives its place back when its coroutine ends.
    for (int turn = 0; turn < kRoomTurns && !has_slot; ++turn) {
      co_await let_others();
      has_slot = slots->try_take();
    }
  }
  constexpr std::size_t kBytes = HttpListener::kConnectionBytes;
  Budget::Share held = has_slot ? budget.try_take(kBytes) : Budget::Share();
  if (has_slot && !held) held = co_await charge(kBytes);
  if (!held) {
    if (has_slot) slots->give_back();
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    // Whoever does not take it at once sees the connection closed, and tries again for that.
    (void)::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    co_return;
  }
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  auto connection = std::make_shared<Connection>(std::move(socket), shelf, std::move(held));
  enter(*connection, Phase::kIdle);
  connections.insert(connection);
  scope.spawn(serve(std::move(connection)));
}

Task<Budget::Share> Listener::charge(std::size_t bytes) {
  Budget::Share held = budget.try_take(bytes);
  if (!held && make_room() == 0) co_return held;
  for (int turn = 0; turn < kRoomTurns && !held; ++turn) {
    co_await let_others();
    held = budget.try_take(bytes);
  }
  co_return held;
}

/// TLS begins with a byte that HTTP does not: one port for both. Who is on this machine may speak
/// without; of others only where that is allowed. False: there is nothing more to say.
Task<bool> Listener::greet(Connection& connection) {
  while (true) {
    const auto [error] = co_await connection.transport.wait_readable();
    if (!error) break;
    const bool was_told = error == asio::error::operation_aborted && connection.is_dormant;
    if (!was_told || !connection.transport.is_open()) co_return false;
  }
  connection.is_dormant = false;
  enter(connection, Phase::kGreeting);
  auto context = connection.transport.begins_tls() ? limits.tls->current() : nullptr;
  if (context != nullptr) {
    connection.tls_charge = co_await charge(HttpListener::kTlsBytes);
    if (!connection.tls_charge) co_return false;
    co_return co_await connection.transport.accept_tls(std::move(context));
  }
  if (limits.plain_from_afar || connection.transport.is_local()) co_return true;
  constexpr std::string_view kOnlyTls =
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
      "Content-Length: 50\r\n\r\nfrom other machines this port takes https:// only\n";
  boost::system::error_code ignored;
  connection.transport.write_now(std::array{asio::buffer(kOnlyTls)}, ignored);
  co_await Http1(*this, connection).drain();
  co_return false;
}

Task<> Listener::serve(std::shared_ptr<Connection> connection) {
  const auto self = shared_from_this();
  if (limits.tls == nullptr || co_await greet(*connection)) {
    Http1 http1(*this, *connection);
    if (connection->transport.has_chosen_http2() ||
        co_await http1.serve() == Http1::Ended::kBecomesHttp2) {
      Http2 http2(*this, connection);
      co_await http2.serve();
    }
  }
  connection->close();
  connections.erase(connection);
  slots->give_back();
}

// --- Going ------------------------------------------------------------------------------------

bool Listener::close_unless_unread(Connection& connection, SteadyTime now) {
  if (connection.phase != Phase::kWriting && connection.has_unread()) {
    connection.quiet_since = now;
    return false;
  }
  connection.close();
  return true;
}

std::size_t Listener::make_room() {
  const SteadyTime now = clocks.steady_now();
  std::vector<Connection*> quiet;
  for (const auto& connection : connections) {
    if (connection->transport.is_open() && connection->is_quiet(now, kQuiet))
      quiet.push_back(connection.get());
  }
  if (quiet.empty()) return 0;
  const std::size_t wanted = (quiet.size() + kRoomShare - 1) / kRoomShare;
  std::nth_element(
      quiet.begin(), quiet.begin() + static_cast<std::ptrdiff_t>(wanted - 1), quiet.end(),
      [](const Connection* a, const Connection* b) { return a->quiet_since < b->quiet_since; });
  std::size_t closed = 0;
  for (auto one = quiet.begin(); one != quiet.end() && closed < wanted; ++one) {
    if (close_unless_unread(**one, now)) ++closed;
  }
  return closed;
}

void Listener::arm_sweep() {
  const Nanos interval = std::clamp<Nanos>(limits.dormant_after, Millis{1}, kSweepInterval);
  sweep_timer = loop.arm(clocks.steady_now() + interval, [state = weak_from_this()] {
    const auto self = state.lock();
    if (self == nullptr || self->stopping) return;
    self->sweep();
    self->arm_sweep();
  });
}

void Listener::sweep() {
  const SteadyTime now = clocks.steady_now();
  drop_unused_bodies(now);
  shelf.drop_unused(now);
  for (const auto& connection : connections) {
    const Nanos age = now - connection->phase_since;
    if (connection->streams != nullptr) connection->streams->look_at_time(now);
    switch (connection->phase) {
      case Phase::kIdle:
        if (age > limits.idle_max) {
          if (connection->streams != nullptr) {
            connection->streams->end_idle();
          } else {
            connection->close();
          }
        } else if (age > limits.dormant_after && !connection->is_dormant) {
          connection->is_dormant = true;
          connection->transport.cancel_waits();
        }
        break;
      case Phase::kGreeting:
        if (age > limits.greeting_max) connection->close();
        break;
      case Phase::kHead:
        if (age > limits.head_read_max) connection->close();
        break;
      case Phase::kBody:
      case Phase::kWriting:
        if (age > limits.request_read_max) connection->close();
        break;
      case Phase::kHandling:
      case Phase::kStreaming: break;
    }
  }
}

}  // namespace penstock::front
