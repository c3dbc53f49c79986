#include "engine/errors.h"
#include "sim/engine/history.h"
#include "sim/engine/small_files.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <iostream>

// The durable engine under random histories: what was acknowledged or seen is there after a crash,
// with its bytes, at its position; nothing else is; and no crash looks like damage.
// PENSTOCK_SEED=<seed> runs one history alone.

namespace penstock::engine {
namespace {

using local::Durability;
using std::chrono::seconds;
using testing::seeds_or_one;

const bool quiet = be_quiet();

class EngineCrash : public ::testing::TestWithParam<Durability> {};

TEST_P(EngineCrash, KeepsWhatWasAcknowledgedOrSeen) {
  std::uint64_t acknowledged = 0;
  const auto all = seeds_or_one(400);
  for (const std::uint64_t seed : all) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    local::OpenReport report;
    EngineStand stand(seed, small_files(GetParam(), &report), {.loops = 2, .slow_job = 0.01});
    make_rare_paths_common(stand);
    stand.open();
    History history(seed, stand, {});
    for (int round = 0; round < 4; ++round) {
      stand.world.disk().cut_power_at(1 + random() % 150);
      history.start(60);
      stand.world.run_until([&] { return !history.running(); }, seconds(60));
      const bool is_cut = stand.world.disk().power_is_out() || random() % 3 != 0;
      is_cut ? stand.cut_power() : stand.kill();
      stand.world.disk().cut_power_at(0);
      history.forget_running();
      const bool lenient = GetParam() == Durability::kOs && is_cut;
      const bool cut_again = random() % 4 == 0;
      open_and_verify(stand, history, cut_again ? 1 + random() % 30 : 0,
                      lenient || (cut_again && GetParam() == Durability::kOs));
      if (HasFatalFailure()) return;
      ASSERT_EQ(report.damaged_records + report.damaged_commits + report.damaged_segments, 0u)
          << "a crash is no damage";
    }
    acknowledged += history.acknowledged_records();
  }
  EXPECT_GT(acknowledged, all.size() * 50) << "the histories say little";
}

INSTANTIATE_TEST_SUITE_P(Durabilities, EngineCrash,
                         ::testing::Values(Durability::kSync, Durability::kOs),
                         [](const auto& info) {
                           return info.param == Durability::kSync ? "Sync" : "Os";
                         });

/// Goes through all sequences of answers to "which of n?", one sequence for each run.
class EveryChoice {
 public:
  std::uint64_t choose(std::uint64_t possibilities) {
    if (at_ == made_.size()) made_.push_back({0, possibilities});
    return made_[at_++].chosen;
  }
  /// To the next sequence; false after the last one.
  bool next() {
    at_ = 0;
    while (!made_.empty() && made_.back().chosen + 1 == made_.back().possibilities) {
      made_.pop_back();
    }
    if (made_.empty()) return false;
    ++made_.back().chosen;
    return true;
  }
  std::string text() const {
    std::string text;
    for (const Choice& one : made_) {
      text += " " + std::to_string(one.chosen) + "/" + std::to_string(one.possibilities);
    }
    return text;
  }

 private:
  struct Choice {
    std::uint64_t chosen = 0;
    std::uint64_t possibilities = 1;
  };
  std::vector<Choice> made_;
  std::size_t at_ = 0;
};

/// How many changing calls a short history makes, uncut.
std::uint64_t calls_of(std::uint64_t seed, int operations) {
  EngineStand stand(seed, small_files(Durability::kSync, nullptr), {.loops = 2});
  make_rare_paths_common(stand);
  const std::uint64_t before = stand.world.disk().calls();
  stand.open();
  History history(seed, stand, {});
  history.start(operations);
  stand.world.run_until([&] { return !history.running(); });
  return stand.world.disk().calls() - before;
}

TEST(EngineCrashPoints, EveryCallOfAShortHistoryMayBeTheLast) {
  for (const std::uint64_t seed : seeds_or_one(6)) {
    const std::uint64_t calls = calls_of(seed, 25);
    for (std::uint64_t cut = 1; cut <= calls; ++cut) {
      SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed) + " cut at call " + std::to_string(cut));
      EngineStand stand(seed, small_files(Durability::kSync, nullptr), {.loops = 2});
      make_rare_paths_common(stand);
      stand.world.disk().cut_power_at(cut);
      History history(seed, stand, {});
      if (stand.try_open().ok()) {
        history.start(25);
        stand.world.run_until([&] { return !history.running(); });
      }
      stand.cut_power();
      history.forget_running();
      open_and_verify(stand, history, 0, false);
      if (HasFatalFailure()) return;
    }
  }
}

