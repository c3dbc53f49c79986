#include "env/clocks.h"
#include "front/http1.h"

#include <boost/asio/error.hpp>

#include <algorithm>

namespace penstock::front {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadAtLeast = 4u << 10;
/// A chunked body grows by as much as it has, and by this much at most.
constexpr std::size_t kChunkedStep = 1u << 20;

}  // namespace

Task<bool> Http1::reserve(std::size_t total, std::function<bool()> try_take) {
  connection_.waits_for_memory = true;
  const bool taken = co_await listener_.wait_for_memory(
      total, [this] { return connection_.transport.is_open(); }, std::move(try_take));
  connection_.waits_for_memory = false;
  connection_.quiet_since = listener_.clocks.steady_now();
  co_return taken;
}

/// Reads once, with room for `total` bytes from the buffer's beginning. False: the peer has gone.
Task<bool> Http1::read_some(std::size_t total) {
  ConnectionBuffer& buffer = connection_.buffer;
  if (!listener_.has_reserved(buffer, total) &&
      !co_await reserve(total, [&buffer, total] { return buffer.reserve(total); })) {
    co_await refuse(503);
    co_return false;
  }
  const auto [error, bytes] =
      co_await connection_.transport.read_some(asio::buffer(buffer.tail(), buffer.room()));
  if (error == asio::error::operation_aborted && connection_.is_dormant && buffer.size() == 0) {
    buffer.consume(0);  // It goes back to the shelf until something comes.
    co_return connection_.transport.is_open();
  }
  if (error) co_return false;
  buffer.received(bytes);
  connection_.quiet_since = listener_.clocks.steady_now();
  co_return true;
}

Task<bool> Http1::read_head() {
  ConnectionBuffer& buffer = connection_.buffer;
  while (true) {
    // Empty lines before a request are tolerated (RFC 9112 section 2.2).
    while (buffer.size() >= 2 && buffer.data()[0] == '\r' && buffer.data()[1] == '\n')
      buffer.consume(2);
    if (buffer.size() > 0) {
      switch (parse_head(buffer.data(), buffer.size(), listener_.limits.head_bytes_max, head_)) {
        case ParseState::kDone: co_return true;
        case ParseState::kTooLarge: co_await refuse(431); co_return false;
        case ParseState::kBad:
          becomes_http2_ = is_http2_preface();
          if (!becomes_http2_) co_await refuse(400);
          co_return false;
        case ParseState::kNeedMore:
          if (connection_.phase == Phase::kIdle) listener_.enter(connection_, Phase::kHead);
          break;
      }
    } else if (connection_.is_dormant || listener_.is_memory_short() ||
               !listener_.has_reserved(buffer, kReadAtLeast)) {
      const auto [error] = co_await connection_.transport.wait_readable();
      const bool was_told = error == asio::error::operation_aborted && connection_.is_dormant;
      if (was_told && connection_.transport.is_open()) continue;  // It has no buffer already.
      if (error) co_return false;
      connection_.is_dormant = false;
    }
    if (!co_await read_some(buffer.size() + kReadAtLeast)) co_return false;
  }
}

/// What clients of HTTP/2 begin with looks like a request until here (RFC 9113, 3.4).
bool Http1::is_http2_preface() {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\n";
  const ConnectionBuffer& buffer = connection_.buffer;
  return connection_.request == 0 &&
         std::string_view(connection_.buffer.data(), buffer.size()).starts_with(kPreface);
}

/// Of a small request everything comes at once.
bool Http1::has_body_already() {
  if (head_.chunked) return false;
  const std::size_t body_bytes = static_cast<std::size_t>(head_.content_length.value_or(0));
  if (body_bytes > listener_.limits.body_bytes_max(head_)) return false;  // To be refused.
  request_bytes_ = head_.head_bytes + body_bytes;
  return connection_.buffer.size() >= request_bytes_;
}

Task<bool> Http1::read_body() {
  ConnectionBuffer& buffer = connection_.buffer;
  const std::size_t body_max = listener_.limits.body_bytes_max(head_);
  request_bytes_ = head_.head_bytes;
  if (head_.content_length.value_or(0) > body_max) {
    co_await refuse(413);
    co_return false;
  }
  listener_.enter(connection_, Phase::kBody);
  const bool has_body = head_.chunked || head_.content_length.value_or(0) > 0;
  const bool is_waiting = has_body && buffer.size() == head_.head_bytes;
  if (head_.expects_continue && is_waiting) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    Rest rest{asio::buffer(kContinue)};
    if (!co_await send_rest(rest)) co_return false;
  }
  if (head_.chunked) co_return co_await read_chunks(body_max);
  request_bytes_ += static_cast<std::size_t>(head_.content_length.value_or(0));
  if (!listener_.shelf.fits_ever(request_bytes_ + ConnectionBuffer::kSpare)) {
    co_await refuse(413);
    co_return false;
  }
  while (buffer.size() < request_bytes_) {
    const char* before = buffer.data();
    // Whoever only announces a large body gets no memory for it.
    const std::size_t proof = head_.head_bytes + kBodyProof;
    const bool is_proven = buffer.size() >= proof;
    const std::size_t wanted = is_proven ? request_bytes_ : std::min(request_bytes_, proof);
    if (!co_await read_some(wanted)) co_return false;
    rebase(head_, before, buffer.data());
  }
  co_return true;
}

Task<bool> Http1::read_chunks(std::size_t body_max) {
  ConnectionBuffer& buffer = connection_.buffer;
  ChunkedBody body(body_max);
  while (true) {
    const std::string_view rest(buffer.data() + head_.head_bytes, buffer.size() - head_.head_bytes);
    if (!co_await reserve_chunked(body.body(), rest.size())) {
      // Whoever is refused holds nothing while it is told.
      std::string().swap(body.body());
      charges_.clear();
      buffer.consume(buffer.size());
      co_await refuse(503);
      co_return false;
    }
    std::size_t consumed = 0;
    const auto state = body.feed(rest, consumed);
    // The head stays, for its views; what is behind it is decoded.
    buffer.drop(head_.head_bytes, consumed);
    if (state == ChunkedBody::State::kDone) break;
    if (state == ChunkedBody::State::kTooLarge || state == ChunkedBody::State::kBad) {
      co_await refuse(state == ChunkedBody::State::kBad ? 400 : 413);
      co_return false;
    }
    const char* before = buffer.data();
    if (!co_await read_some(buffer.size() + kReadAtLeast)) co_return false;
    rebase(head_, before, buffer.data());
  }
  chunked_ = std::move(body.body());
  co_return true;
}

/// Room in a decoded body for so many bytes more, charged at twice its size as a buffer is.
Task<bool> Http1::reserve_chunked(std::string& body, std::size_t more) {
  const std::size_t needed = body.size() + more + ConnectionBuffer::kSpare;
  if (needed <= body.capacity()) co_return true;
  const std::size_t step = std::clamp(body.capacity(), kReadAtLeast, kChunkedStep);
  const std::size_t capacity = std::max(needed, body.capacity() + step);
  std::size_t charged = 0;
  for (const Budget::Share& share : charges_) charged += share.bytes();
  const auto grow = [&] {
    Budget::Share rest = listener_.budget.try_take(2 * capacity - charged);
    if (!rest) return false;
    charges_.push_back(std::move(rest));
    body.reserve(capacity);
    return true;
  };
  if (!listener_.must_wait(capacity) && grow()) co_return true;
  co_return co_await reserve(capacity, grow);
}

}  // namespace penstock::front
