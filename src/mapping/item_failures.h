#pragma once

#include "mapping/item.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace penstock::mapping {

/// What a reply to ReportBatchItemFailures says of a batch.
struct ItemFailures {
  enum class Kind : std::uint8_t {
    kNone,   ///< All succeeded.
    kFrom,   ///< The record at `first` and everything behind it is to be retried.
    kBatch,  ///< The reply names what is not in the batch, or is no such reply: everything failed.
  };
  Kind kind = Kind::kNone;
  std::size_t first = 0;
};

/// `payload` is the function's reply as it came.
ItemFailures read_item_failures(std::string_view payload, std::span<const Item> batch);

}  // namespace penstock::mapping
