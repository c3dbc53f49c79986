#include "front/http_parse.h"

#include "base/ascii.h"
#include "base/check.h"

#include <llhttp.h>

#include <algorithm>

namespace penstock::front {
namespace {

/// Collects views instead of copying fields: the head lies in one piece in the connection's buffer,
/// so each piece of it comes in one call.
struct HeadParser : llhttp_t {
  explicit HeadParser(RequestHead& into);
  RequestHead& head;
  std::string_view name;
  bool has_value = false;  ///< Of this name.
};

/// No client sends half as many, and each takes 32 bytes besides its text.
constexpr std::size_t kHeadersMax = 128;

HeadParser& parser_of(llhttp_t* self) { return *static_cast<HeadParser*>(self); }

int take_target(llhttp_t* self, const char* text, std::size_t size) {
  const std::string_view whole(text, size);
  RequestHead& head = parser_of(self).head;
  const std::size_t mark = whole.find('?');
  head.path = whole.substr(0, mark);
  if (mark != std::string_view::npos) head.query = whole.substr(mark + 1);
  return HPE_OK;
}

int take_name(llhttp_t* self, const char* text, std::size_t size) {
  HeadParser& parser = parser_of(self);
  parser.name = {text, size};
  parser.has_value = false;
  return HPE_OK;
}

int take_value(llhttp_t* self, const char* text, std::size_t size) {
  HeadParser& parser = parser_of(self);
  // A folded value comes in pieces; such headers are obsolete (RFC 9112 section 5.2).
  if (parser.has_value) return HPE_USER;
  parser.has_value = true;
  while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) --size;
  parser.head.headers.emplace_back(parser.name, std::string_view(text, size));
  return HPE_OK;
}

int end_value(llhttp_t* self) {
  HeadParser& parser = parser_of(self);
  auto& headers = parser.head.headers;
  if (!parser.has_value) headers.emplace_back(parser.name, std::string_view());
  return headers.size() > kHeadersMax ? HPE_USER : HPE_OK;
}

/// The body is not the parser's.
int end_head(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& callbacks() {
  static const llhttp_settings_t made = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = &take_target;
    settings.on_header_field = &take_name;
    settings.on_header_value = &take_value;
    settings.on_header_value_complete = &end_value;
    settings.on_headers_complete = &end_head;
    return settings;
  }();
  return made;
}

HeadParser::HeadParser(RequestHead& into) : head(into) {
  llhttp_init(this, HTTP_REQUEST, &callbacks());
}

/// What lies around a value: a colon and blanks. A newline there is a folded header.
bool is_around_value(const char* from, const char* to) {
  return std::all_of(from, to, [](char c) { return c == ':' || c == ' ' || c == '\t'; });
}

/// Whether each header stands on a line of its own, the last one before the empty line at `end`.
bool has_no_folds(const RequestHead& head, const char* end) {
  for (std::size_t i = 0; i < head.headers.size(); ++i) {
    const auto& [name, value] = head.headers[i];
    const char* const name_end = name.data() + name.size();
    const char* const begin = value.empty() ? name_end : value.data();
    const char* const next =
        i + 1 < head.headers.size() ? head.headers[i + 1].first.data() - 2 : end;
    if (!is_around_value(name_end, begin) || !is_around_value(begin + value.size(), next))
      return false;
  }
  return true;
}

/// Puts the names into lower case where they lie. False when a header has none, or when what is
/// before it ends in a newline alone, which llhttp lets pass.
bool take_names(RequestHead& head, char* bytes) {
  for (const auto& [name, value] : head.headers) {
    char* const begin = bytes + (name.data() - bytes);
    if (name.empty() || begin[-2] != '\r' || begin[-1] != '\n') return false;
    for (char* c = begin; c != begin + name.size(); ++c) *c = ascii_lower(*c);
    if (name == "expect") head.expects_continue = true;
  }
  return true;
}

/// A body whose length follows from a coding that is not chunked, or from more than one header, has
/// no length that two readers must agree on (RFC 9112, 6.3): what follows could be taken for a
/// request.
bool coding_is_known(const RequestHead& head) {
  std::size_t codings = 0;
  for (const auto& [name, value] : head.headers) {
    if (name != "transfer-encoding") continue;
    ++codings;
    if (!equals_ignoring_case(value, "chunked")) return false;
  }
  return codings <= 1;
}

/// Whoever speaks something else, TLS above all, is told at once: its head would never end.
bool may_begin_request(char first) {
  return (first >= 'A' && first <= 'Z') || first == '\r' || first == '\n';
}

}  // namespace

ParseState parse_head(char* bytes, std::size_t size, std::size_t head_bytes_max,
                      RequestHead& head) {
  const std::string_view text(bytes, size);
  if (!text.empty() && !may_begin_request(text.front())) return ParseState::kBad;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return size > head_bytes_max ? ParseState::kTooLarge : ParseState::kNeedMore;
  }
  const std::size_t head_bytes = end + 4;
  if (head_bytes > head_bytes_max) return ParseState::kTooLarge;
  // llhttp skips newlines before a method, and they would be a part of it here. Empty lines are the
  // listener's.
  if (text.front() == '\r' || text.front() == '\n') return ParseState::kBad;
  head = {};
  head.headers.reserve(16);
  HeadParser parser(head);
  // It ends where the head ends and nowhere before: at a bare newline, say.
  if (llhttp_execute(&parser, bytes, head_bytes) != HPE_PAUSED ||
      llhttp_get_error_pos(&parser) != bytes + head_bytes) {
    return ParseState::kBad;
  }
  const bool version_is_ours =
      parser.http_major == 1 && (parser.http_minor == 0 || parser.http_minor == 1);
  if (!version_is_ours || !take_names(head, bytes) || !has_no_folds(head, bytes + end) ||
      !coding_is_known(head)) {
    return ParseState::kBad;
  }
  head.method = text.substr(0, text.find(' '));
  head.head_bytes = head_bytes;
  head.chunked = (parser.flags & F_CHUNKED) != 0;
  // "chunked" with a tab behind it is to llhttp a coding like any other.
  if ((parser.flags & F_TRANSFER_ENCODING) != 0 && !head.chunked) return ParseState::kBad;
  if ((parser.flags & F_CONTENT_LENGTH) != 0) head.content_length = parser.content_length;
  head.keep_alive = llhttp_should_keep_alive(&parser) != 0;
  head.takes_chunks = parser.http_minor == 1;
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

/// A newline alone ends a line for some readers, who then see another message.
bool has_control_characters(std::string_view line) {
  return std::any_of(line.begin(), line.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
}

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
    if (has_control_characters(line)) return State::kBad;
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
