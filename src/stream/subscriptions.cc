#include "stream/subscriptions.h"

#include "stream/errors.h"
#include "stream/texts.h"

namespace penstock::stream {

std::optional<Error> SubscriptionSeat::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

void SubscriptionSeat::end(Error why) {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = std::move(why);
  }
  signal_.notify();
}

/// Places that were left stay taken for their five seconds; then nobody asks for them again.
void Subscriptions::forget_old(ServiceTime now) {
  while (!taken_.empty() && now - taken_.front().first >= kTakenFor) {
    const auto found = places_.find(taken_.front().second);
    if (found != places_.end() && found->second.seat == nullptr &&
        found->second.taken == taken_.front().first) {
      places_.erase(found);
    }
    taken_.pop_front();
  }
}

Result<std::shared_ptr<SubscriptionSeat>> Subscriptions::take(const ConsumerName& consumer,
                                                              ShardRef shard, ServiceTime now) {
  const LiveStreamPtr stream = directory_.find(shard.log);
  if (stream == nullptr) return stream_not_found(consumer.stream);
  auto seat = std::make_shared<SubscriptionSeat>(shard.log, stream->version);
  std::shared_ptr<SubscriptionSeat> displaced;
  {
    const std::lock_guard lock(mutex_);
    forget_old(now);
    const Key key{consumer, shard.shard};
    const auto [place, is_new] = places_.try_emplace(key);
    if (!is_new && now - place->second.taken < kTakenFor) {
      return subscription_exists(consumer, shard.shard);
    }
    displaced = std::exchange(place->second.seat, seat);
    place->second.taken = now;
    taken_.emplace_back(now, key);
  }
  if (displaced != nullptr) displaced->end(subscription_exists(consumer, shard.shard));
  return seat;
}

void Subscriptions::leave(const ConsumerName& consumer, std::uint32_t shard,
                          const std::shared_ptr<SubscriptionSeat>& seat) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find({consumer, shard});
  if (found == places_.end() || found->second.seat != seat) return;
  found->second.seat.reset();
  // What was taken long ago stands in no queue any more.
  if (taken_.empty() || found->second.taken < taken_.front().first) places_.erase(found);
}

void Subscriptions::end(const ConsumerName& consumer, const Error& why) {
  const std::lock_guard lock(mutex_);
  for (auto at = places_.lower_bound({consumer, 0});
       at != places_.end() && at->first.first == consumer; ++at) {
    if (at->second.seat != nullptr) at->second.seat->end(why);
  }
}

void Subscriptions::look_at_streams() {
  const std::lock_guard lock(mutex_);
  // Behind the lock: it has the stream of everybody who has a place.
  const auto now = directory_.snapshot();
  for (const auto& [key, place] : places_) {
    if (place.seat == nullptr) continue;
    const auto stream = now->by_log.find(place.seat->log_);
    if (stream == now->by_log.end()) {
      place.seat->end(stream_not_found(key.first.stream));
    } else if (stream->second->version != place.seat->version_) {
      place.seat->version_ = stream->second->version;
      place.seat->signal_.notify();
    }
  }
}

std::size_t Subscriptions::count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [key, place] : places_) count += place.seat != nullptr ? 1 : 0;
  return count;
}

}  // namespace penstock::stream
