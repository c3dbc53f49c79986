#include "front/http1.h"

#include "env/clocks.h"
#include "front/error_reply.h"
#include "front/reply_bodies.h"

#include <algorithm>
#include <memory>

namespace penstock::front {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kEndOfChunk = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

Task<Http1::Ended> Http1::serve() {
  listener_.enter(connection_, Phase::kIdle);
  // Since the reply was sent: nothing has changed the time when that was done at once.
  for (; !listener_.stopping; connection_.phase = Phase::kIdle) {
    if (!co_await read_head()) break;
    if (!has_body_already() && !co_await read_body()) break;
    const bool is_slow = request_bytes_ + chunked_.size() > kSlowRequest;
    if (is_slow) co_await listener_.let_others();

    Request request;
    fill(request);
    listener_.enter(connection_, Phase::kHandling);
    Reply reply = co_await listener_.handler(request);
    connection_.end_request();
    if (is_slow) co_await listener_.let_others();
    // A body without an end of its own ends with the connection.
    const bool ends_itself = reply.stream == nullptr || head_.takes_chunks;
    const bool keep_alive = head_.keep_alive && !listener_.stopping && ends_itself;
    const bool with_body = request.method != "HEAD";
    // Before the reply is sent: whoever reads it slowly holds nothing else.
    connection_.buffer.consume(request_bytes_);
    if (head_.chunked) {
      std::string().swap(chunked_);
      charges_.clear();
    }
    const auto rest = send_at_once(
        reply, {.keep_alive = keep_alive, .with_body = with_body, .length = length_of(reply)});
    if (!rest) break;
    if (asio::buffer_size(*rest) != 0) {
      if (!reply.charge) reply.charge = listener_.budget.take(reply.body.capacity());
      if (!co_await send_rest(*rest)) break;
      listener_.enter(connection_, Phase::kWriting);  // Its time begins anew.
    }
    if (reply.stream != nullptr && with_body && !co_await send_stream(*reply.stream)) break;
    if (!keep_alive) break;
    keep_body(std::move(reply.body), connection_.phase_since, listener_.budget);
    // Whoever has sent the next request already waits for the others' turn; and of the others it
    // has often come when this one's turn comes, so that the first look at the socket finds it.
    co_await listener_.let_others();
  }
  co_return becomes_http2_ ? Ended::kBecomesHttp2 : Ended::kForGood;
}

void Http1::fill(Request& request) {
  request.method = head_.method;
  request.path = head_.path;
  request.query = head_.query;
  request.headers.swap(head_.headers);
  request.body = head_.chunked ? std::string_view(chunked_)
                               : std::string_view(connection_.buffer.data() + head_.head_bytes,
                                                  request_bytes_ - head_.head_bytes);
  request.caller.peer = connection_.address;
  request.host = request.header("host");
  request.peer = &connection_;
  request.runs_on = &listener_.loop.executor();
}

// --- Replies ----------------------------------------------------------------------------------

Http1::Rest Http1::behind(Rest rest, std::size_t sent) {
  for (asio::const_buffer& part : rest) {
    const std::size_t done = std::min(sent, part.size());
    part += done;
    sent -= done;
  }
  return rest;
}

BodyLength Http1::length_of(const Reply& reply) const {
  if (reply.stream == nullptr) return BodyLength::kKnown;
  return head_.takes_chunks ? BodyLength::kChunks : BodyLength::kUntilClose;
}

/// Sends what the socket takes at once: of small replies that is all. What is left; nothing when
/// the peer has gone.
std::optional<Http1::Rest> Http1::send_at_once(const Reply& reply, Form form) {
  listener_.enter(connection_, Phase::kWriting);
  std::string& head = connection_.head_out;
  head.clear();
  write_head(head, reply, listener_.date.text(listener_.clocks.wall_now()), form.keep_alive,
             form.length);
  const bool is_chunk = form.with_body && form.length == BodyLength::kChunks && !reply.body.empty();
  if (is_chunk) write_chunk_size(head, reply.body.size());
  // Head and body in one send: in two, the second waits for the peer's delayed acknowledgement.
  const Rest rest{asio::buffer(head),
                  form.with_body ? asio::buffer(reply.body) : asio::const_buffer{},
                  is_chunk ? asio::buffer(kEndOfChunk) : asio::const_buffer{}};
  boost::system::error_code error;
  const std::size_t sent = connection_.transport.write_now(rest, error);
  if (error) return std::nullopt;
  return behind(rest, sent);
}

/// As the peer takes it. False: it has gone.
Task<bool> Http1::send_rest(Rest rest) {
  while (asio::buffer_size(rest) != 0) {
    connection_.look_at_unsent(listener_.clocks.steady_now());
    const auto [error, sent] = co_await connection_.transport.write_some(rest);
    if (error) co_return false;
    connection_.quiet_since = listener_.clocks.steady_now();
    rest = behind(rest, sent);
  }
  co_return true;
}

/// Answers a request that cannot be read to its end, and gives the peer time to see the answer:
/// closing with unread bytes would reset the connection under it.
Task<> Http1::refuse(int status) {
  // SDKs send again after a 503, whatever its body.
  Reply reply;
  if (status == 503) reply = out_of_memory();
  reply.status = status;
  // As recorded on AWS: a body in chunks, without any.
  const bool in_chunks = status == 413 && head_.takes_chunks;
  auto rest = send_at_once(reply, {.keep_alive = false,
                                   .with_body = true,
                                   .length = in_chunks ? BodyLength::kChunks : BodyLength::kKnown});
  if (!rest) co_return;
  if (in_chunks) rest->back() = asio::buffer(kLastChunk);
  if (asio::buffer_size(*rest) != 0 && !co_await send_rest(*rest)) co_return;
  co_await drain();
}

Task<> Http1::drain() {
  connection_.transport.end_sending();
  constexpr std::size_t kDrainMax = 64u << 20;
  char sink[16u << 10];
  for (std::size_t drained = 0; drained < kDrainMax;) {
    const auto [error, bytes] = co_await connection_.transport.read_some(asio::buffer(sink));
    if (error) co_return;
    connection_.quiet_since = listener_.clocks.steady_now();
    drained += bytes;
  }
}

// --- Bodies that are made while they are sent -----------------------------------------------

/// False: the connection has ended.
Task<bool> Http1::send_stream(BodyStream& stream) {
  const auto gone = std::make_shared<CancelSource>();
  const auto stopped = listener_.scope.token().on_cancel([gone] { gone->cancel(); });
  connection_.begin_watch(connection_.request, gone, listener_.loop.executor());
  for (bool is_last = false; !is_last;) {
    listener_.enter(connection_, Phase::kStreaming);
    const std::string piece = co_await stream.next(gone->token());
    if (piece.empty()) break;
    is_last = gone->cancelled();
    if (!co_await send_piece(piece)) co_return false;
  }
  connection_.end_request();
  if (!head_.takes_chunks) co_return true;
  listener_.enter(connection_, Phase::kWriting);
  co_return co_await send_rest({asio::buffer(kLastChunk)});
}

Task<bool> Http1::send_piece(const std::string& piece) {
  listener_.enter(connection_, Phase::kWriting);
  std::string& size = connection_.head_out;
  size.clear();
  Rest rest{asio::const_buffer{}, asio::buffer(piece), asio::const_buffer{}};
  if (head_.takes_chunks) {
    write_chunk_size(size, piece.size());
    rest.front() = asio::buffer(size);
    rest.back() = asio::buffer(kEndOfChunk);
  }
  boost::system::error_code error;
  const std::size_t sent = connection_.transport.write_now(rest, error);
  if (error) co_return false;
  rest = behind(rest, sent);
  if (asio::buffer_size(rest) == 0) co_return true;
  const Budget::Share charge = listener_.budget.take(piece.capacity());
  co_return co_await send_rest(rest);
}

}  // namespace penstock::front
