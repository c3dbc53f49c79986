#pragma once

#include "sim/engine/history.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::engine {

/// Files so small that they turn over in every history.
local::Options small_files(local::Durability durability, local::OpenReport* report);

/// Chances for the fault points of the engine.
void make_rare_paths_common(EngineStand& stand);

std::string text_of(const std::vector<std::string>& lines);

/// Opens, though the power may go while it does (at changing call `cut_at`, 0: it does not), and
/// holds what is there against the books. A failed assertion says what is wrong.
void open_and_verify(EngineStand& stand, History& history, std::uint64_t cut_at, bool lenient);

/// No log lines but for one seed alone: what fails in a history fails on purpose.
bool be_quiet();

}  // namespace penstock::engine
