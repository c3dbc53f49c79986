#pragma once

#include "cli/shards.h"
#include "cli/wire.h"

#include <cstddef>
#include <vector>

namespace penstock::cli {

/// As large as the Kinesis Producer Library lets an envelope become (AggregationMaxSize).
inline constexpr std::size_t kAggregateBytesMax = 51'200;

struct Aggregated {
  std::vector<wire::PutEntry> entries;  ///< Those for one shard in the order of their records.
  std::size_t envelopes = 0;            ///< The others are plain records.
};

/// Packs records that belong into the same shard into envelopes, as the Kinesis Producer Library
/// does: partition key "a", the explicit hash key of the first record. A record that would be
/// alone in its envelope, or has no shard, stays plain.
Aggregated aggregate(std::vector<wire::PutEntry> records, const OpenShards& shards);

/// The records of an envelope of ours that readers of a shard with this range would drop: the
/// stream was resharded between packing and storing. Nothing for a plain record.
std::vector<wire::PutEntry> misplaced_in(const wire::PutEntry& stored, const HashKeyRange& shard);

}  // namespace penstock::cli
