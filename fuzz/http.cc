#include "base/check.h"
#include "front/http_parse.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// A request as a connection receives it: in pieces. What is made of it must not depend on where it
// was cut; a head that is written out again says the same; chunks are held against a decoder that
// has all of the body at once.

namespace penstock::front {
namespace {

constexpr std::size_t kHeadMax = 512;
constexpr std::size_t kBodyMax = 256;

struct Head {
  ParseState state;
  RequestHead views;
  std::unique_ptr<char[]> bytes;  ///< Of exactly the size, so that a read behind it is seen.
};

Head parse(std::string_view text) {
  Head head{{}, {}, std::make_unique<char[]>(text.size())};
  std::copy(text.begin(), text.end(), head.bytes.get());
  head.state = parse_head(head.bytes.get(), text.size(), kHeadMax, head.views);
  return head;
}

bool equal(const RequestHead& a, const RequestHead& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.headers == b.headers &&
         a.content_length == b.content_length && a.chunked == b.chunked &&
         a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue;
}

std::string written(const RequestHead& head, bool has_query, std::string_view version) {
  std::string text = std::string(head.method) + ' ' + std::string(head.path);
  if (has_query) text += '?' + std::string(head.query);
  text += ' ' + std::string(version) + "\r\n";
  for (const auto& [name, value] : head.headers) {
    text += std::string(name) + ':' + std::string(value) + "\r\n";
  }
  return text + "\r\n";
}

void check_written_again(std::string_view text, const Head& head) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  const bool has_query = line.find('?') != std::string_view::npos;
  const std::string again = written(head.views, has_query, line.substr(line.rfind(' ') + 1));
  const Head second = parse(again);
  PENSTOCK_CHECK(second.state == ParseState::kDone, "a head that is written out is one");
  // llhttp knows no token of Connection with a tab behind it; written out, the tab is gone.
  if (text.find('\t') != std::string_view::npos) return;
  PENSTOCK_CHECK(equal(head.views, second.views), "and says the same");
}

/// Parses whenever a piece has come, as the listener does; the state that ended it.
ParseState parse_in_pieces(std::string_view text, const std::vector<std::size_t>& cuts) {
  for (const std::size_t cut : cuts) {
    const Head head = parse(text.substr(0, cut));
    if (head.state != ParseState::kNeedMore) return head.state;
  }
  return ParseState::kNeedMore;
}

struct Decoded {
  ChunkedBody::State state = ChunkedBody::State::kNeedMore;
  std::string body;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode_in_pieces(std::string_view text, const std::vector<std::size_t>& cuts) {
  Decoded decoded;
  ChunkedBody reader(kBodyMax);
  for (const std::size_t cut : cuts) {
    std::size_t consumed = 0;
    decoded.state = reader.feed(text.substr(decoded.consumed, cut - decoded.consumed), consumed);
    decoded.consumed += consumed;
    if (decoded.state != ChunkedBody::State::kNeedMore) break;
  }
  decoded.body = std::move(reader.body());
  return decoded;
}

/// What a body of well-formed chunks without extensions and trailers decodes to (RFC 9112, 7.1.3).
std::optional<std::string> slowly_decoded(std::string_view text) {
  std::string body;
  for (;;) {
    const std::size_t end = text.find("\r\n");
    if (end == 0 || end == std::string_view::npos || end > 4) return std::nullopt;
    const std::string digits(text.substr(0, end));
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return std::nullopt;
    const std::size_t size = std::stoul(digits, nullptr, 16);
    text.remove_prefix(end + 2);
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n") return std::nullopt;
    if (size == 0) return body;
    body += text.substr(0, size);
    if (body.size() > kBodyMax) return std::nullopt;
    text.remove_prefix(size + 2);
  }
}

void check_chunks(std::string_view text, const std::vector<std::size_t>& cuts) {
  const Decoded whole = decode_in_pieces(text, {text.size()});
  const Decoded pieces = decode_in_pieces(text, cuts);
  PENSTOCK_CHECK(pieces.state == whole.state, "where a body is cut does not decide about it");
  if (whole.state != ChunkedBody::State::kDone) return;
  PENSTOCK_CHECK(pieces == whole, "nor what it holds and where it ends");
  if (const auto body = slowly_decoded(text)) {
    PENSTOCK_CHECK(whole.body == *body, "a plain body is what its chunks hold");
  }
}

/// Ascending, the last one the size.
std::vector<std::size_t> cuts_of(FuzzedDataProvider& choices, std::size_t size) {
  std::vector<std::size_t> cuts(choices.ConsumeIntegralInRange<std::size_t>(0, 6));
  for (std::size_t& cut : cuts) cut = choices.ConsumeIntegralInRange<std::size_t>(0, size);
  cuts.push_back(size);
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace
}  // namespace penstock::front

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock::front;
  // The text comes first and the choices last, so that seeds can be read.
  const std::size_t text_size = size - std::min<std::size_t>(size, 8);
  const std::string_view text(reinterpret_cast<const char*>(data), text_size);
  FuzzedDataProvider choices(data + text_size, size - text_size);
  const std::vector<std::size_t> cuts = cuts_of(choices, text.size());

  const Head head = parse(text);
  PENSTOCK_CHECK(parse_in_pieces(text, cuts) == head.state, "where a head is cut does not matter");
  if (head.state != ParseState::kDone) {
    check_chunks(text, cuts);
    return 0;
  }
  check_written_again(text.substr(0, head.views.head_bytes), head);
  if (head.views.chunked) {
    const std::string_view body = text.substr(head.views.head_bytes);
    std::vector<std::size_t> body_cuts;
    for (const std::size_t cut : cuts) body_cuts.push_back(std::min(cut, body.size()));
    check_chunks(body, body_cuts);
  }
  return 0;
}
