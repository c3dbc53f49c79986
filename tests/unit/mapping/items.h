#pragma once

#include "mapping/filter.h"
#include "mapping/item.h"

#include <string>
#include <string_view>

/// Records and their surroundings for the tests of this folder.
namespace penstock::mapping::test {

inline constexpr std::int64_t kCreated = 1'790'000'000;

inline stream::SequenceNumber number_at(std::uint64_t index) {
  return {.created_s = kCreated, .index = index, .time_s = kCreated + 60, .shard = 0};
}

/// The views are those given: they outlive the item.
inline Item item_at(std::uint64_t index, std::string_view data, std::string_view key = "k") {
  return {.number = number_at(index),
          .arrival = service_time((kCreated + 60) * 1000 + 123),
          .key = key,
          .data = data};
}

inline EventContext context() {
  return {.shard_id = "shardId-000000000000",
          .source_arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
          .region = "us-east-1",
          .role_arn = "arn:aws:iam::123456789012:role/reader"};
}

}  // namespace penstock::mapping::test
