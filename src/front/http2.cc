#include "front/http2.h"

#include "env/clocks.h"
#include "front/reply_bodies.h"

#include <boost/asio/error.hpp>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock::front {

namespace asio = boost::asio;

namespace {

/// What is read at once: of a peer that sends more than that, more.
constexpr std::size_t kReadBytes = (32u << 10) - ConnectionBuffer::kSpare;
constexpr std::size_t kLargeReadBytes = (128u << 10) - ConnectionBuffer::kSpare;
constexpr std::size_t kSpareBytes = 2u << 10;
/// What a request is charged while it is in hand, beside its body,
constexpr std::size_t kStreamBytes = 4u << 10;
/// of which its head may take so much.
constexpr std::size_t kHeadBytes = 2u << 10;
/// Then the other connections have a turn.
constexpr int kSendsInTurn = 4;

}  // namespace

Http2::Http2(Listener& listener, std::shared_ptr<Connection> connection)
    : listener_(listener),
      connection_(std::move(connection)),
      session_(*this, {.head_bytes_max = listener.limits.head_bytes_max,
                       .body_bytes_max = listener.limits.body_bytes_max}),
      scope_(listener.loop.executor()) {}

Task<> Http2::serve() {
  connection_->streams = this;
  listener_.enter(*connection_, Phase::kIdle);
  const auto stopped = listener_.scope.token().on_cancel([this] {
    scope_.cancel();
    begin_end();
  });
  charge_ = co_await listener_.charge(HttpListener::kHttp2Bytes);
  if (!charge_) begin_end();
  scope_.spawn(write());
  co_await read();
  has_ended_ = true;
  listener_.loop.disarm(linger_);
  connection_->close();
  for (const auto& [id, stream] : session_.streams()) stream->close();
  wake();
  co_await scope_.join();
  connection_->streams = nullptr;
}

// --- Reading ----------------------------------------------------------------------------------

Task<> Http2::read() {
  ConnectionBuffer& buffer = connection_->buffer;
  std::string_view bytes(buffer.data(), buffer.size());  // What HTTP/1.1 took for a request.
  while (true) {
    if (!is_deaf_ && !bytes.empty() && !co_await take(bytes)) {
      is_deaf_ = true;
      connection_->enter(Phase::kWriting, listener_.clocks.steady_now());
    }
    buffer.consume(buffer.size());
    wake();
    bytes = co_await read_some();
    if (bytes.empty()) co_return;
  }
}

/// Reads once, with or without memory for it. Nothing: the peer has gone, or the writer has closed.
Task<std::string_view> Http2::read_some() {
  ConnectionBuffer& buffer = connection_->buffer;
  Transport& transport = connection_->transport;
  while (true) {
    if (connection_->is_dormant || listener_.is_memory_short()) {
      buffer.consume(0);
      const auto [error] = co_await transport.wait_readable();
      const bool was_told = error == asio::error::operation_aborted && connection_->is_dormant;
      if (was_told && transport.is_open()) continue;
      if (error) co_return std::string_view();
      connection_->is_dormant = false;
    }
    const bool has_buffer = (reads_much_ && buffer.reserve(kLargeReadBytes)) ||
                            listener_.has_reserved(buffer, kReadBytes);
    const auto into = has_buffer ? asio::buffer(buffer.tail(), buffer.room()) : spare();
    const auto [error, count] = co_await transport.read_some(into);
    if (error == asio::error::operation_aborted && connection_->is_dormant && transport.is_open())
      continue;
    if (error) co_return std::string_view();
    if (has_buffer) buffer.received(count);
    reads_much_ = count >= kReadBytes;
    connection_->quiet_since = listener_.clocks.steady_now();
    if (connection_->phase == Phase::kIdle) connection_->phase_since = connection_->quiet_since;
    co_return std::string_view(static_cast<const char*>(into.data()), count);
  }
}

asio::mutable_buffer Http2::spare() {
  if (spare_ == nullptr) spare_ = std::make_unique_for_overwrite<char[]>(kSpareBytes);
  return asio::buffer(spare_.get(), kSpareBytes);
}

/// False: the session is to end.
Task<bool> Http2::take(std::string_view bytes) {
  while (true) {
    std::size_t consumed = 0;
    if (!session_.receive(bytes, consumed)) co_return false;
    bytes.remove_prefix(consumed);
    if (session_.paused() == nullptr) co_return true;
    wake();  // What was made of the others' bytes.
    const auto stream = session_.paused()->shared_from_this();
    const std::size_t total = session_.paused_total();
    bool has_room = false;
    // Those behind one that has waited in vain are refused at once: nothing is read meanwhile.
    if (!has_no_memory_) {
      connection_->waits_for_memory = true;
      has_room = co_await listener_.wait_for_memory(
          total, [this, stream] { return !stream->is_closed && connection_->transport.is_open(); },
          [stream, total] { return stream->body.reserve(total); });
      connection_->waits_for_memory = false;
      connection_->quiet_since = listener_.clocks.steady_now();
      has_no_memory_ = !has_room;
    }
    if (session_.paused() != nullptr) session_.resume(has_room);
  }
}

