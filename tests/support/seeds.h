#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

/// Of a number that is expected of all seeds, what to expect of the share that runs: 3 of 30 with
/// PENSTOCK_SEEDS=10.
inline std::uint64_t share(std::uint64_t of_all) { return of_all * seeds(100).size() / 100; }

/// One seed alone, to look at a failure: PENSTOCK_SEED=<seed>. Otherwise seeds(n).
inline std::vector<std::uint64_t> seeds_or_one(std::uint64_t n) {
  if (const char* text = std::getenv("PENSTOCK_SEED")) return {std::strtoull(text, nullptr, 10)};
  return seeds(n);
}

}  // namespace penstock::testing
