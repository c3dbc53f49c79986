#pragma once

#include "base/time.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::stream {

// Which troubles of a shard are worth a line in the log. Not thread-safe; no clock of their own.

/// Puts: one line when they begin to fail, or fail for another cause, and one when that is over.
class PutTrouble {
 public:
  /// Good ones among failures, as a budget that is nearly spent gives, are no change of state.
  static constexpr Millis kCalm{5'000};

  /// True: to be said.
  bool failed(std::string_view cause, ServiceTime now) {
    last_failure_ = now;
    if (cause_ == cause) return false;
    cause_ = cause;
    return true;
  }
  /// True: to be said, it is over.
  bool stored(ServiceTime now) {
    if (cause_.empty() || now - last_failure_ < kCalm) return false;
    cause_.clear();
    return true;
  }
  bool lasts() const { return !cause_.empty(); }

 private:
  std::string cause_;
  ServiceTime last_failure_;
};

/// Reads: each cause once. Readers at one place may fail for ever while others get on, so there is
/// no end to be told.
class ReadTrouble {
 public:
  static constexpr std::size_t kCausesMax = 16;  ///< Remembered; the oldest go.

  /// True: to be said. `cause` is not empty.
  bool failed(std::string_view cause) {
    for (const std::string& said : said_) {
      if (said == cause) return false;
    }
    if (said_.size() == kCausesMax) said_.erase(said_.begin());
    said_.emplace_back(cause);
    return true;
  }

 private:
  std::vector<std::string> said_;
};

}  // namespace penstock::stream