std::shared_ptr<Http2Stream> Http2::make_stream(std::int32_t id) {
  if (handled_ >= Http2Session::kStreamsMax || listener_.stopping) return nullptr;
  Budget::Share charge = listener_.budget.try_take(kStreamBytes);
  if (!charge) return nullptr;
  auto stream = std::make_shared<Http2Stream>(id, listener_.loop.executor(), listener_.shelf,
                                              std::move(charge));
  stream->since = stream->quiet_since = listener_.clocks.steady_now();
  if (connection_->phase == Phase::kIdle) listener_.enter(*connection_, Phase::kHandling);
  return stream;
}

bool Http2::has_reserved(ConnectionBuffer& body, std::size_t total) {
  const bool has_room = listener_.has_reserved(body, total);
  if (has_room) has_no_memory_ = false;
  return has_room;
}

bool Http2::fits_ever(std::size_t total) const {
  return listener_.shelf.fits_ever(total + ConnectionBuffer::kSpare);
}

bool Http2::has_charged_head(Http2Stream& stream) {
  const std::size_t bytes = stream.head_held_bytes();
  if (bytes <= kHeadBytes) return true;
  stream.head_charge = listener_.budget.try_take(bytes - kHeadBytes);
  return static_cast<bool>(stream.head_charge);
}

void Http2::wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) {
  scope_.spawn(find_room(std::move(stream), total));
}

Task<> Http2::find_room(std::shared_ptr<Http2Stream> stream, std::size_t total) {
  const auto is_wanted = [this, stream] {
    return !has_ended_ && !stream->is_closed && !stream->is_complete && !stream->is_ignored;
  };
  const bool has_room = co_await listener_.wait_for_memory(
      total, is_wanted, [stream, total] { return stream->body.reserve(total); });
  if (!is_wanted()) co_return;
  if (has_room) {
    session_.grant(*stream, total);
  } else {
    session_.refuse(*stream, 503);
  }
  wake();
}

std::string_view Http2::date() { return listener_.date.text(listener_.clocks.wall_now()); }

// --- Handling -----------------------------------------------------------------------------------

void Http2::serve(std::shared_ptr<Http2Stream> stream) {
  ++handled_;
  scope_.spawn(handle(std::move(stream)));
}

Task<> Http2::handle(std::shared_ptr<Http2Stream> stream) {
  if (stream->body.size() > kSlowRequest) co_await listener_.let_others();
  if (stream->is_closed) {
    --handled_;
    co_return note_idle();
  }
  Request& request = stream->request;
  request.caller.peer = connection_->address;
  request.runs_on = &listener_.loop.executor();
  Reply reply = co_await listener_.handler(request);
  --handled_;
  stream->body.consume(stream->body.size());
  if (stream->is_closed || has_ended_) co_return note_idle();
  stream->since = listener_.clocks.steady_now();
  if (!reply.charge && !reply.body.empty())
    reply.charge = listener_.budget.take(reply.body.capacity());
  auto pieces = std::move(reply.stream);
  const bool in_pieces = pieces != nullptr;
  session_.answer(*stream, std::move(reply), in_pieces, date());
  wake();
  if (in_pieces && request.method != "HEAD")
    co_await send_pieces(std::move(stream), std::move(pieces));
}

Task<> Http2::send_pieces(std::shared_ptr<Http2Stream> stream, std::unique_ptr<BodyStream> pieces) {
  const auto gone = std::make_shared<CancelSource>();
  const auto stopped = scope_.token().on_cancel([gone] { gone->cancel(); });
  stream->when_closed(gone, stream->loop);
  for (bool is_last = false;;) {
    while (!stream->is_taken) co_await stream->taken.wait({});
    if (stream->is_closed || is_last) break;
    std::string piece = co_await pieces->next(gone->token());
    is_last = gone->cancelled();
    if (stream->is_closed || piece.empty()) break;
    stream->since = listener_.clocks.steady_now();
    stream->reply.charge = listener_.budget.take(piece.capacity());
    session_.give(*stream, std::move(piece));
    wake();
  }
  if (stream->is_closed) co_return;
  session_.give(*stream, {});
  wake();
}

// --- Writing ----------------------------------------------------------------------------------

