#pragma once

#include "base/time.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::function {

/// The newest log lines of one function, bounded in number and bytes; the oldest go first.
/// Control loop only.
class LogRing {
 public:
  struct Line {
    std::int64_t id = 0;  ///< Rises by one with each line, from 1 on.
    std::int64_t time_ms = 0;
    std::string text;  ///< Without its newline; valid UTF-8.
  };
  struct Page {
    std::vector<Line> lines;
    std::int64_t dropped = 0;  ///< Lines behind `after` that are no longer kept.
  };

  LogRing(std::size_t lines_max, std::size_t bytes_max)
      : lines_max_(lines_max), bytes_max_(bytes_max) {}

  /// Bytes that are no UTF-8 are replaced; a line longer than the ring is cut.
  void append(ServiceTime now, std::string_view text);
  /// Lines with an id above `after`, oldest first, at most `limit`.
  Page after(std::int64_t after, std::size_t limit) const;

 private:
  const std::size_t lines_max_;
  const std::size_t bytes_max_;
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  std::int64_t last_id_ = 0;
};

/// Text with every byte that is no part of a UTF-8 sequence replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

}  // namespace penstock::function
