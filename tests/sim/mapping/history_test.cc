#include "sim/history.h"

#include "base/log.h"
#include "env/fault_points.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <map>
#include <set>

namespace penstock::sim {
namespace {

using engine::local::Durability;

engine::local::Options in_memory() { return {.durability = Durability::kMemory}; }
/// Small files, so that a short history changes them.
engine::local::Options on_disk(Durability durability) {
  return {.folder = "/data",
          .durability = durability,
          .journal_first_file_bytes = 64u << 10,
          .journal_file_bytes_max = 256u << 10,
          .journal_bytes_max = 1u << 20,
          .ballast_bytes = 64u << 10};
}

class Histories : public ::testing::Test {
 protected:
  // What is asked for goes wrong thousands of times.
  void SetUp() override {
    log::set_level(std::getenv("PENSTOCK_SIM_LOG") == nullptr ? log::Level::kOff
                                                              : log::Level::kInfo);
  }
  void TearDown() override {
    log::set_level(log::Level::kInfo);
    if (std::getenv("PENSTOCK_SIM_SHOW") == nullptr) return;
    for (const auto& [what, count] : seen_) std::cout << "  " << what << ": " << count << "\n";
  }

  using Shape = std::function<void(Plan&)>;
  void run(std::uint64_t seeds, Ends ends, const engine::local::Options& options,
           const Shape& shape = {}) {
    for (const std::uint64_t seed : testing::seeds_or_one(seeds)) {
      Plan plan = plan_of(seed, ends);
      if (shape) shape(plan);
      const Outcome outcome = run_history(plan, options);
      ASSERT_TRUE(outcome.good()) << outcome.report();
      for (const auto& [what, count] : outcome.seen) seen_[what] += count;
      ++ran_;
    }
  }
  /// Seeds that never come where it matters prove nothing.
  void expect_seen(std::uint64_t of_seeds,
                   std::initializer_list<std::pair<const char*, std::uint64_t>> at_full) {
    if (ran_ * 10 < of_seeds) return;  // Some seeds to look at.
    // Few seeds are unlike each other: some histories give up a hundred records, most give up none.
    const std::uint64_t slack = ran_ * 2 < of_seeds ? 4 : 1;
    for (const auto& [what, count] : at_full)
      EXPECT_GE(seen_[what], testing::share_of(count, ran_, of_seeds) / slack) << what;
  }

  std::map<std::string, std::uint64_t> seen_;
  std::uint64_t ran_ = 0;
};

TEST_F(Histories, EveryRecordMeetsOneFateAndTheBooksBalance) {
  run(700, Ends::kOrderly, in_memory());
  expect_seen(700, {{"records", 20'000},
                    {"succeeded", 15'000},
                    {"filtered", 1'500},
                    {"delivered", 1'500},
                    {"dropped: age", 80},
                    {"dropped: retries", 400},
                    {"expired_unread", 500},
                    {"skipped_by_start", 3'000},
                    {"split", 220},
                    {"merge", 150},
                    {"resize", 80},
                    {"restart", 180},
                    {"update", 100},
                    {"disabled", 80},
                    {"partial failures", 400},
                    {"throttled invocations", 1'500},
                    {"failure records", 600}});
}

TEST_F(Histories, HoldThroughKillsAndCutsOfPower) {
  run(500, Ends::kForced, on_disk(Durability::kSync));
  expect_seen(500, {{"records", 15'000},
                    {"power cut", 600},
                    {"kill", 150},
                    {"power went inside a disk call", 200},
                    {"died during an invocation", 200},
                    {"split", 90},
                    {"merge", 60},
                    {"resize", 30},
                    {"unattributed", 2'000},
                    {"attempts counted", 40}});
  // A fault point that no history comes to is a claim without proof.
  for (const env::FaultPoint point : env::all_fault_points()) {
    const std::string name = "fault point " + std::string(env::fault_point_name(point));
    expect_seen(500, {{name.c_str(), 5}});
  }
}

/// Acknowledged is what the system's cache has: it survives the process.
TEST_F(Histories, HoldThroughKillsWithTheSystemsCache) {
  run(100, Ends::kForced, on_disk(Durability::kOs), [](Plan& plan) {
    plan.power_cut = 0;
    plan.kill = 0.6;
  });
  expect_seen(100, {{"kill", 100}, {"died during an invocation", 25}, {"unattributed", 150}});
}

/// One poisoned record in a batch is lost alone.
TEST_F(Histories, BisectLosesNothingButPoison) {
  const auto shape = [](Plan& plan) {
    plan.poison = 0.04;
    plan.long_jump = plan.jump = 0;
    for (MappingPlan& one : plan.mappings) {
      one.configuration.bisect = true;
      one.configuration.batch_size = 100;
      one.configuration.max_age_s = -1;
      one.configuration.max_retries = 12;
      one.function.flaky = 0.1;
    }
  };
  run(40, Ends::kOrderly, in_memory(), shape);
  run(40, Ends::kForced, on_disk(Durability::kSync), shape);
  expect_seen(80, {{"isolated", 50}});
}

/// Poison without bisect: every attempt counts, whatever the server dies of.
TEST_F(Histories, AttemptsSurviveTheDeathsOfTheServer) {
  run(100, Ends::kForced, on_disk(Durability::kSync), [](Plan& plan) {
    plan.poison = 0.15;
    plan.kill = 0.7;
    plan.long_jump = plan.filter_change = 0;
    for (MappingPlan& one : plan.mappings) {
      one.configuration.bisect = one.configuration.report_item_failures = false;
      one.configuration.max_age_s = -1;
      one.configuration.max_retries = static_cast<std::int64_t>(plan.seed % 5);
      one.function.took_max = Millis{2'000};
    }
  });
  expect_seen(100, {{"died during an invocation", 80}, {"attempts counted", 300}});
}

/// Batches that reach the limits of an event, shards that reach theirs.
TEST_F(Histories, HoldWithLargeRecords) {
  run(6, Ends::kOrderly, in_memory(), [](Plan& plan) {
    plan.unwanted = 0;
    for (ProducerPlan& one : plan.producers) {
      one.data_max = 900'000;
      one.records = 15;
      one.batch_max = 10;
    }
    for (MappingPlan& one : plan.mappings) {
      one.configuration.batch_size = 100;
      one.configuration.window_s = 5;
      one.configuration.filters.clear();
      one.starting_position = "TRIM_HORIZON";
    }
  });
  expect_seen(6, {{"throttled", 5}});
}

TEST_F(Histories, OneSeedIsOneHistory) {
  const auto trace = [](std::uint64_t seed, Ends ends, const engine::local::Options& options) {
    const Outcome outcome = run_history(plan_of(seed, ends), options);
    return std::pair(outcome.trace, outcome.seen);
  };
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto once = trace(seed, Ends::kOrderly, in_memory());
    EXPECT_EQ(once, trace(seed, Ends::kOrderly, in_memory())) << "seed " << seed;
    const auto forced = trace(seed, Ends::kForced, on_disk(Durability::kSync));
    EXPECT_EQ(forced, trace(seed, Ends::kForced, on_disk(Durability::kSync))) << "seed " << seed;
    traces.insert({once.first, forced.first});
  }
  EXPECT_EQ(traces.size(), 10u) << "and another seed another";
}

}  // namespace
}  // namespace penstock::sim
