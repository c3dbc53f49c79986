#include "function/log_ring.h"

#include <algorithm>

namespace penstock::function {
namespace {

/// Length of the well-formed sequence at the beginning of `bytes`; 0 when there is none.
std::size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < bytes.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // No surrogates.
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  const bool is_ascii =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; });
  if (is_ascii) return std::string(bytes);
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    text += length > 0 ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

void LogRing::append(ServiceTime now, std::string_view text) {
  lines_.push_back({++last_id_, unix_millis(now), to_utf8(text.substr(0, bytes_max_))});
  bytes_ += lines_.back().text.size();
  while (lines_.size() > lines_max_ || (bytes_ > bytes_max_ && lines_.size() > 1)) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
  }
}

LogRing::Page LogRing::after(std::int64_t after, std::size_t limit) const {
  Page page;
  if (lines_.empty()) return page;
  const std::int64_t first = lines_.front().id;
  // A caller that read the log of an earlier function of this name, or of a server before a
  // restart.
  if (after > last_id_ || after < 0) after = 0;
  page.dropped = std::max<std::int64_t>(first - after - 1, 0);
  const std::int64_t from = std::max(after + 1, first);
  for (auto i = static_cast<std::size_t>(from - first);
       i < lines_.size() && page.lines.size() < limit; ++i) {
    page.lines.push_back(lines_[i]);
  }
  return page;
}

}  // namespace penstock::function
