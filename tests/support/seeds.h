#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

namespace penstock::testing {

/// The seeds 1..n of a simulated or property test. PENSTOCK_SEEDS is a percentage of n: 1000 for a
/// long night, 10 for a hurry; at least one seed is left.
inline std::vector<std::uint64_t> seeds(std::uint64_t n) {
  const char* text = std::getenv("PENSTOCK_SEEDS");
  const std::uint64_t percent = text == nullptr ? 100 : std::strtoull(text, nullptr, 10);
  std::vector<std::uint64_t> all(std::max<std::uint64_t>(1, n * percent / 100));
  std::iota(all.begin(), all.end(), std::uint64_t{1});
  return all;
}

/// Whether it is one seed alone, to be looked at.
inline bool is_one_seed() {
  const char* text = std::getenv("PENSTOCK_SEED");
  return text != nullptr && std::strchr(text, '-') == nullptr;
}

/// How much of what `full` seeds must show at least these that ran must show.
inline std::uint64_t share_of(std::uint64_t at_full, std::uint64_t ran, std::uint64_t full) {
  return at_full * ran / full;
}

/// One seed alone, to look at a failure: PENSTOCK_SEED=<seed>; or a range of them, for long runs in
/// parts: PENSTOCK_SEED=<first>-<last>. Otherwise seeds(n).
inline std::vector<std::uint64_t> seeds_or_one(std::uint64_t n) {
  const char* text = std::getenv("PENSTOCK_SEED");
  if (text == nullptr) return seeds(n);
  char* rest = nullptr;
  const std::uint64_t first = std::strtoull(text, &rest, 10);
  const std::uint64_t last = *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : first;
  std::vector<std::uint64_t> all(last < first ? 0 : last - first + 1);
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace penstock::testing
