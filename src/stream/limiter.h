#pragma once

#include "base/time.h"
#include "stream/shard_limits.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace penstock::stream {

/// A token bucket: `capacity` at once, refilled at `rate` a second. A rate of 0 is no limit. Pure;
/// time is an argument and may stand still. What is spent may exceed what is there when the caller
/// allows a debt.
class Bucket {
 public:
  Bucket(std::int64_t rate_per_second, std::int64_t capacity)
      : rate_(rate_per_second), capacity_(capacity * kScale), level_(capacity * kScale) {}

  /// Adds what was earned since the last call.
  void refill(ServiceTime now) {
    const std::int64_t elapsed = (now - last_).count();
    if (elapsed <= 0) return;
    last_ = now;
    if (rate_ == 0) return;
    // More than a full bucket cannot be earned; the bound keeps the product small.
    const std::int64_t full = (capacity_ - level_) / rate_ + 1;
    level_ = std::min(capacity_, level_ + std::min(elapsed, full) * rate_);
  }
  /// Another rate and capacity: what the bucket can hold more is there at once; what has been spent
  /// stays spent.
  void set(std::int64_t rate_per_second, std::int64_t capacity) {
    const bool was_full = is_full();
    const std::int64_t more = std::max<std::int64_t>(0, capacity * kScale - capacity_);
    rate_ = rate_per_second;
    capacity_ = capacity * kScale;
    level_ = was_full ? capacity_ : std::min(level_ + more, capacity_);
  }
  bool has(std::int64_t amount) const { return rate_ == 0 || level_ >= amount * kScale; }
  bool is_full() const { return rate_ == 0 || level_ == capacity_; }
  bool in_debt() const { return rate_ != 0 && level_ <= 0; }
  void spend(std::int64_t amount) {
    if (rate_ != 0) level_ -= amount * kScale;
  }
  /// The same, but what is more than a full bucket is paid for wholly by what comes in: what is
  /// there does not help.
  void spend_wholly(std::int64_t amount) {
    if (amount * kScale > capacity_) level_ = std::min<std::int64_t>(level_, 0);
    spend(amount);
  }
  /// What is there; below zero in debt. Of a limit.
  std::int64_t level() const { return level_ / kScale; }
  /// How long from the last refill on until has(amount); `amount` is at most the capacity.
  Millis time_until(std::int64_t amount) const {
    const std::int64_t missing = amount * kScale - level_;
    return Millis{missing <= 0 || rate_ == 0 ? 0 : (missing + rate_ - 1) / rate_};
  }
  /// How much can be spent now.
  std::int64_t whole() const {
    return rate_ == 0 ? std::numeric_limits<std::int64_t>::max()
                      : std::max<std::int64_t>(0, level());
  }

 private:
  static constexpr std::int64_t kScale = 1'000;  // Thousandths: what is earned in a millisecond.
  std::int64_t rate_;
  std::int64_t capacity_;
  std::int64_t level_;
  ServiceTime last_{};
};

/// What a shard takes: 1,000 records and 1 MiB a second unless told otherwise, keys included. A
/// stream that allows larger records may burst up to one of them. Source: Kinesis quotas; the
/// bucket is our reading of "per second", and a client can tell it from a window only by counting
/// milliseconds.
class WriteLimiter {
 public:
  explicit WriteLimiter(std::int64_t record_bytes_max, const ShardLimits& limits = {})
      : records_(limits.write_records, limits.write_records),
        bytes_(limits.write_bytes, std::max(limits.write_bytes, record_bytes_max)) {}

  /// For a stream whose limits or whose largest record are others now.
  void set(const ShardLimits& limits, std::int64_t record_bytes_max) {
    records_.set(limits.write_records, limits.write_records);
    bytes_.set(limits.write_bytes, std::max(limits.write_bytes, record_bytes_max));
  }

  void refill(ServiceTime now) {
    records_.refill(now);
    bytes_.refill(now);
  }
  /// Charges one record, or leaves everything as it is.
  bool admit(std::int64_t bytes) {
    if (!records_.has(1) || !bytes_.has(bytes)) return false;
    records_.spend(1);
    bytes_.spend(bytes);
    return true;
  }

  /// As many calls of admit, of one size: how many of them were admitted.
  std::int64_t admit_some(std::int64_t count, std::int64_t bytes_each) {
    std::int64_t some = std::min(count, records_.whole());
    if (bytes_each > 0) some = std::min(some, bytes_.whole() / bytes_each);
    records_.spend(some);
    bytes_.spend(some * bytes_each);
    return some;
  }

 private:
  Bucket records_;
  Bucket bytes_;
};

/// What a shard gives: 5 reads and 2 MiB a second unless told otherwise, shared by everybody who
/// polls. A page may be larger than what is left; reads then wait until the debt is paid. One of
/// more than a second's worth is paid for as a whole, so that 10 MiB cost five seconds, as AWS has
/// it.
class ReadLimiter {
 public:
  explicit ReadLimiter(const ShardLimits& limits = {})
      : calls_(limits.read_calls, limits.read_calls),
        bytes_(limits.read_bytes, limits.read_bytes) {}
  void set(const ShardLimits& limits) {
    calls_.set(limits.read_calls, limits.read_calls);
    bytes_.set(limits.read_bytes, limits.read_bytes);
  }

  bool admit(ServiceTime now) {
    calls_.refill(now);
    bytes_.refill(now);
    if (!calls_.has(1) || bytes_.in_debt()) return false;
    calls_.spend(1);
    return true;
  }
  void returned(std::int64_t bytes) { bytes_.spend_wholly(bytes); }

 private:
  Bucket calls_;
  Bucket bytes_;
};

/// 5 GetShardIterator calls a second for each shard, unless told otherwise.
class IteratorLimiter {
 public:
  explicit IteratorLimiter(const ShardLimits& limits = {})
      : calls_(limits.iterator_calls, limits.iterator_calls) {}
  void set(const ShardLimits& limits) { calls_.set(limits.iterator_calls, limits.iterator_calls); }

  bool admit(ServiceTime now) {
    calls_.refill(now);
    if (!calls_.has(1)) return false;
    calls_.spend(1);
    return true;
  }

 private:
  Bucket calls_;
};

}  // namespace penstock::stream
