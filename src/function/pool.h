#pragma once

#include "base/ids.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace penstock::function {

using EnvironmentId = StrongId<struct EnvironmentIdTag, std::uint64_t>;
/// One function with one code and configuration; every update makes a new one.
using Generation = StrongId<struct GenerationTag, std::uint64_t>;

/// Which environment takes an invocation, and which ones go. Decisions only: no clocks, no
/// processes. Invariant: busy + idle <= `environments_max`, one invocation per environment.
class Pool {
 public:
  explicit Pool(std::size_t environments_max) : environments_max_(environments_max) {}

  struct Choice {
    EnvironmentId id;
    bool is_new = false;  ///< The caller makes it.
    std::optional<EnvironmentId>
        evicted;  ///< Idle, of another generation: the caller shuts it down.
  };
  /// The generation's most recently used idle environment; else a new one, if need be in the place
  /// of the one that has been idle longest. Nothing: as many are busy as may be.
  std::optional<Choice> acquire(Generation generation);

  /// An invocation has ended. False: the environment is forgotten, and the caller shuts it down:
  /// it is not `reusable`, or its generation was retired meanwhile.
  bool release(EnvironmentId id, SteadyTime now, bool reusable);

  /// Its process ended while it was idle.
  void forget(EnvironmentId id);

  /// No further invocation goes to this generation. Gives its idle environments, to be shut down.
  std::vector<EnvironmentId> retire(Generation generation);

  /// Those idle since `before` or longer; forgotten, to be shut down.
  std::vector<EnvironmentId> expire(SteadyTime before);

  std::size_t busy() const { return members_.size() - idle_count_; }
  std::size_t idle() const { return idle_count_; }

 private:
  struct Member {
    Generation generation;
    bool is_idle = false;
    bool is_retired = false;
    SteadyTime idle_since;
  };
  void leave_idle(EnvironmentId id, Member& member);
  std::optional<EnvironmentId> longest_idle() const;

  const std::size_t environments_max_;
  std::map<EnvironmentId, Member> members_;
  std::map<Generation, std::vector<EnvironmentId>> idle_;  ///< In the order of their release.
  std::size_t idle_count_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace penstock::function
