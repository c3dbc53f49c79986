#include "engine/errors.h"
#include "env/fault_points.h"
#include "sim/engine/history.h"
#include "sim/engine/small_files.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>

// Many histories, one crash each, over everything that may be combined: both durabilities, a disk
// that fails writes or syncs, is full or slow, and an end by a cut of power inside a disk call, a
// cut of power at any time, or a kill; the next start may be cut off as well.
// PENSTOCK_SEED=1-100000 is the long form; PENSTOCK_SEED=<seed> runs one history alone.

namespace penstock::engine {
namespace {

using local::Durability;
using std::chrono::seconds;

constexpr std::uint64_t kSeeds = 1'000;

const bool quiet = be_quiet();

enum class Trouble : std::uint8_t { kNone, kFailingDisk, kFullDisk, kSlowDisk };
enum class End : std::uint8_t { kCutInACall, kCutAtATime, kKilled };

constexpr const char* kTroubleNames[] = {"sound disk", "failing disk", "full disk", "slow disk"};
constexpr const char* kEndNames[] = {"cut inside a disk call", "cut at a time", "killed"};

/// What one history is made of; it follows from the seed.
struct Draw {
  Durability durability = Durability::kSync;
  Trouble trouble = Trouble::kNone;
  End end = End::kCutInACall;
  bool cut_while_opening = false;
  int operations = 0;

