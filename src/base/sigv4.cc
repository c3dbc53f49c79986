#include "base/sigv4.h"

#include "base/ascii.h"
#include "base/hex.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace penstock::sigv4 {
namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      const char encoded[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
      out.append(encoded, sizeof encoded);
    }
  }
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/// A '%' without two digits behind it stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string encoded(std::string_view bytes) {
  std::string out;
  append_encoded(bytes, out);
  return out;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Calls visit(name) for each name of a list such as "host;x-amz-date" until it returns false.
template <class Visit>
bool each_name(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t end = std::min(list.find(';'), list.size());
    if (!visit(list.substr(0, end))) return false;
    if (end == list.size()) return true;
    list.remove_prefix(end + 1);
  }
}

/// In lower case and strictly ascending, as clients write it.
bool is_canonical_list(std::string_view list) {
  std::string_view before;
  return each_name(list, [&](std::string_view name) {
    const bool fits =
        before < name &&
        std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    before = name;
    return fits;
  });
}

std::string canonical_list(std::string_view list) {
  std::vector<std::string> names;
  each_name(list, [&](std::string_view name) {
    names.push_back(ascii_lower(std::string(name)));
    return true;
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string out = names.front();  // An empty name stays, and is found nowhere.
  for (std::size_t i = 1; i < names.size(); ++i) out.append(";").append(names[i]);
  return out;
}

bool append_headers(const Message& message, std::string_view list, std::string& out) {
  return each_name(list, [&](std::string_view name) {
    // Whoever speaks HTTP/2 may sign what is the host there under its name there.
    const std::string_view wanted = name == ":authority" ? "host" : name;
    bool found = false;
    for (const auto& [key, value] : message.headers) {
      if (key != wanted) continue;
      if (found) {
        out.push_back(',');
      } else {
        out.append(name).push_back(':');
      }
      append_canonical_value(value, out);
      found = true;
    }
    out.push_back('\n');
    return found;
  });
}

/// All digits in [at, at + count) of text as a number; negative when one is none.
int number_at(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<WallTime> moment(int year, int month, int day, int hour, int minute, int second) {
  using namespace std::chrono;
  const bool is_time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                       second < 60 && year >= 0 && month > 0 && day > 0;
  if (!is_time) return std::nullopt;
  const year_month_day date(std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const auto days = sys_days(date).time_since_epoch();
  return WallTime{days + hours(hour) + minutes(minute) + seconds(second)};
}

}  // namespace

void append_canonical_path(std::string_view path, std::string& out) {
  if (path.size() <= 1) {
    out.push_back('/');
    return;
  }
  const bool has_slash_behind = path.back() == '/';
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  for (const std::string_view segment : segments) {
    out.push_back('/');
    append_encoded(segment, out);
  }
  if (segments.empty() || has_slash_behind) out.push_back('/');
}

void append_canonical_query(std::string_view query, std::string& out) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = encoded(decoded(pair.substr(0, equals)));
    if (name == "X-Amz-Signature") continue;
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    parameters.emplace_back(std::move(name), encoded(decoded(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  bool is_first = true;
  for (const auto& [name, value] : parameters) {
    if (!is_first) out.push_back('&');
    is_first = false;
    out.append(name).append("=").append(value);
  }
}

void append_canonical_value(std::string_view value, std::string& out) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  // Runs of spaces are rare: what lies between them is appended at once.
  std::size_t begin = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!is_blank(value[i])) continue;
    out.append(value.substr(begin, i - begin)).push_back(' ');
    while (i + 1 < value.size() && is_blank(value[i + 1])) ++i;
    begin = i + 1;
  }
  out.append(value.substr(begin));
}

bool append_canonical_request(const Message& message, std::string& out) {
  out.append(message.method).push_back('\n');
  append_canonical_path(message.path, out);
  out.push_back('\n');
  if (!message.query.empty()) append_canonical_query(message.query, out);
  out.push_back('\n');
  const auto finish = [&](std::string_view list) {
    if (!append_headers(message, list, out)) return false;
    out.push_back('\n');
    out.append(list).push_back('\n');
    out.append(message.payload_hash);
    return true;
  };
  if (is_canonical_list(message.signed_headers)) return finish(message.signed_headers);
  return finish(canonical_list(message.signed_headers));
}

HexDigest hex_of(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  HexDigest hex;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    hex[2 * i] = kDigits[digest[i] >> 4];
    hex[2 * i + 1] = kDigits[digest[i] & 15];
  }
  return hex;
}

bool is_region(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

HmacSha256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                       std::string_view service) {
  const auto next = [](const Sha256Digest& key, std::string_view text) {
    return HmacSha256(as_chars(key)).sign(text);
  };
  const Sha256Digest by_date = HmacSha256("AWS4" + std::string(secret)).sign(date);
  const Sha256Digest by_service = next(next(by_date, region), service);
  return HmacSha256(as_chars(next(by_service, kTerminator)));
}

HexDigest signature(const HmacSha256& key, std::string_view time, std::string_view scope,
                    std::string_view canonical_request, std::string& scratch) {
  const HexDigest hash = hex_of(sha256(canonical_request));
  scratch.assign(kAlgorithm).append("\n").append(time).append("\n").append(scope).append("\n");
  scratch.append(text_of(hash));
  return hex_of(key.sign(scratch));
}

std::optional<WallTime> parse_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return moment(number_at(text, 0, 4), number_at(text, 4, 2), number_at(text, 6, 2),
                number_at(text, 9, 2), number_at(text, 11, 2), number_at(text, 13, 2));
}

std::optional<WallTime> parse_http_time(std::string_view text) {
  // Tue, 24 Nov 2026 16:00:00 GMT
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  return moment(number_at(text, 12, 4), static_cast<int>(month / 3) + 1, number_at(text, 5, 2),
                number_at(text, 17, 2), number_at(text, 20, 2), number_at(text, 23, 2));
}

std::string basic_time(WallTime time) {
  using namespace std::chrono;
  const auto since = floor<seconds>(time.time_since_epoch());
  const auto day = floor<days>(since);
  const year_month_day date{sys_days(day)};
  const hh_mm_ss clock(since - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace penstock::sigv4
