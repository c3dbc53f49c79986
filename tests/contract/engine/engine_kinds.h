#pragma once

#include "support/engine_stand.h"
#include "support/faulty_engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::engine {

using testing::EngineStand;

/// What the suite runs against.
enum class EngineKind { kMemory, kSync, kOs, kSmallFiles, kDelayed };

inline std::vector<EngineKind> engine_kinds() {
  return {EngineKind::kMemory, EngineKind::kSync, EngineKind::kOs, EngineKind::kSmallFiles,
          EngineKind::kDelayed};
}

inline std::string kind_name(const ::testing::TestParamInfo<EngineKind>& info) {
  switch (info.param) {
    case EngineKind::kMemory: return "Memory";
    case EngineKind::kSync: return "Sync";
    case EngineKind::kOs: return "Os";
    case EngineKind::kSmallFiles: return "SmallFiles";
    case EngineKind::kDelayed: return "Delayed";
  }
  return "Unknown";
}

/// kSmallFiles turns the journal's files over all the time, so that much is read from segments.
inline local::Options options_of(EngineKind kind) {
  local::Options options;
  if (kind == EngineKind::kMemory) return options;
  options.folder = "/data";
  options.durability = kind == EngineKind::kOs ? local::Durability::kOs : local::Durability::kSync;
  if (kind == EngineKind::kSmallFiles) {
    options.journal_first_file_bytes = 16u << 10;
    options.journal_file_bytes_max = 32u << 10;
    options.journal_bytes_max = 128u << 10;
    options.ballast_bytes = 64u << 10;
  }
  return options;
}

/// Every other call or outcome comes late: what the interface promises does not depend on when.
inline testing::EngineFaults delays() {
  return {.delay_call = 0.5, .delay_completion = 0.5, .pause = 0.02};
}

/// One engine of the kind, open.
class EngineContract : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    stand_ = std::make_unique<EngineStand>(42, options_of(GetParam()));
    if (GetParam() == EngineKind::kDelayed) {
      env::Env& env = stand_->world.env();
      stand_->wrap_engine([&env](std::unique_ptr<Engine> engine) -> std::unique_ptr<Engine> {
        return std::make_unique<testing::FaultyEngine>(std::move(engine), env.clocks, env.loops, 42,
                                                       delays());
      });
    }
    stand_->open();
  }
  EngineStand& stand() { return *stand_; }
  bool survives_reopen() const { return GetParam() != EngineKind::kMemory; }

 private:
  std::unique_ptr<EngineStand> stand_;
};

}  // namespace penstock::engine
