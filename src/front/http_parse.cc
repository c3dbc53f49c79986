#include "front/http_parse.h"

#include "base/check.h"

#include <boost/beast/http/basic_parser.hpp>

namespace penstock::front {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

/// Collects views instead of copying fields: the head lies in one piece in the connection's buffer.
class HeadParser final : public http::basic_parser<true> {
 public:
  HeadParser(RequestHead& head, char* begin, std::size_t size)
      : head_(head), begin_(begin), end_(begin + size) {}

 private:
  using View = beast::string_view;
  using Code = beast::error_code;

  static std::string_view view(View text) { return {text.data(), text.size()}; }
  bool is_inside(View text) const {
    return text.data() >= begin_ && text.data() + text.size() <= end_;
  }

  void on_request_impl(http::verb, View method, View target, int version, Code& error) override {
    if (version != 10 && version != 11) {
      error = http::error::bad_version;
      return;
    }
    head_.method = view(method);
    const std::string_view whole = view(target);
    const std::size_t mark = whole.find('?');
    head_.path = whole.substr(0, mark);
    if (mark != std::string_view::npos) head_.query = whole.substr(mark + 1);
  }
  void on_field_impl(http::field, View name, View value, Code& error) override {
    // A folded value was copied by the parser; such headers are obsolete (RFC 9112 section 5.2).
    if (!is_inside(name) || (!value.empty() && !is_inside(value))) {
      error = http::error::bad_value;
      return;
    }
    for (char* c = begin_ + (name.data() - begin_);
         c != begin_ + (name.data() - begin_) + name.size(); ++c) {
      if (*c >= 'A' && *c <= 'Z') *c = static_cast<char>(*c + 32);
    }
    if (view(name) == "expect") head_.expects_continue = true;
    head_.headers.emplace_back(view(name), view(value));
  }
  void on_response_impl(int, View, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code&) override { return body.size(); }
  void on_finish_impl(Code&) override {}

  RequestHead& head_;
  char* begin_;
  char* end_;
};

/// A body whose length follows from a coding that is not chunked, or from more than one header, has
/// no length that two readers must agree on (RFC 9112, 6.3): what follows could be taken for a
/// request.
bool coding_is_known(const RequestHead& head) {
  std::size_t codings = 0;
  for (const auto& [name, value] : head.headers) {
    if (name != "transfer-encoding") continue;
    ++codings;
    if (!boost::beast::iequals(value, "chunked")) return false;
  }
  return codings <= 1;
}

}  // namespace

ParseState parse_head(char* bytes, std::size_t size, std::size_t head_bytes_max,
                      RequestHead& head) {
  const std::string_view text(bytes, size);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return size > head_bytes_max ? ParseState::kTooLarge : ParseState::kNeedMore;
  }
  const std::size_t head_bytes = end + 4;
  if (head_bytes > head_bytes_max) return ParseState::kTooLarge;
  head = {};
  head.headers.reserve(16);
  HeadParser parser(head, bytes, head_bytes);
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(head_bytes_max));
  parser.body_limit(boost::none);
  beast::error_code error;
  parser.put(boost::asio::const_buffer(bytes, head_bytes), error);
  if (error || !parser.is_header_done()) return ParseState::kBad;
  if (!coding_is_known(head)) return ParseState::kBad;
  head.head_bytes = head_bytes;
  head.chunked = parser.chunked();
  if (const auto length = parser.content_length()) head.content_length = *length;
  head.keep_alive = parser.keep_alive();
  return ParseState::kDone;
}

void rebase(RequestHead& head, const char* from, const char* to) {
  const auto move = [&](std::string_view& view) {
    if (view.data() != nullptr) view = {to + (view.data() - from), view.size()};
  };
  move(head.method);
  move(head.path);
  move(head.query);
  for (auto& [name, value] : head.headers) {
    move(name);
    move(value);
  }
}

// --- Chunked bodies ------------------------------------------------------------------------

namespace {
constexpr std::size_t kLineMax = 256;  // Of a size with its extensions, or of a trailer.
constexpr std::size_t kTrailerBytesMax = 8u << 10;
}  // namespace

ChunkedBody::State ChunkedBody::take_size_line(std::string_view line) {
  left_ = 0;
  std::size_t digits = 0;
  for (; digits < line.size(); ++digits) {
    const char c = line[digits];
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0) break;
    if (digits == 15) return State::kBad;
    left_ = left_ << 4 | static_cast<std::uint64_t>(value);
  }
  const bool ends_well = digits == line.size() || line[digits] == ';' || line[digits] == ' ';
  if (digits == 0 || !ends_well) return State::kBad;
  if (left_ > limit_ - body_.size()) return State::kTooLarge;
  phase_ = left_ == 0 ? Phase::kTrailer : Phase::kData;
  return State::kNeedMore;
}

ChunkedBody::State ChunkedBody::feed(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (true) {
    const std::string_view rest = bytes.substr(consumed);
    if (phase_ == Phase::kData) {
      const std::size_t take = std::min<std::uint64_t>(left_, rest.size());
      body_.append(rest.substr(0, take));
      consumed += take;
      left_ -= take;
      if (left_ != 0) return State::kNeedMore;
      phase_ = Phase::kDataEnd;
      continue;
    }
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      // One more may be the line's '\r': a line is judged alike however it is cut.
      return rest.size() > kLineMax + 1 ? State::kBad : State::kNeedMore;
    }
    if (end > kLineMax) return State::kBad;
    const std::string_view line = rest.substr(0, end);
    consumed += end + 2;
    if (phase_ == Phase::kSize) {
      const State state = take_size_line(line);
      if (state != State::kNeedMore) return state;
    } else if (phase_ == Phase::kDataEnd) {
      if (!line.empty()) return State::kBad;
      phase_ = Phase::kSize;
    } else {
      if (line.empty()) return State::kDone;
      trailer_bytes_ += line.size();
      if (trailer_bytes_ > kTrailerBytesMax) return State::kBad;
    }
  }
}

}  // namespace penstock::front
