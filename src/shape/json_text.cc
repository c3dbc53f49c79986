#include "shape/json_text.h"

#include <emmintrin.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace penstock::shape {
namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

/// A bit for each of 16 bytes that cannot stand in a string as it is.
unsigned escapes_in(__m128i text) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
  const __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}

/// How many characters from the beginning on stand in a string as they are.
std::size_t plain_prefix(std::string_view text) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto load_half = [](const char* from) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  };
  std::size_t done = 0;
  for (; done + 16 <= text.size(); done += 16) {
    if (const unsigned escapes = escapes_in(load(text.data() + done)); escapes != 0)
      return done + static_cast<std::size_t>(std::countr_zero(escapes));
  }
  if (done == text.size()) return done;
  // The rest at once, together with what was looked at before.
  const char* const end = text.data() + text.size();
  if (text.size() >= 16) {
    if (escapes_in(load(end - 16)) == 0) return text.size();
  } else if (text.size() >= 8) {
    if (escapes_in(_mm_unpacklo_epi64(load_half(text.data()), load_half(end - 8))) == 0)
      return text.size();
  }
  while (done < text.size() && is_plain(text[done])) ++done;
  return done;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr char kDigits[] = "0123456789ABCDEF";
  out += "\\u00";
  out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
  out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (;;) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    if (plain == text.size()) break;
    append_escape(out, text[plain]);
    text.remove_prefix(plain + 1);
  }
  out.push_back('"');
}

void append_json_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_decimal(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_json_seconds(std::string& out, std::int64_t millis) {
  // By magnitude, so that -1 ms is -0.001 and not -1.999.
  std::uint64_t magnitude = static_cast<std::uint64_t>(millis);
  if (millis < 0) {
    out.push_back('-');
    magnitude = 0 - magnitude;
  }
  append_decimal(out, static_cast<std::int64_t>(magnitude / 1000));
  const auto rest = static_cast<unsigned>(magnitude % 1000);
  out.push_back('.');
  out.push_back(static_cast<char>('0' + rest / 100));
  if (rest % 100 != 0) out.push_back(static_cast<char>('0' + rest / 10 % 10));
  if (rest % 10 != 0) out.push_back(static_cast<char>('0' + rest % 10));
}

}  // namespace penstock::shape
