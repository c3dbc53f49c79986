#include "stream/subscription_machine.h"

#include <algorithm>

namespace penstock::stream {

SubscriptionMachine::Step SubscriptionMachine::next(Now now) {
  if (over_) return End{};
  if (failure_) {
    over_ = true;
    return Fail{*failure_};
  }
  if (now.service >= ends_) {
    over_ = true;
    return End{};
  }
  std::optional<SteadyTime> read_at;
  std::int64_t allowed = kEventBytesMax;
  if (may_read_) {
    read_at = std::max(now.steady, not_before_.value_or(now.steady));
    if (is_limited_) {
      bytes_.refill(now.service);
      read_at = std::max(*read_at, now.steady + bytes_.time_until(kTurnBytes));
      allowed = std::min(allowed, bytes_.level());
    }
    if (*read_at <= now.steady) {
      return Read{
          at_, {.records_max = kEventRecordsMax, .bytes_max = static_cast<std::size_t>(allowed)}};
    }
  }
  const SteadyTime speaks_at = last_event_ ? *last_event_ + kSilenceMax : now.steady;
  if (speaks_at <= now.steady) {
    last_event_ = now.steady;
    return Beat{};
  }
  return Wait{read_at ? std::min(*read_at, speaks_at) : speaks_at};
}

SubscriptionMachine::Outcome SubscriptionMachine::found(const Found& found, Now now) {
  not_before_.reset();
  at_ = found.next;
  if (found.end) {
    over_ = true;
    return Outcome::kLastEvent;
  }
  may_read_ = found.records != 0;
  if (found.records == 0) return Outcome::kNothing;
  bytes_.spend(static_cast<std::int64_t>(found.bytes));
  last_event_ = now.steady;
  return Outcome::kEvent;
}

void SubscriptionMachine::fail(Error why) {
  if (!failure_) failure_ = std::move(why);
}

}  // namespace penstock::stream
