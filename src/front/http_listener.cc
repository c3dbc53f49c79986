#include "front/http_listener.h"

#include "env/clocks.h"
#include "env/loop.h"
#include "front/connection.h"
#include "front/error_reply.h"
#include "front/reply_bodies.h"
#include "front/reply_writer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <optional>
#include <sys/socket.h>
#include <unordered_set>
#include <vector>

namespace penstock::front {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr Nanos kSweepInterval = std::chrono::seconds(5);
constexpr Nanos kStopPatience = std::chrono::seconds(10);
constexpr std::size_t kReadAtLeast = 4u << 10;
/// A chunked body grows by as much as it has, and by this much at most.
constexpr std::size_t kChunkedStep = 1u << 20;
/// Larger requests wait in line for memory, and leave a part of it to smaller ones.
constexpr std::size_t kLargeRequest = 64u << 10;
/// So much of a body must have come before it gets room for all of it.
constexpr std::size_t kBodyProof = 4u << 10;
/// Requests from here on let others have a turn before they are handled, and before their reply.
constexpr std::size_t kSlowRequest = 256u << 10;
constexpr Nanos kPause = std::chrono::milliseconds(10);
constexpr int kPausesToStalled = 25;
/// A peer that has been quiet for so long may lose its connection to one that is not.
constexpr Nanos kQuiet = std::chrono::seconds(1);
/// And its memory, in the middle of a request or reply. Two in a row, before those who wait for it
/// give up.
constexpr Nanos kStalled = std::chrono::milliseconds(1'500);
/// Of those that are quiet, one in so many makes room at a time.
constexpr std::size_t kRoomShare = 64;
constexpr int kRoomTurns = 16;

using Charges = std::vector<Budget::Share>;
/// What of a reply is still to be sent.
using Rest = std::array<asio::const_buffer, 2>;

Rest behind(Rest rest, std::size_t sent) {
  for (asio::const_buffer& part : rest) {
    const std::size_t done = std::min(sent, part.size());
    part += done;
    sent -= done;
  }
  return rest;
}

}  // namespace

struct HttpListener::State : std::enable_shared_from_this<HttpListener::State> {
  State(env::Loop& l, env::Clocks& c, Budget& b, Handler h, HttpLimits m)
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

  Task<> accept_loop();
  Task<> admit(tcp::socket socket);
  std::size_t make_room();
  Task<> serve(std::shared_ptr<Connection> connection);
  Task<bool> read_some(Connection& connection, std::size_t total);
  Task<bool> read_head(Connection& connection, RequestHead& head);
  bool has_body_already(const Connection& connection, const RequestHead& head,
                        std::size_t& request_bytes) const;
  Task<bool> read_body(Connection& connection, RequestHead& head, std::string& chunked,
                       Charges& charges, std::size_t& request_bytes);
  Task<bool> reserve_chunked(Connection& connection, std::string& body, std::size_t more,
                             Charges& charges);
  bool has_reserved(Connection& connection, std::size_t total) const;
  Task<bool> reserve(Connection& connection, std::size_t total);
  Task<bool> wait_for_memory(Connection& connection, std::size_t total,
                             std::function<bool()> try_take);
  bool has_room_for(std::size_t total) const;
  /// Then connections that only wait for a request have no buffer to receive it in.
  bool is_memory_short() const { return budget.used_bytes() > budget.limit_bytes() / 2; }
  static bool close_unless_unread(Connection& connection, SteadyTime now);
  void close_stalled();
  Task<> let_others() { co_await asio::post(loop.executor(), asio::use_awaitable); }
  std::optional<Rest> send_at_once(Connection& connection, const Reply& reply, bool keep_alive,
                                   bool with_body);
  Task<bool> send_rest(Connection& connection, Rest rest);
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
  std::shared_ptr<ConnectionSlots> slots;
  BufferShelf shelf;
  std::list<const Connection*> line;  ///< Large requests that wait for memory.
  tcp::acceptor acceptor;
  Scope scope;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  DateHeader date;
  bool stopping = false;
  env::Loop::TimerId sweep_timer = 0;
};

void HttpListener::State::enter(Connection& connection, Phase phase) {
  connection.enter(phase, clocks.steady_now());
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
      if (error == asio::error::no_descriptors) make_room();
      co_await env::sleep_until(loop, clocks.steady_now() + kPause, scope.token());
      continue;
    }
    co_await admit(std::move(socket));
  }
}

