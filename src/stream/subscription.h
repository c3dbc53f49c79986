#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/log.h"
#include "stream/consumer_types.h"
#include "stream/sequence_number.h"
#include "stream/types.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock::stream {

struct SubscribeToShard {
  std::string_view consumer_arn;
  std::string_view shard_id;  ///< As the client wrote it.
  IteratorType type = IteratorType::kLatest;
  std::optional<std::string_view> sequence_number;
  std::optional<ServiceTime> timestamp;
  bool dry_run = false;
};

/// One event of a subscription: records, or none when only time has passed. `slice` pins their
/// memory; `charge` goes with the frame that is made of it until that is sent.
struct SubscriptionEvent {
  engine::Slice slice;
  Budget::Share charge;
  ShardStamp stamp;
  /// Where to subscribe again, AFTER it; nothing at the end of a closed shard.
  std::optional<SequenceNumber> continuation;
  std::int64_t millis_behind_latest = 0;
  std::vector<ChildShard> child_shards;          ///< Exactly at the end of a closed shard.
  std::shared_ptr<const Encryption> encryption;  ///< Null when no record was ever encrypted.
};

/// A shard's records as they become durable, to one reader. Lives on the loop it was made on; the
/// service outlives it. Idle it costs a place in the registry, one watch and one timer.
class Subscription {
 public:
  virtual ~Subscription() = default;
  /// The next event, asked for once the one before has gone out: as long as nobody asks nothing is
  /// read. Nothing: the end, after five minutes, after the last event of a closed shard, after an
  /// error, or because of `gone`. One call at a time.
  ///
  /// fails     kInUse            somebody else subscribed to the shard for this consumer
  ///           kNotFound         the consumer was deregistered, the stream deleted
  ///           kInternalFailure  the engine could not read
  virtual Task<Result<std::optional<SubscriptionEvent>>> next(CancelToken gone) = 0;
};

}  // namespace penstock::stream