void Http2::wake() {
  if (std::exchange(writer_waits_, false)) writer_.release();
}

Task<> Http2::write() {
  for (int sends = 0; !has_ended_;) {
    if (!session_.fill(output_)) break;
    note_idle();
    if (!output_.is_empty()) {
      if (!co_await send()) break;
      // Whoever takes everything as fast as we write would keep the loop to itself.
      if (++sends % kSendsInTurn == 0) co_await listener_.let_others();
      continue;
    }
    if (session_.is_over()) co_return linger();
    writer_waits_ = true;
    co_await writer_.wait();
  }
  output_.clear();
  connection_->close();  // The reader hears of it.
}

/// All is said. What its peer still sends is read for a while: closing with unread bytes would
/// reset the connection before the peer has taken what was said last.
void Http2::linger() {
  const SteadyTime now = listener_.clocks.steady_now();
  is_deaf_ = true;
  connection_->enter(Phase::kWriting, now);
  connection_->transport.end_sending();
  linger_ = listener_.loop.arm(now + listener_.limits.linger_max,
                               [connection = std::weak_ptr(connection_)] {
                                 if (const auto there = connection.lock()) there->close();
                               });
}

Task<bool> Http2::send() {
  boost::system::error_code failed;
  std::size_t sent = connection_->transport.write_now(output_.pieces(), failed);
  if (failed) co_return false;
  output_.taken(sent);
  if (sent != 0 || output_.is_empty()) {
    connection_->quiet_since = listener_.clocks.steady_now();
    co_return true;
  }
  is_blocked_ = true;
  connection_->look_at_unsent(blocked_since_ = listener_.clocks.steady_now());
  const auto [error, taken] = co_await connection_->transport.write_some(output_.pieces());
  is_blocked_ = false;
  if (error) co_return false;
  connection_->quiet_since = listener_.clocks.steady_now();
  output_.taken(taken);
  co_return true;
}

/// Without a request in hand the connection is idle, as one of HTTP/1.1 is between two.
void Http2::note_idle() {
  const bool is_idle = session_.streams().empty() && handled_ == 0 && output_.is_empty();
  if (is_idle && connection_->phase == Phase::kHandling)
    listener_.enter(*connection_, Phase::kIdle);
}

// --- Time -------------------------------------------------------------------------------------

void Http2::look_at_time(SteadyTime now) {
  session_.forgive();
  if (is_blocked_ && now - blocked_since_ > listener_.limits.request_read_max)
    return connection_->close();
  reset_those([this, now](const Http2Stream& stream) {
    return stream.waits_for_peer() && now - stream.since > listener_.limits.request_read_max;
  });
}

bool Http2::waits_only_for_peer() const {
  const auto& streams = session_.streams();
  return handled_ == 0 && std::all_of(streams.begin(), streams.end(),
                                      [](const auto& one) { return one.second->waits_for_peer(); });
}

void Http2::drop_stalled(SteadyTime now, Nanos span) {
  if (connection_->waits_for_memory) {  // It is us: nothing is read meanwhile.
    for (const auto& [id, stream] : session_.streams()) stream->quiet_since = now;
    return;
  }
  if (is_blocked_) {
    connection_->look_at_unsent(now);
    if (now - connection_->quiet_since > span) connection_->close();
    return;  // The streams behind a full socket move when it does.
  }
  if (connection_->has_unread()) return;  // It is us who are slow.
  for (const auto& [id, stream] : session_.streams()) stream->look_at_progress(now);
  if (std::exchange(seen_reply_bytes_, session_.reply_bytes()) != session_.reply_bytes())
    replies_since_ = now;
  const bool replies_move = now - replies_since_ <= span;
  reset_those([this, now, span, replies_move](const Http2Stream& stream) {
    // A reply that has had no turn while the peer took others' bytes is not its peer's fault.
    const bool waits_for_turn = stream.is_answered && replies_move && session_.is_wanted(stream);
    return stream.waits_for_peer() && !waits_for_turn && now - stream.quiet_since > span;
  });
}

void Http2::reset_those(const std::function<bool(const Http2Stream&)>& is_meant) {
  std::vector<std::shared_ptr<Http2Stream>> meant;
  for (const auto& [id, stream] : session_.streams()) {
    if (is_meant(*stream)) meant.push_back(stream);
  }
  for (const auto& stream : meant) session_.reset(*stream, NGHTTP2_CANCEL);
  if (!meant.empty()) wake();
}

void Http2::begin_end() {
  session_.begin_end();
  // So that it is not closed before it has said so.
  if (connection_->phase == Phase::kIdle) listener_.enter(*connection_, Phase::kWriting);
  wake();
}

}  // namespace penstock::front
