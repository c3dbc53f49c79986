#pragma once

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "env/loop.h"
#include "stream/consumer_types.h"
#include "stream/directory.h"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace penstock::stream {

/// The place of one subscription: who ends it, and what wakes it. Any thread.
class SubscriptionSeat {
 public:
  SubscriptionSeat(LogId log, engine::Version version) : log_(log), version_(version) {}

  /// Why it must end; nothing while it may go on.
  std::optional<Error> over() const;
  /// The first cause counts.
  void end(Error why);
  const env::Signal& signal() const { return signal_; }

 private:
  friend class Subscriptions;
  const LogId log_;
  engine::Version
      version_;  ///< Of the stream, as it was last looked at; under the registry's lock.
  mutable std::mutex mutex_;
  std::optional<Error> over_;
  env::Signal signal_;
};

/// Who is subscribed: one for each consumer and shard. Any loop; the lock is held for a look-up.
///
/// Within 5 s of a subscription a second one is refused; later it takes the place, and the first
/// one is told so.
class Subscriptions {
 public:
  static constexpr Millis kTakenFor{5'000};

  explicit Subscriptions(const Directory& directory) : directory_(directory) {}

  /// fails     kInUse
  Result<std::shared_ptr<SubscriptionSeat>> take(const ConsumerName& consumer, ShardRef shard,
                                                 ServiceTime now);
  /// Gives the place back, unless somebody else has it.
  void leave(const ConsumerName& consumer, std::uint32_t shard,
             const std::shared_ptr<SubscriptionSeat>& seat);
  /// Ends all subscriptions of a consumer.
  void end(const ConsumerName& consumer, const Error& why);
  /// Ends those of streams that have gone, and wakes those whose stream has changed.
  void look_at_streams();

  std::size_t count() const;

 private:
  using Key = std::pair<ConsumerName, std::uint32_t>;
  struct Place {
    ServiceTime taken;
    std::shared_ptr<SubscriptionSeat> seat;  ///< nullptr once it was left.
  };
  void forget_old(ServiceTime now);

  const Directory& directory_;
  mutable std::mutex mutex_;
  std::map<Key, Place> places_;
  std::deque<std::pair<ServiceTime, Key>> taken_;  ///< In the order of time.
};

}  // namespace penstock::stream