  std::string name() const {
    return std::string(durability == Durability::kSync ? "sync" : "os") + ", " +
           kTroubleNames[static_cast<int>(trouble)] + ", " + kEndNames[static_cast<int>(end)] +
           (cut_while_opening ? ", and again while opening" : "");
  }
  /// With "os" the system's cache is lost in a cut of power, and with it the newest records.
  bool may_lose() const {
    return durability == Durability::kOs && (end != End::kKilled || cut_while_opening);
  }
};

Draw draw_of(std::mt19937_64& random) {
  Draw draw;
  draw.durability = random() % 4 == 0 ? Durability::kOs : Durability::kSync;
  const Trouble troubles[] = {Trouble::kNone, Trouble::kNone, Trouble::kFailingDisk,
                              Trouble::kFullDisk, Trouble::kSlowDisk};
  draw.trouble = troubles[random() % 5];
  const End ends[] = {End::kCutInACall, End::kCutInACall, End::kCutAtATime, End::kKilled};
  draw.end = ends[random() % 4];
  draw.cut_while_opening = random() % 4 == 0;
  draw.operations = static_cast<int>(10 + random() % 50);
  return draw;
}

/// What the runs came to, to be looked at, and asserted over all seeds.
using Tally = std::map<std::string, std::uint64_t>;

class EngineOneCrash : public ::testing::Test {
 protected:
  void run(std::uint64_t seed) {
    std::mt19937_64 random(seed * 2'654'435'761 + 17);
    const Draw draw = draw_of(random);
    SCOPED_TRACE("PENSTOCK_SEED=" + std::to_string(seed) + " (" + draw.name() + ")");
    local::OpenReport report;
    EngineStand stand(seed, small_files(draw.durability, &report),
                      {.loops = 2, .slow_job = draw.trouble == Trouble::kSlowDisk ? 0.02 : 0});
    make_rare_paths_common(stand);
    stand.open();
    History history(seed, stand, {});
    live(stand, history, draw, random);
    stand.world.disk().set_faults({});
    draw.end == End::kKilled && !stand.world.disk().power_is_out() ? stand.kill()
                                                                   : stand.cut_power();
    stand.world.disk().cut_power_at(0);
    history.forget_running();
    history.expect_failed_journal(draw.trouble == Trouble::kFailingDisk);
    if (draw.trouble == Trouble::kFullDisk) start_on_full_disk(stand);
    if (HasFatalFailure()) return;
    open_and_verify(stand, history, draw.cut_while_opening ? 1 + random() % 30 : 0,
                    draw.may_lose());
    if (HasFatalFailure()) return;
    const std::uint64_t damage =
        report.damaged_records + report.damaged_commits + report.damaged_segments;
    ASSERT_EQ(damage, 0u) << "a crash is no damage";
    note(stand, history, draw, report);
    if (random() % 4 == 0) go_on(stand, history);
  }

  void live(EngineStand& stand, History& history, const Draw& draw, std::mt19937_64& random) {
    env::sim::Disk& disk = stand.world.disk();
    const auto until = [&](Nanos within) {
      stand.world.run_until([&] { return !history.running(); }, within);
    };
    if (draw.trouble == Trouble::kFullDisk) {
      disk.set_capacity(disk.used_bytes() + random() % 400'000);
    }
    if (draw.end == End::kCutInACall) disk.cut_power_at(1 + random() % 150);
    history.start(draw.operations);
    const Nanos lifetime =
        draw.end == End::kCutInACall ? Nanos(seconds(60)) : Nanos(Millis(1 + random() % 800));
    if (draw.trouble != Trouble::kFailingDisk) return until(lifetime);
    until(Millis(random() % 200));
    disk.set_faults({.write_error = 0.2, .sync_error = 0.2});
    until(lifetime);
  }

  /// Whatever was spent, there is room to start in. Then there is room again.
  void start_on_full_disk(EngineStand& stand) {
    const Status opened = stand.try_open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ++seen_["started on a full disk"];
    stand.kill();
    stand.world.disk().set_capacity(~std::uint64_t{0});
  }

  /// It is an engine like any other afterwards.
  void go_on(EngineStand& stand, History& history) {
    stand.world.disk().set_capacity(~std::uint64_t{0});
    history.start(10);
    stand.world.run_until([&] { return !history.running(); }, seconds(60));
    ASSERT_FALSE(history.running()) << "the clients stand still";
    stand.world.run_for(seconds(5));  // Readers end behind the clients.
    stand.reopen();
    const auto wrong = history.verify();
    ASSERT_TRUE(wrong.empty()) << "after going on: " << text_of(wrong);
    ++seen_["went on"];
  }

  void note(EngineStand& stand, const History& history, const Draw& draw,
            const local::OpenReport& report) {
    ++seen_[draw.name()];
    seen_["acknowledged records"] += history.acknowledged_records();
    seen_["torn tails"] += report.torn_tail ? 1 : 0;
    seen_["starts with commits to replay"] += report.replayed_commits > 0 ? 1 : 0;
    seen_["refused because the disk was full"] += history.troubles().contains("no_space") ? 1 : 0;
    for (const env::FaultPoint point : env::all_fault_points()) {
      seen_["fault point " + std::string(env::fault_point_name(point))] +=
          stand.world.faults().hits(point);
    }
  }

  Tally seen_;
};

/// The fault points that an engine alone can come to; the others are the mappings' own.
bool is_of_engine(const std::string& what) {
  return what != "fault point destination_fails" && what != "fault point invoke_throttled";
}

TEST_F(EngineOneCrash, LosesNothingAcknowledgedWhateverTheDiskAndTheEnd) {
  const auto all = testing::seeds_or_one(kSeeds);
  for (const std::uint64_t seed : all) {
    run(seed);
    if (HasFatalFailure()) return;
  }
  for (const auto& [what, count] : seen_) std::cout << "  " << what << ": " << count << "\n";
  if (all.size() < kSeeds) return;
  EXPECT_GT(seen_["acknowledged records"], all.size() * 10) << "the histories say little";
  std::size_t combinations = 0;
  for (const auto& [what, count] : seen_) {
    combinations += what.starts_with("sync, ") || what.starts_with("os, ") ? 1 : 0;
    if (is_of_engine(what)) EXPECT_GT(count, 0u) << "never reached: " << what;
  }
  EXPECT_EQ(combinations, 2u * 4u * 3u * 2u) << "not everything was crossed with everything";
}

}  // namespace
}  // namespace penstock::engine
