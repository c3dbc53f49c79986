#pragma once

#include "base/time.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace penstock::stream {

/// "So often in 24 hours", rolling: takes one of `max` at `now`, or leaves `taken` as it is, but
/// for what is older than a day. Kept with the stream, so that a restart forgives nothing. A `max`
/// of 0 is no limit, and nothing is kept.
inline bool take_of_day(std::vector<ServiceTime>& taken, std::int64_t max, ServiceTime now) {
  if (max == 0) return true;
  std::erase_if(taken, [now](ServiceTime at) { return at + std::chrono::hours(24) <= now; });
  if (std::cmp_greater_equal(taken.size(), max)) return false;
  taken.push_back(now);
  return true;
}

}  // namespace penstock::stream
