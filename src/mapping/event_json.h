#pragma once

#include "mapping/filter.h"
#include "mapping/item.h"

#include <cstddef>
#include <span>
#include <string>

namespace penstock::mapping {

/// The largest event that a function takes.
inline constexpr std::size_t kEventBytesMax = 6'291'456;
/// {"Records":[]}
inline constexpr std::size_t kEventFrameBytes = 14;

/// Exactly what a record adds to an event, a comma included: an event of n records, n > 0, has
/// kEventFrameBytes - 1 bytes more than their sum. Does not read event_bytes.
std::size_t event_record_bytes(const Item& record, const EventContext& context);

/// The event of reference behaviour, compact, members in the service's order.
std::string event_json(std::span<const Item> records, const EventContext& context);

}  // namespace penstock::mapping
