#pragma once

#include "support/engine_stand.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace penstock::engine {

using testing::EngineStand;

/// What the suite runs against.
enum class EngineKind { kMemory, kSync, kOs, kSmallFiles };

inline std::vector<EngineKind> engine_kinds() {
  return {EngineKind::kMemory, EngineKind::kSync, EngineKind::kOs, EngineKind::kSmallFiles};
}

inline std::string kind_name(const ::testing::TestParamInfo<EngineKind>& info) {
  switch (info.param) {
    case EngineKind::kMemory: return "Memory";
    case EngineKind::kSync: return "Sync";
    case EngineKind::kOs: return "Os";
    case EngineKind::kSmallFiles: return "SmallFiles";
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

/// One engine of the kind, open.
class EngineContract : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    stand_ = std::make_unique<EngineStand>(42, options_of(GetParam()));
    stand_->open();
  }
  EngineStand& stand() { return *stand_; }
  bool survives_reopen() const { return GetParam() != EngineKind::kMemory; }

 private:
  std::unique_ptr<EngineStand> stand_;
};

}  // namespace penstock::engine
