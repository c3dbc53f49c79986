#include "env/fault_points.h"

namespace penstock::env {

std::string_view fault_point_name(FaultPoint point) {
  switch (point) {
    case FaultPoint::kJournalFileShort: return "journal_file_short";
    case FaultPoint::kFlushDelayed: return "flush_delayed";
    case FaultPoint::kSnapshotNow: return "snapshot_now";
    case FaultPoint::kSegmentCompactNow: return "segment_compact_now";
    case FaultPoint::kEvictNow: return "evict_now";
    case FaultPoint::kShortRead: return "short_read";
    case FaultPoint::kDestinationFails: return "destination_fails";
    case FaultPoint::kInvokeThrottled: return "invoke_throttled";
    case FaultPoint::kCount: break;
  }
  return "unknown";
}

std::vector<FaultPoint> all_fault_points() {
  std::vector<FaultPoint> all;
  for (int i = 0; i < static_cast<int>(FaultPoint::kCount); ++i) {
    all.push_back(static_cast<FaultPoint>(i));
  }
  return all;
}

}  // namespace penstock::env