Task<> HttpListener::State::admit(tcp::socket socket) {
  bool has_slot = slots->try_take();
  if (!has_slot && make_room() > 0) {
    // What was closed gives its place back when its coroutine ends.
    for (int turn = 0; turn < kRoomTurns && !has_slot; ++turn) {
      co_await let_others();
      has_slot = slots->try_take();
    }
  }
  Budget::Share charge = has_slot ? budget.try_take(kConnectionBytes) : Budget::Share();
  for (int turn = 0; turn < kRoomTurns && has_slot && !charge; ++turn) {
    if (turn == 0 && make_room() == 0) break;
    co_await let_others();
    charge = budget.try_take(kConnectionBytes);
  }
  if (!charge) {
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
  auto connection = std::make_shared<Connection>(std::move(socket), shelf, std::move(charge));
  const auto peer = connection->socket.remote_endpoint(ignored);
  if (!ignored) connection->address = peer.address().to_string();
  enter(*connection, Phase::kIdle);
  connections.insert(connection);
  scope.spawn(serve(std::move(connection)));
}

/// False: its peer has sent something, and is not quiet.
bool HttpListener::State::close_unless_unread(Connection& connection, SteadyTime now) {
  if (connection.phase != Phase::kWriting && connection.has_unread()) {
    connection.quiet_since = now;
    return false;
  }
  connection.close();
  return true;
}

/// Closes some of the connections that have been quiet longest, between requests or in the middle
/// of one or of its reply; how many.
std::size_t HttpListener::State::make_room() {
  const SteadyTime now = clocks.steady_now();
  std::vector<Connection*> quiet;
  for (const auto& connection : connections) {
    if (connection->socket.is_open() && connection->is_quiet(now, kQuiet))
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

void HttpListener::State::arm_sweep() {
  const Nanos interval = std::clamp<Nanos>(limits.dormant_after, Millis{1}, kSweepInterval);
  sweep_timer = loop.arm(clocks.steady_now() + interval, [state = weak_from_this()] {
    const auto self = state.lock();
    if (self == nullptr || self->stopping) return;
    self->sweep();
    self->arm_sweep();
  });
}

void HttpListener::State::sweep() {
  const SteadyTime now = clocks.steady_now();
  drop_unused_bodies(now);
  shelf.drop_unused(now);
  for (const auto& connection : connections) {
    const Nanos age = now - connection->phase_since;
    switch (connection->phase) {
      case Phase::kIdle:
        if (age > limits.idle_max) {
          connection->close();
        } else if (age > limits.dormant_after && !connection->is_dormant) {
          connection->is_dormant = true;
          connection->stop_reading();
        }
        break;
      case Phase::kHead:
        if (age > limits.head_read_max) connection->close();
        break;
      case Phase::kBody:
      case Phase::kWriting:
        if (age > limits.request_read_max) connection->close();
        break;
      case Phase::kHandling: break;
    }
  }
}

// --- Reading --------------------------------------------------------------------------------

/// Large requests leave a sixteenth of the memory to small ones.
bool HttpListener::State::has_room_for(std::size_t total) const {
  if (total <= kLargeRequest) return true;
  return budget.used_bytes() + 2 * total <= budget.limit_bytes() / 16 * 15;
}

/// Until `try_take` has it: in line when it is much. False: it is to be refused.
Task<bool> HttpListener::State::wait_for_memory(Connection& connection, std::size_t total,
                                                std::function<bool()> try_take) {
  drop_kept_bodies();
  shelf.clear();
  const bool is_large = total > kLargeRequest;
  const auto place = is_large ? line.insert(line.end(), &connection) : line.end();
  connection.waits_for_memory = true;
  // A small one finds room where connections do nothing with theirs.
  if (!is_large) make_room();
  bool taken = false;
  const SteadyTime give_up = clocks.steady_now() + limits.memory_wait_max;
  for (int pause = 1; !taken && !stopping && clocks.steady_now() < give_up; ++pause) {
    co_await env::sleep_until(loop, clocks.steady_now() + kPause, scope.token());
    if (pause % kPausesToStalled == 0) close_stalled();
    const bool is_first = !is_large || line.front() == &connection;
    taken = is_first && has_room_for(total) && try_take();
  }
  connection.waits_for_memory = false;
  connection.quiet_since = clocks.steady_now();
  if (is_large) line.erase(place);
  co_return taken;
}

/// Memory is wanted: peers that stopped in the middle of a request or reply do not keep theirs.
void HttpListener::State::close_stalled() {
  const SteadyTime now = clocks.steady_now();
  for (const auto& connection : connections) {
    if (connection->phase != Phase::kIdle && connection->is_quiet(now, kStalled))
      close_unless_unread(*connection, now);
  }
}

/// Makes room at once, when there is some and nobody else waits for it.
bool HttpListener::State::has_reserved(Connection& connection, std::size_t total) const {
  ConnectionBuffer& buffer = connection.buffer;
  if (total <= buffer.capacity()) return buffer.reserve(total);
  const bool must_wait = total > kLargeRequest && !line.empty();
  return !must_wait && has_room_for(total) && buffer.reserve(total);
}

Task<bool> HttpListener::State::reserve(Connection& connection, std::size_t total) {
  ConnectionBuffer& buffer = connection.buffer;
  co_return co_await wait_for_memory(connection, total,
                                     [&buffer, total] { return buffer.reserve(total); });
}

/// Reads once, with room for `total` bytes from the buffer's beginning. False: the peer has gone.
Task<bool> HttpListener::State::read_some(Connection& connection, std::size_t total) {
  if (!has_reserved(connection, total) && !co_await reserve(connection, total)) {
    co_await refuse(connection, 503);
    co_return false;
  }
  ConnectionBuffer& buffer = connection.buffer;
  const auto [error, bytes] = co_await connection.socket.async_read_some(
      asio::buffer(buffer.tail(), buffer.room()), kAsTuple);
  if (error == asio::error::operation_aborted && connection.is_dormant && buffer.size() == 0) {
    buffer.consume(0);  // It goes back to the shelf until something comes.
    co_return connection.socket.is_open();
  }
  if (error) co_return false;
  buffer.received(bytes);
  connection.quiet_since = clocks.steady_now();
  co_return true;
}

Task<bool> HttpListener::State::read_head(Connection& connection, RequestHead& head) {
  ConnectionBuffer& buffer = connection.buffer;
  while (true) {
    // Empty lines before a request are tolerated (RFC 9112 section 2.2).
    while (buffer.size() >= 2 && buffer.data()[0] == '\r' && buffer.data()[1] == '\n')
      buffer.consume(2);
    if (buffer.size() > 0) {
      switch (parse_head(buffer.data(), buffer.size(), limits.head_bytes_max, head)) {
        case ParseState::kDone: co_return true;
        case ParseState::kTooLarge: co_await refuse(connection, 431); co_return false;
        case ParseState::kBad: co_await refuse(connection, 400); co_return false;
        case ParseState::kNeedMore:
          if (connection.phase == Phase::kIdle) enter(connection, Phase::kHead);
          break;
      }
    } else if (connection.is_dormant || is_memory_short() ||
               !has_reserved(connection, kReadAtLeast)) {
      const auto [error] = co_await connection.socket.async_wait(tcp::socket::wait_read, kAsTuple);
      const bool was_told = error == asio::error::operation_aborted && connection.is_dormant;
      if (was_told && connection.socket.is_open()) continue;  // It has no buffer already.
      if (error) co_return false;
      connection.is_dormant = false;
    }
    if (!co_await read_some(connection, buffer.size() + kReadAtLeast)) co_return false;
  }
}

/// Of a small request everything comes at once.
bool HttpListener::State::has_body_already(const Connection& connection, const RequestHead& head,
                                           std::size_t& request_bytes) const {
  if (head.chunked) return false;
  const std::size_t body_bytes = static_cast<std::size_t>(head.content_length.value_or(0));
  if (body_bytes > limits.body_bytes_max(head)) return false;  // To be refused.
  request_bytes = head.head_bytes + body_bytes;
  return connection.buffer.size() >= request_bytes;
}

Task<bool> HttpListener::State::read_body(Connection& connection, RequestHead& head,
                                          std::string& chunked, Charges& charges,
                                          std::size_t& request_bytes) {
  ConnectionBuffer& buffer = connection.buffer;
  const std::size_t body_max = limits.body_bytes_max(head);
  request_bytes = head.head_bytes;
  if (head.content_length.value_or(0) > body_max) {
    co_await refuse(connection, 413);
    co_return false;
  }
  enter(connection, Phase::kBody);
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
    if (!shelf.fits_ever(request_bytes + ConnectionBuffer::kSpare)) {
      co_await refuse(connection, 413);
      co_return false;
    }
    while (buffer.size() < request_bytes) {
      const char* before = buffer.data();
      // Whoever only announces a large body gets no memory for it.
      const std::size_t proof = head.head_bytes + kBodyProof;
      const bool is_proven = buffer.size() >= proof;
      const std::size_t wanted = is_proven ? request_bytes : std::min(request_bytes, proof);
      if (!co_await read_some(connection, wanted)) co_return false;
      rebase(head, before, buffer.data());
    }
    co_return true;
  }
  ChunkedBody body(body_max);
  while (true) {
    const std::string_view rest(buffer.data() + head.head_bytes, buffer.size() - head.head_bytes);
    if (!co_await reserve_chunked(connection, body.body(), rest.size(), charges)) {
      // Whoever is refused holds nothing while it is told.
      std::string().swap(body.body());
      charges.clear();
      buffer.consume(buffer.size());
      co_await refuse(connection, 503);
      co_return false;
    }
    std::size_t consumed = 0;
    const auto state = body.feed(rest, consumed);
    // The head stays, for its views; what is behind it is decoded.
    buffer.drop(head.head_bytes, consumed);
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
  co_return true;
}

/// Room in a decoded body for so many bytes more, charged at twice its size as a buffer is.
Task<bool> HttpListener::State::reserve_chunked(Connection& connection, std::string& body,
                                                std::size_t more, Charges& charges) {
  const std::size_t needed = body.size() + more + ConnectionBuffer::kSpare;
  if (needed <= body.capacity()) co_return true;
  const std::size_t step = std::clamp(body.capacity(), kReadAtLeast, kChunkedStep);
  const std::size_t capacity = std::max(needed, body.capacity() + step);
  std::size_t charged = 0;
  for (const Budget::Share& share : charges) charged += share.bytes();
  const auto grow = [&] {
    Budget::Share rest = budget.try_take(2 * capacity - charged);
    if (!rest) return false;
    charges.push_back(std::move(rest));
    body.reserve(capacity);
    return true;
  };
  const bool must_wait = capacity > kLargeRequest && !line.empty();
  if (!must_wait && has_room_for(capacity) && grow()) co_return true;
  co_return co_await wait_for_memory(connection, capacity, grow);
}

// --- Writing --------------------------------------------------------------------------------

/// Sends what the socket takes at once: of small replies that is all. What is left; nothing when
/// the peer has gone.
std::optional<Rest> HttpListener::State::send_at_once(Connection& connection, const Reply& reply,
                                                      bool keep_alive, bool with_body) {
  enter(connection, Phase::kWriting);
  connection.head_out.clear();
  write_head(connection.head_out, reply, date.text(clocks.wall_now()), keep_alive);
  // Head and body in one send: in two, the second waits for the peer's delayed acknowledgement.
  Rest rest{asio::buffer(connection.head_out),
            with_body ? asio::buffer(reply.body) : asio::const_buffer{}};
  boost::system::error_code error;
  const std::size_t sent = connection.socket.write_some(rest, error);
  if (error && error != asio::error::would_block) return std::nullopt;
  return behind(rest, sent);
}

/// As the peer takes it. False: it has gone.
Task<bool> HttpListener::State::send_rest(Connection& connection, Rest rest) {
  while (asio::buffer_size(rest) != 0) {
    connection.look_at_unsent(clocks.steady_now());
    const auto [error, sent] = co_await connection.socket.async_write_some(rest, kAsTuple);
    if (error) co_return false;
    connection.quiet_since = clocks.steady_now();
    rest = behind(rest, sent);
  }
  co_return true;
}

/// Answers a request that cannot be read to its end, and gives the peer time to see the answer:
/// closing with unread bytes would reset the connection under it.
Task<> HttpListener::State::refuse(Connection& connection, int status) {
  // SDKs send again after a 503, whatever its body.
  Reply reply;
  if (status == 503) {
    reply = typed_error(Protocol::kJson11, status, "ServiceUnavailable",
                        "the memory for requests is spent; try again");
  }
  reply.status = status;
  const auto rest = send_at_once(connection, reply, false, true);
  if (!rest) co_return;
  if (asio::buffer_size(*rest) != 0 && !co_await send_rest(connection, *rest)) co_return;
  co_await drain(connection);
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
    connection.quiet_since = clocks.steady_now();
    drained += bytes;
  }
}

// --- One connection ---------------------------------------------------------------------------

Task<> HttpListener::State::serve(std::shared_ptr<Connection> connection) {
  const auto self = shared_from_this();
  RequestHead head;
  enter(*connection, Phase::kIdle);
  // Since the reply was sent: nothing has changed the time when that was done at once.
  for (; !stopping; connection->phase = Phase::kIdle) {
    std::size_t request_bytes = 0;
    std::string chunked;
    Charges charges;  // For `chunked`.
    if (!co_await read_head(*connection, head)) break;
    if (!has_body_already(*connection, head, request_bytes) &&
        !co_await read_body(*connection, head, chunked, charges, request_bytes)) {
      break;
    }
    const bool is_slow = request_bytes + chunked.size() > kSlowRequest;
    if (is_slow) co_await let_others();

    Request request;
    request.method = head.method;
    request.path = head.path;
    request.query = head.query;
    request.headers.swap(head.headers);
    request.body = head.chunked ? std::string_view(chunked)
                                : std::string_view(connection->buffer.data() + head.head_bytes,
                                                   request_bytes - head.head_bytes);
    request.caller.peer = connection->address;
    request.host = request.header("host");
    request.peer = connection.get();
    request.runs_on = &loop.executor();
    enter(*connection, Phase::kHandling);
    Reply reply = co_await handler(request);
    ++connection->request;
    connection->end_watch();
    if (is_slow) co_await let_others();
    const bool keep_alive = head.keep_alive && !stopping;
    const bool with_body = request.method != "HEAD";
    // Before the reply is sent: whoever reads it slowly holds nothing else.
    connection->buffer.consume(request_bytes);
    const auto rest = send_at_once(*connection, reply, keep_alive, with_body);
    if (!rest) break;
    if (asio::buffer_size(*rest) != 0) {
      if (!reply.charge) reply.charge = budget.take(reply.body.capacity());
      if (!co_await send_rest(*connection, *rest)) break;
      enter(*connection, Phase::kWriting);  // Its time begins anew.
    }
    if (!keep_alive) break;
    keep_body(std::move(reply.body), connection->phase_since, budget);
    // Whoever has sent the next request already waits for the others' turn; and of the others it
    // has often come when this one's turn comes, so that the first look at the socket finds it.
    co_await let_others();
  }
  connection->close();
  connections.erase(connection);
  slots->give_back();
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
  state->shelf.clear();
  drop_kept_bodies();  // They are charged to a budget that may go now.
}

std::size_t HttpListener::connections() const { return state_->connections.size(); }

}  // namespace penstock::front
