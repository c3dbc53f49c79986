#pragma once

#include "engine/local/local_engine.h"
#include "sim/plan.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace penstock::sim {

/// What one history showed.
struct Outcome {
  std::vector<std::string> complaints;        ///< Empty: all laws held.
  std::uint64_t trace = 0;                    ///< The same for the same seed.
  std::map<std::string, std::uint64_t> seen;  ///< How often the interesting things happened.
  std::vector<std::string> events;            ///< What was done to the server, in order.
  std::string replay;                         ///< How to run it again.

  bool good() const { return complaints.empty(); }
  /// Complaints and how to replay them, for a test's message.
  std::string report() const;
};

/// Runs a plan on a simulated machine: producers, reshards, clock jumps, updates, restarts,
/// crashes; then lets everything come to rest and holds the books against what the models saw.
Outcome run_history(const Plan& plan, const engine::local::Options& engine_options);

}  // namespace penstock::sim
