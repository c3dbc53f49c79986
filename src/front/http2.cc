#include "front/http2.h"

#include "env/clocks.h"
#include "front/reply_bodies.h"

#include <boost/asio/error.hpp>
#include <nghttp2/nghttp2.h>

#include <vector>

namespace penstock::front {

namespace asio = boost::asio;

namespace {

/// A buffer of 16 KiB, and of 64 KiB for who sends so much.
constexpr std::size_t kReadBytes = (16u << 10) - ConnectionBuffer::kSpare;
constexpr std::size_t kReadBytesMax = (64u << 10) - ConnectionBuffer::kSpare;
/// What nghttp2 and its two tables of headers take.
constexpr std::size_t kSessionBytes = 24u << 10;
/// What a request is charged while it is in hand, beside its body.
constexpr std::size_t kStreamBytes = 4u << 10;
/// Requests from here on let others have a turn before they are handled.
constexpr std::size_t kSlowRequest = 256u << 10;

}  // namespace

Http2::Http2(Listener& listener, std::shared_ptr<Connection> connection)
    : listener_(listener),
      connection_(std::move(connection)),
      session_(*this, {.head_bytes_max = listener.limits.head_bytes_max,
                       .body_bytes_max = listener.limits.body_bytes_max}),
      scope_(listener.loop.executor()),
      charge_(listener.budget.take(kSessionBytes)),
      read_bytes_(kReadBytes) {}

Task<> Http2::serve() {
  connection_->streams = this;
  listener_.enter(*connection_, Phase::kIdle);
  const auto stopped = listener_.scope.token().on_cancel([this] {
    scope_.cancel();
    begin_end();
  });
  scope_.spawn(write());
  co_await read();
  has_ended_ = true;
  connection_->close();
  for (const auto& [id, stream] : session_.streams()) stream->close();
  wake();
  co_await scope_.join();
  connection_->streams = nullptr;
}

// --- Reading ----------------------------------------------------------------------------------

Task<> Http2::read() {
  ConnectionBuffer& buffer = connection_->buffer;
  while (true) {
    if (buffer.size() != 0) {
      const std::size_t bytes = buffer.size();
      const bool goes_on = co_await take({buffer.data(), bytes});
      buffer.consume(bytes);
      wake();
      if (!goes_on) break;
    }
    if (!co_await read_some()) co_return;
  }
  // What it says at last goes out, and the writer closes.
  connection_->enter(Phase::kWriting, listener_.clocks.steady_now());
  while (co_await read_some()) buffer.consume(buffer.size());
}

/// Reads once. False: the peer has gone, or the writer has closed.
Task<bool> Http2::read_some() {
  ConnectionBuffer& buffer = connection_->buffer;
  Transport& transport = connection_->transport;
  while (true) {
    if (connection_->is_dormant || listener_.is_memory_short() ||
        !listener_.has_reserved(buffer, read_bytes_)) {
      read_bytes_ = kReadBytes;
      buffer.consume(0);
      const auto [error] = co_await transport.wait_readable();
      const bool was_told = error == asio::error::operation_aborted && connection_->is_dormant;
      if (was_told && transport.is_open()) continue;
      if (error) co_return false;
      connection_->is_dormant = false;
      if (!listener_.has_reserved(buffer, kReadBytes) &&
          !co_await listener_.wait_for_memory(kReadBytes,
                                              [&buffer] { return buffer.reserve(kReadBytes); })) {
        co_return false;
      }
    }
    const auto [error, bytes] =
        co_await transport.read_some(asio::buffer(buffer.tail(), buffer.room()));
    if (error == asio::error::operation_aborted && connection_->is_dormant && transport.is_open())
      continue;
    if (error) co_return false;
    buffer.received(bytes);
    read_bytes_ = buffer.room() == 0 ? kReadBytesMax : kReadBytes;
    connection_->quiet_since = listener_.clocks.steady_now();
    if (connection_->phase == Phase::kIdle) connection_->phase_since = connection_->quiet_since;
    co_return true;
  }
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
    const bool has_room = co_await listener_.wait_for_memory(
        total, [stream, total] { return stream->is_closed || stream->body.reserve(total); });
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
  return listener_.has_reserved(body, total);
}

bool Http2::fits_ever(std::size_t total) const {
  return listener_.shelf.fits_ever(total + ConnectionBuffer::kSpare);
}

void Http2::wait_for_room(std::shared_ptr<Http2Stream> stream, std::size_t total) {
  scope_.spawn(find_room(std::move(stream), total));
}

Task<> Http2::find_room(std::shared_ptr<Http2Stream> stream, std::size_t total) {
  const bool has_room = co_await listener_.wait_for_memory(
      total, [stream, total] { return stream->is_closed || stream->body.reserve(total); });
  if (has_ended_ || stream->is_closed || stream->is_ignored) co_return;
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
  while (!has_ended_) {
    if (!session_.fill(output_)) break;
    note_idle();
    if (!output_.is_empty()) {
      if (!co_await send()) break;
      continue;
    }
    if (session_.is_over()) break;
    writer_waits_ = true;
    co_await writer_.wait();
  }
  output_.clear();
  connection_->close();  // The reader hears of it.
}

Task<bool> Http2::send() {
  boost::system::error_code failed;
  std::size_t sent = connection_->transport.write_now(output_.pieces(), failed);
  if (failed) co_return false;
  output_.taken(sent);
  if (sent != 0 || output_.is_empty()) co_return true;
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

void Http2::drop_stalled(SteadyTime now, Nanos span) {
  if (is_blocked_) {
    connection_->look_at_unsent(now);
    if (now - connection_->quiet_since > span) connection_->close();
    return;  // The streams behind a full socket move when it does.
  }
  if (connection_->has_unread()) return;  // It is us who are slow.
  for (const auto& [id, stream] : session_.streams()) stream->look_at_progress(now);
  reset_those([now, span](const Http2Stream& stream) {
    return stream.waits_for_peer() && now - stream.quiet_since > span;
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
