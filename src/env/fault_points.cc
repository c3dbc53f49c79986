#include "env/fault_points.h"

namespace penstock::env {

std::string_view fault_point_name(FaultPoint point) {
  switch (point) {
    case FaultPoint::kJournalFileShort: return "journal_file_short";
    case FaultPoint::kFlushDelayed: return "flush_delayed";
    case FaultPoint::kSnapshotNow: return "snapshot_now";
    case FaultPoint::kSegmentCompactNow: return "segment_compact_now";
    case FaultPoint::kShortRead: return "short_read";
    case FaultPoint::kDestinationFails: return "destination_fails";
    case FaultPoint::kInvokeThrottled: return "invoke_throttled";
    case FaultPoint::kCount: break;
  }
  return "unknown";
}

}  // namespace penstock::env
