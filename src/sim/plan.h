#pragma once

#include "base/time.h"
#include "env/sim/prng.h"
#include "mapping/record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace penstock::sim {

using env::sim::Prng;

/// A modelled producer. A careful one sends refused entries again until they are stored; a careless
/// one never looks at the reply.
struct ProducerPlan {
  bool careful = true;
  std::size_t records = 0;
  std::size_t batch_max = 20;
  std::size_t data_max = 40;
  std::size_t keys = 4;
  Millis pause_max{400};
};

/// A modelled function. Poisoned records always fail; each other record fails a number of times
/// that follows from its content, up to `flaky_max`, and then never again.
struct FunctionPlan {
  double flaky = 0;             ///< Chance that a record is one that fails at first.
  std::uint32_t flaky_max = 0;  ///< How often at most.
  double throttle = 0;          ///< Chance that an invocation finds no environment free.
  double unavailable = 0;       ///< Chance that the service cannot run it.
  Millis took_max{300};
};

struct MappingPlan {
  std::string starting_position = "TRIM_HORIZON";
  Millis created_after{0};
  mapping::Configuration configuration;
  FunctionPlan function;
};

/// Everything that one history is drawn from; it follows from the seed.
struct Plan {
  std::uint64_t seed = 0;
  std::int64_t shards = 1;
  double poison = 0;    ///< Share of records on which every function fails.
  double unwanted = 0;  ///< Share of records that filters are to hold back.
  std::vector<ProducerPlan> producers;
  std::vector<MappingPlan> mappings;
  int phases = 6;  ///< Of some seconds each, with an event behind every one.
  Millis phase_max{4'000};
  double reshard = 0;        ///< Chances of the events, per phase.
  double jump = 0;           ///< Of the service clock, by minutes.
  double long_jump = 0;      ///< By more than retention.
  double update = 0;         ///< A mapping's configuration, or off and on again.
  double filter_change = 0;  ///< Of the filters; afterwards order is not what it was.
  double restart = 0;        ///< An orderly one.
  double kill = 0;           ///< The process dies. Needs an engine with files.
  double power_cut = 0;      ///< Inside some disk call. Needs a durable engine.
  double destination_fails = 0;
  double destination_gone = 0;  ///< The queue is removed and made again.
  double engine_faults = 0;     ///< Chance of the engine's rare paths, each time they are possible.
  double disk_fails = 0;        ///< Chance, per phase, that the disk fails a write, or is full.
  double slow_disk = 0;         ///< Chance that a job of the engine takes up to a second.
};

/// Whether the history ends by force at times, which an engine without files does not survive.
enum class Ends : std::uint8_t { kOrderly, kForced };

Plan plan_of(std::uint64_t seed, Ends ends);

}  // namespace penstock::sim
