#pragma once

#include "base/task.h"
#include "base/time.h"
#include "engine/engine.h"
#include "env/clocks.h"
#include "env/loop.h"
#include "env/sim/prng.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace penstock::testing {

/// What goes wrong between an engine and those who call it. Chances are per call; in append, those
/// from `refuse` on are per element.
struct EngineFaults {
  double delay_call = 0;        ///< It begins later; so do the calls behind it on its loop.
  double delay_completion = 0;  ///< Its outcome is told later.
  double pause = 0;             ///< As delay_call, for a long time.
  Millis delay_max{20};
  Millis pause_max{3'000};

  double refuse = 0;           ///< kUnavailable; nothing was done.
  double lose_call = 0;        ///< kUnknownOutcome; nothing was done.
  double lose_completion = 0;  ///< kUnknownOutcome; it was done.
};

struct FaultCounts {
  std::uint64_t calls = 0;
  std::uint64_t delayed_calls = 0;
  std::uint64_t delayed_completions = 0;
  std::uint64_t pauses = 0;
  std::uint64_t refused = 0;
  std::uint64_t lost_calls = 0;
  std::uint64_t lost_completions = 0;
};

/// An engine as it looks over a network on a bad day, from a seed.
///
/// It promises what Engine promises: calls of one loop reach the engine in the order they were
/// made, whatever delays them. What answers at once (get, list, bounds, leases) and watches pass
/// through. Refusals and losses befall calls that change something; a barrier is only delayed.
/// stop() waits for the calls that are on their way. For the simulator: one thread.
class FaultyEngine final : public engine::Engine {
 public:
  FaultyEngine(std::unique_ptr<Engine> engine, env::Clocks& clocks, std::vector<env::Loop*> loops,
               std::uint64_t seed, EngineFaults faults);
  ~FaultyEngine() override;

  engine::Log& log() override;
  engine::Meta& meta() override;
  engine::Marks& marks() override;
  engine::Leases& leases() override;
  Task<> stop() override;

  /// From now on.
  void set_faults(EngineFaults faults);
  const FaultCounts& counts() const;

 private:
  class Way;
  class FaultyLog;
  class FaultyMeta;
  class FaultyMarks;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Way> way_;
  std::unique_ptr<FaultyLog> log_;
  std::unique_ptr<FaultyMeta> meta_;
  std::unique_ptr<FaultyMarks> marks_;
};

}  // namespace penstock::testing
