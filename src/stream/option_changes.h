#pragma once

#include "base/result.h"
#include "base/time.h"
#include "stream/entry.h"
#include "stream/stream_options.h"

#include <cstdint>
#include <string_view>

/// What the operations on a stream's settings do to its entry, pure. The stream is ACTIVE; an
/// entry is left as it is where an error is given. Errors are StreamErrc in the service's words.
namespace penstock::stream {

/// What has left retention by `now` does not come back.
Status change_retention(StreamEntry& entry, RetentionChange change, std::int64_t hours,
                        ServiceTime now);
/// kib: 1024..10240, checked by the caller's shape.
Status change_max_record(StreamEntry& entry, std::int64_t kib);
/// fails     kInvalidArgument: a provisioned stream's records go where their keys say
Status change_distribution(StreamEntry& entry, Distribution distribution);
MetricsChange change_metrics(StreamEntry& entry, MetricSet named, Switch to);

/// Forms that name a key: its id, "alias/name", or the ARN of either.
bool is_key_id(std::string_view text);
/// A switch of encryption lies so far ahead when it is stored, that every put knows of it before it
/// holds: what it is answered is then what its record is. A commit is quicker, nearly always.
inline constexpr Millis kSwitchAhead{50};
/// When a change of encryption is asked for, and from when on it holds.
struct EncryptionMoment {
  ServiceTime now;
  ServiceTime from;
  std::int64_t calls_max = 25;  ///< Of a kind in 24 hours; 0: as many as may be.
};
/// Records that arrive from then on count as encrypted; with another key or the same, they go on
/// to. fails: kInvalidArgument (key), kLimitExceeded
Status start_encryption(StreamEntry& entry, std::string_view key_id, EncryptionMoment at);
/// Of a stream that is not encrypted: nothing happens, and the call counts.
Status stop_encryption(StreamEntry& entry, std::string_view key_id, EncryptionMoment at);
/// Forgets switches that no record within retention can tell apart.
void forget_switches(StreamEntry& entry, ServiceTime now);

}  // namespace penstock::stream
