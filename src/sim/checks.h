#pragma once

#include "sim/history.h"
#include "sim/plan.h"
#include "sim/system.h"

#include <map>
#include <string>
#include <vector>

namespace penstock::sim {

/// One mapping of a history, and what was done to it.
struct Consumer {
  MappingPlan plan;
  std::string function;  ///< Its ARN.
  std::string uuid;
  bool enabled = true;
  /// AT_TIMESTAMP: from there on. LATEST: when it was known to be enabled.
  ServiceTime started_at{};
  bool keeps_attempts = true;  ///< Its number of lanes was not changed.
  bool keeps_filters = true;
};

/// What happened in a history, as far as it loosens a law.
struct Facts {
  std::vector<Consumer> consumers;
  std::map<std::string, std::string> failures;  ///< Bodies by message id, out of the queue.
  bool was_restarted = false;                   ///< Orderly, by force, or the pollers by an update.
  std::uint32_t deaths = 0;                     ///< By force.
  bool disk_was_bad = false;
  bool queue_was_removed = false;
};

/// When a batch of `shard` reaches a function: its parents must be settled to their ends.
void check_parents(System& system, const std::string& function, std::uint32_t shard);

/// At rest: every record met one fate, the one that the models saw, and the books balance.
void check_everything(System& system, const Plan& plan, const Facts& facts, Outcome& outcome);

}  // namespace penstock::sim
