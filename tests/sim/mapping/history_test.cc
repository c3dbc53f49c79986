#include "sim/history.h"

#include "support/seeds.h"

#include <gtest/gtest.h>

namespace penstock::sim {
namespace {

engine::local::Options in_memory() { return {.durability = engine::local::Durability::kMemory}; }

TEST(Histories, EveryRecordMeetsOneFateAndTheBooksBalance) {
  std::map<std::string, std::uint64_t> seen;
  for (const std::uint64_t seed : testing::seeds_or_one(50)) {
    const Outcome outcome = run_history(plan_of(seed, Ends::kOrderly), in_memory());
    ASSERT_TRUE(outcome.good()) << outcome.report();
    for (const auto& [what, count] : outcome.seen) seen[what] += count;
  }
  for (const auto& [what, count] : seen) std::cout << what << ": " << count << "\n";
}

}  // namespace
}  // namespace penstock::sim
