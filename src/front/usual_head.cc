#include "front/http_parse.h"

#include <emmintrin.h>

#include <array>
#include <charconv>

// SDKs send the same few headers in the same plain form, hundreds of thousands of times a second.
// Such heads are read here, line by line; whatever else may stand in a head is Beast's to judge.

namespace penstock::front::detail {
namespace {

/// Letters of usual names in lower case; 0 for every other character.
constexpr std::array<char, 256> kNameCharacters = [] {
  std::array<char, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c)
    table[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = c;
  table['-'] = '-';
  table['_'] = '_';
  return table;
}();

/// Whether there is nothing but printable ASCII and the two characters that end lines.
bool is_plain_text(const char* bytes, std::size_t size) {
  const __m128i space = _mm_set1_epi8(' ');
  std::size_t at = 0;
  for (; at + 16 <= size; at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    const __m128i end = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('\r')),
                                     _mm_cmpeq_epi8(text, _mm_set1_epi8('\n')));
    const __m128i low =
        _mm_cmplt_epi8(text, space);  // Signed: bytes beyond ASCII are below it, too.
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(end, low), _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7F)));
    if (_mm_movemask_epi8(bad) != 0) return false;
  }
  for (; at < size; ++at) {
    const char c = bytes[at];
    if ((c < ' ' && c != '\r' && c != '\n') || c == 0x7F) return false;
  }
  return true;
}

/// Takes the line at the beginning, which must end in both characters and hold neither.
bool take_line(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\r');
  if (end == std::string_view::npos || end + 1 == rest.size() || rest[end + 1] != '\n')
    return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line.find('\n') == std::string_view::npos;
}

std::string_view trimmed(std::string_view value) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

/// "POST /path?query HTTP/1.1"
bool take_request_line(std::string_view line, RequestHead& head) {
  constexpr std::string_view kVersion = " HTTP/1.1";
  if (!line.ends_with(kVersion)) return false;
  line.remove_suffix(kVersion.size());
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return false;
  head.method = line.substr(0, space);
  for (const char c : head.method) {
    if (c < 'A' || c > 'Z') return false;
  }
  const std::string_view target = line.substr(space + 1);
  if (target.empty() || target.find(' ') != std::string_view::npos) return false;
  const std::size_t mark = target.find('?');
  head.path = target.substr(0, mark);
  if (mark != std::string_view::npos) head.query = target.substr(mark + 1);
  return true;
}

/// Headers that say something of the connection or the body, but for its length.
bool is_special(std::string_view name) {
  return name == "connection" || name == "proxy-connection" || name == "transfer-encoding" ||
         name == "upgrade" || name == "expect";
}

bool take_length(std::string_view value, RequestHead& head) {
  constexpr std::size_t kDigitsMax = 18;
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, length);
  if (read.ec != std::errc{} || read.ptr != end || value.size() > kDigitsMax) return false;
  if (head.content_length) return false;
  head.content_length = length;
  return true;
}

bool take_header(std::string_view line, char* begin, RequestHead& head) {
  std::size_t size = 0;
  for (; size < line.size() && line[size] != ':'; ++size) {
    const char lower = kNameCharacters[static_cast<unsigned char>(line[size])];
    if (lower == 0) return false;
    begin[size] = lower;
  }
  if (size == 0 || size == line.size()) return false;
  const std::string_view name = line.substr(0, size);
  const std::string_view value = trimmed(line.substr(size + 1));
  if (is_special(name)) return false;
  if (name == "content-length" && !take_length(value, head)) return false;
  head.headers.emplace_back(name, value);
  return true;
}

}  // namespace

bool parse_usual_head(char* bytes, std::size_t head_bytes, RequestHead& head) {
  if (!is_plain_text(bytes, head_bytes)) return false;
  std::string_view rest(bytes, head_bytes);
  std::string_view line;
  if (!take_line(rest, line) || !take_request_line(line, head)) return false;
  for (;;) {
    char* const begin = bytes + (rest.data() - bytes);
    if (!take_line(rest, line)) return false;
    if (line.empty()) break;
    if (!take_header(line, begin, head)) return false;
  }
  head.head_bytes = head_bytes;
  return rest.empty() && head.content_length.has_value();
}

}  // namespace penstock::front::detail
