#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "mapping/filter.h"
#include "mapping/item.h"

namespace penstock::mapping {

/// The largest event that a function takes.
inline constexpr std::size_t kEventBytesMax = 6'291'456;
/// {"Records":[]}
inline constexpr std::size_t kEventFrameBytes = 14;

/// Exactly what a record adds to an event, a comma included. Not less than the truth, whatever its key.
std::size_t event_record_bytes(std::string_view key, std::string_view data, const EventContext& context);

/// The event of reference behaviour, compact, members in the service's order.
std::string event_json(std::span<const Item> records, const EventContext& context);

}  // namespace penstock::mapping
