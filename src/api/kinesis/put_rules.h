#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/put_body.h"
#include "shape/check.h"

#include <string_view>

/// The tables' rules for the members of puts, as the hand-written readers ask them.
namespace penstock::api::kinesis::put_rules {

/// Characters as AWS counts them, not bytes; the text is valid UTF-8.
inline bool is_partition_key(std::string_view key) {
  if (key.empty()) return false;
  if (key.size() <= kPartitionKeyCharactersMax) return true;
  return shape::character_count(key) <= kPartitionKeyCharactersMax;
}

inline bool is_name(std::string_view name) { return name.size() <= 128 && is_stream_name(name); }
inline bool is_arn(std::string_view arn) { return arn.size() <= 2048 && is_stream_arn(arn); }

inline bool is_entry_count(std::size_t entries) {
  return entries >= 1 && entries <= kPutRecordsEntriesMax;
}

}  // namespace penstock::api::kinesis::put_rules