/// The power goes in every call, and of what was not durable then every prefix survives: of each
/// write so many sectors, of each folder so many of its changes.
TEST(EngineCrashPoints, EveryPrefixOfWhatWasNotDurableMaySurvive) {
  constexpr int kOperations = 12;
  std::uint64_t runs = 0;
  for (const std::uint64_t seed : seeds_or_one(2)) {
    const std::uint64_t calls = calls_of(seed, kOperations);
    for (std::uint64_t cut = 1; cut <= calls; ++cut) {
      EveryChoice choices;
      do {
        ++runs;
        EngineStand stand(seed, small_files(Durability::kSync, nullptr), {.loops = 2});
        make_rare_paths_common(stand);
        stand.world.disk().choose_survivors([&](std::uint64_t n) { return choices.choose(n); });
        stand.world.disk().cut_power_at(cut);
        History history(seed, stand, {});
        if (stand.try_open().ok()) {
          history.start(kOperations);
          stand.world.run_until([&] { return !history.running(); });
        }
        stand.cut_power();
        history.forget_running();
        SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed) + " cut at call " +
                     std::to_string(cut) + ", survivors" + choices.text());
        open_and_verify(stand, history, 0, false);
        if (HasFatalFailure()) return;
      } while (choices.next());
    }
    std::cout << "  seed " << seed << ": " << calls << " calls, " << runs << " crashes so far\n";
  }
}

TEST(EngineFailingDisk, AFailedWriteClosesTheJournalAndNothingAcknowledgedIsLost) {
  for (const std::uint64_t seed : seeds_or_one(200)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const bool os = seed % 2 == 0;
    EngineStand stand(seed, small_files(os ? Durability::kOs : Durability::kSync, nullptr),
                      {.loops = 2});
    make_rare_paths_common(stand);
    stand.open();
    History history(seed, stand, {});
    history.start(60);
    const auto calm = Millis(random() % 200);
    stand.world.run_until([&] { return !history.running(); }, calm);
    stand.world.disk().set_faults({.write_error = 0.2, .sync_error = os ? 0.2 : 0});
    stand.world.run_until([&] { return !history.running(); }, seconds(60));
    stand.world.disk().set_faults({});
    stand.kill();
    history.forget_running();
    stand.open();
    history.expect_failed_journal(true);
    const auto wrong = history.verify();
    ASSERT_TRUE(wrong.empty()) << text_of(wrong);
  }
}

TEST(EngineFullDisk, RefusesRecordsKeepsDeletingAndGoesOnByItself) {
  for (const std::uint64_t seed : seeds_or_one(40)) {
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed));
    EngineStand stand(seed, small_files(Durability::kSync, nullptr), {.loops = 2});
    stand.world.disk().set_capacity(700'000 + seed * 10'000);
    stand.open();
    ASSERT_TRUE(stand.ensure(LogId{1}, 1).ok());
    ASSERT_TRUE(stand.ensure(LogId{2}, 1).ok());
    const ShardRef big{LogId{1}, 0};
    const ShardRef small{LogId{2}, 0};
    ASSERT_TRUE(stand.append(small, {"kept"}).ok());
    Result<Appended> appended = Appended{};
    int stored = 0;
    for (; stored < 400; ++stored) {
      appended = stand.append(big, {std::string(20'000, 'x')});
      if (!appended.ok()) break;
    }
    ASSERT_FALSE(appended.ok()) << "the disk was never full";
    EXPECT_EQ(appended.error().code, EngineErrc::kNoSpace) << appended.error().message;
    // What deletes, and what remembers, still works.
    std::vector<Change> changes;
    changes.push_back({.key = "deleted", .value = "yes"});
    ASSERT_TRUE(stand.world.run(stand.engine().meta().commit(std::move(changes))).ok());
    ASSERT_EQ(stand.read_all(big)->size(), static_cast<std::size_t>(stored));
    ASSERT_TRUE(stand.world.run(stand.log().drop(LogId{1})).ok());
    stand.world.run_for(seconds(5));
    const auto again = stand.append(small, {"again"});
    ASSERT_TRUE(again.ok()) << again.error().message;
    stand.crash();
    EXPECT_EQ(*stand.read_all(small), (std::vector<std::string>{"kept", "again"}));
    EXPECT_FALSE(stand.log().bounds(big).ok());
  }
}

}  // namespace
}  // namespace penstock::engine
