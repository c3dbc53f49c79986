#include "sim/engine/small_files.h"

#include "base/log.h"
#include "env/fault_points.h"
#include "support/seeds.h"

#include <gtest/gtest.h>

namespace penstock::engine {

local::Options small_files(local::Durability durability, local::OpenReport* report) {
  local::Options options{.folder = "/data", .durability = durability};
  options.journal_first_file_bytes = 16u << 10;
  options.journal_file_bytes_max = 64u << 10;
  options.journal_bytes_max = 256u << 10;
  options.ballast_bytes = 32u << 10;
  options.report = report;
  return options;
}

void make_rare_paths_common(EngineStand& stand) {
  stand.world.faults().set_chance(env::FaultPoint::kJournalFileShort, 0.05);
  stand.world.faults().set_chance(env::FaultPoint::kFlushDelayed, 0.3);
  stand.world.faults().set_chance(env::FaultPoint::kSnapshotNow, 0.1);
  stand.world.faults().set_chance(env::FaultPoint::kSegmentCompactNow, 0.1);
  stand.world.faults().set_chance(env::FaultPoint::kEvictNow, 0.2);
  stand.world.faults().set_chance(env::FaultPoint::kShortRead, 0.1);
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void open_and_verify(EngineStand& stand, History& history, std::uint64_t cut_at, bool lenient) {
  if (cut_at != 0) {
    stand.world.disk().cut_power_at(cut_at);
    const Status opened = stand.try_open();
    if (!opened.ok() || stand.world.disk().power_is_out()) {
      stand.cut_power();
    } else {
      stand.world.disk().cut_power_at(0);
    }
  }
  if (!stand.is_open()) {
    const Status opened = stand.try_open();
    ASSERT_TRUE(opened.ok()) << "it does not open: " << opened.error().message;
  }
  const auto wrong = history.verify(lenient);
  ASSERT_TRUE(wrong.empty()) << text_of(wrong);
}

bool be_quiet() {
  if (!testing::is_one_seed()) log::set_level(log::Level::kOff);
  return true;
}

}  // namespace penstock::engine
