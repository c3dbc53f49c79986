#pragma once

#include "base/time.h"
#include "stream/sequence_number.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace penstock::mapping {

/// A record on its way to the function. The views live as long as the pin.
struct Item {
  stream::SequenceNumber number;
  ServiceTime arrival;
  std::string_view key;
  std::string_view data;
  std::shared_ptr<const void> pin;
  std::size_t event_bytes = 0;  ///< What it adds to the event, from event_record_bytes().
  std::uint64_t place = 0;      ///< In its shard's Progress; given when it is taken.

  engine::Position at() const { return {number.index}; }
};

}  // namespace penstock::mapping
