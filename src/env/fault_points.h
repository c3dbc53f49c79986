#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock::env {

/// Rare paths made common by name, for the simulator and the scenario lab.
/// Every point is listed here; a simulation reports which were never reached.
enum class FaultPoint : std::uint8_t {
  kJournalFileShort,   ///< A journal file is closed although it has room.
  kFlushDelayed,       ///< Chunks stay in memory although they could be flushed.
  kSnapshotNow,        ///< The state log snapshots although it is not due.
  kSegmentCompactNow,  ///< A shared segment is rewritten although enough of it is alive.
  kEvictNow,           ///< Chunks that are in segments leave memory although there is room.
  kShortRead,          ///< A read returns fewer records than it could.
  kDestinationFails,   ///< A failure destination refuses once.
  kInvokeThrottled,    ///< The function service answers "throttled".
  kCount,
};
std::string_view fault_point_name(FaultPoint point);
std::vector<FaultPoint> all_fault_points();

class FaultPoints {
 public:
  virtual ~FaultPoints() = default;
  virtual bool hit(FaultPoint point) = 0;
};

/// Never hits: the real world has faults of its own.
class NoFaults final : public FaultPoints {
 public:
  bool hit(FaultPoint) override { return false; }
};

}  // namespace penstock::env
