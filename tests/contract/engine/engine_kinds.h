#pragma once

#include "support/engine_stand.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace penstock::engine {

using testing::EngineStand;

/// What the suite runs against.
enum class EngineKind { kMemory };

inline std::vector<EngineKind> engine_kinds() { return {EngineKind::kMemory}; }

inline std::string kind_name(const ::testing::TestParamInfo<EngineKind>& info) {
  switch (info.param) {
    case EngineKind::kMemory: return "Memory";
  }
  return "Unknown";
}

/// One engine of the kind, open.
class EngineContract : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    stand_ = std::make_unique<EngineStand>(42);
    stand_->open();
  }
  EngineStand& stand() { return *stand_; }
  bool survives_reopen() const { return GetParam() != EngineKind::kMemory; }

 private:
  std::unique_ptr<EngineStand> stand_;
};

}  // namespace penstock::engine
