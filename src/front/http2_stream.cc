#include "front/http2_stream.h"

#include <charconv>

namespace penstock::front {
namespace {

/// As in HTTP/1.1: no client sends half as many.
constexpr std::size_t kHeadersMax = 128;
/// What a header counts beside its text (RFC 9113, 6.5.2).
constexpr std::size_t kHeaderOverhead = 32;

}  // namespace

bool Http2Stream::add_header(std::string_view name, std::string_view value,
                             std::size_t head_bytes_max) {
  head_bytes += name.size() + value.size() + kHeaderOverhead;
  if (head_bytes > head_bytes_max || header_sizes.size() == kHeadersMax) {
    is_head_too_large = true;
    return false;
  }
  head.append(name).append(value);
  header_sizes.emplace_back(name.size(), value.size());
  return true;
}

bool Http2Stream::end_head() {
  std::string_view target;
  std::string_view authority;
  const char* at = head.data();
  parsed.headers.reserve(header_sizes.size());
  for (const auto& [name_size, value_size] : header_sizes) {
    const std::string_view name(at, name_size);
    const std::string_view value(at + name_size, value_size);
    at += name_size + value_size;
    if (name == ":method") {
      parsed.method = value;
    } else if (name == ":path") {
      target = value;
    } else if (name == ":authority") {
      authority = value;
      parsed.headers.emplace_back("host", value);  // What HTTP/1.1 calls it, and signatures name.
    } else if (name == "host" && !authority.empty()) {
      if (value != authority) return false;
    } else if (!name.starts_with(':')) {
      parsed.headers.emplace_back(name, value);
      if (name != "content-length") continue;
      std::uint64_t length = 0;
      const auto end = std::from_chars(value.data(), value.data() + value.size(), length);
      if (end.ec != std::errc{} || end.ptr != value.data() + value.size()) return false;
      parsed.content_length = length;
    }
  }
  if (parsed.method.empty() || target.empty()) return false;
  const std::size_t mark = target.find('?');
  parsed.path = target.substr(0, mark);
  if (mark != std::string_view::npos) parsed.query = target.substr(mark + 1);
  return true;
}

void Http2Stream::make_request() {
  request.method = parsed.method;
  request.path = parsed.path;
  request.query = parsed.query;
  request.headers.swap(parsed.headers);
  request.host = request.header("host");
  request.peer = this;
}

std::size_t Http2Stream::head_held_bytes() const {
  return head.capacity() + header_sizes.capacity() * sizeof header_sizes[0] +
         request.headers.capacity() * sizeof request.headers[0];
}

void Http2Stream::drop_request() {
  parsed = {};
  request = {};
  request.peer = this;
  std::string().swap(head);
  decltype(header_sizes)().swap(header_sizes);
  head_charge = {};
  body.consume(body.size());
}

void Http2Stream::take_taken() {
  is_taken = true;
  taken.notify();
}

CancelToken Http2Stream::watch(const Executor& here) {
  auto gone = std::make_shared<CancelSource>();
  CancelToken token = gone->token();
  post(loop, [weak = weak_from_this(), gone = std::move(gone), here] {
    const auto self = weak.lock();
    if (self == nullptr) return;  // It is answered.
    self->when_closed(gone, here);
  });
  return token;
}

void Http2Stream::when_closed(std::shared_ptr<CancelSource> gone, const Executor& there) {
  if (is_closed) return post(there, [gone] { gone->cancel(); });
  watchers_.emplace_back(std::move(gone), there);
}

bool Http2Stream::waits_for_peer() const {
  if (waits_for_memory) return false;
  return is_answered ? !is_taken : !is_complete;
}

void Http2Stream::look_at_progress(SteadyTime now) {
  const std::size_t bytes = body.size() + head.size() + lent_bytes;
  if (bytes != seen_bytes_ || !waits_for_peer()) quiet_since = now;
  seen_bytes_ = bytes;
}

void Http2Stream::close() {
  is_closed = true;
  for (auto& [gone, there] : watchers_) post(there, [told = std::move(gone)] { told->cancel(); });
  watchers_.clear();
  take_taken();  // Whoever waits for it waits in vain.
}

}  // namespace penstock::front
