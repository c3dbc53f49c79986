#pragma once

#include "base/time.h"

#include <algorithm>
#include <cstdint>

namespace penstock::stream {

/// A token bucket: `capacity` at once, refilled at `rate` a second. Pure; time is an argument and
/// may stand still. What is spent may exceed what is there when the caller allows a debt.
class Bucket {
 public:
  Bucket(std::int64_t rate_per_second, std::int64_t capacity)
      : rate_(rate_per_second), capacity_(capacity * kScale), level_(capacity * kScale) {}

  /// Adds what was earned since the last call.
  void refill(ServiceTime now) {
    const std::int64_t elapsed = (now - last_).count();
    if (elapsed <= 0) return;
    last_ = now;
    // More than a full bucket cannot be earned; the bound keeps the product small.
    const std::int64_t full = (capacity_ - level_) / rate_ + 1;
    level_ = std::min(capacity_, level_ + std::min(elapsed, full) * rate_);
  }
  /// Another capacity; a bucket that was full is full again, any other keeps what it has.
  void resize(std::int64_t capacity) {
    const bool was_full = level_ == capacity_;
    capacity_ = capacity * kScale;
    level_ = was_full ? capacity_ : std::min(level_, capacity_);
  }
  bool has(std::int64_t amount) const { return level_ >= amount * kScale; }
  bool in_debt() const { return level_ <= 0; }
  /// What is there; below zero in debt.
  std::int64_t level() const { return level_ / kScale; }
  /// How long from the last refill on until has(amount); `amount` is at most the capacity.
  Millis time_until(std::int64_t amount) const {
    const std::int64_t missing = amount * kScale - level_;
    return Millis{missing <= 0 ? 0 : (missing + rate_ - 1) / rate_};
  }
  void spend(std::int64_t amount) { level_ -= amount * kScale; }
  /// How much can be spent now.
  std::int64_t whole() const { return std::max<std::int64_t>(0, level_) / kScale; }

 private:
  static constexpr std::int64_t kScale = 1'000;  // Thousandths: what is earned in a millisecond.
  std::int64_t rate_;
  std::int64_t capacity_;
  std::int64_t level_;
  ServiceTime last_{};
};

inline constexpr std::int64_t kMebibyte = 1'048'576;
inline constexpr std::int64_t kShardWriteRecords = 1'000;

/// What a shard takes: 1,000 records and 1 MiB a second, keys included. A stream that allows
/// larger records may burst up to one of them. Source: Kinesis quotas; the bucket is our reading
/// of "per second", and a client can tell it from a window only by counting milliseconds.
class WriteLimiter {
 public:
  explicit WriteLimiter(std::int64_t record_bytes_max)
      : records_(kShardWriteRecords, kShardWriteRecords),
        bytes_(kMebibyte, std::max(kMebibyte, record_bytes_max)) {}

  /// For a stream whose largest record is another one now.
  void allow(std::int64_t record_bytes_max) {
    bytes_.resize(std::max(kMebibyte, record_bytes_max));
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

/// What a shard gives: 5 reads and 2 MiB a second, shared by everybody who polls. A page may be
/// larger than what is left; the debt is then paid off before the next.
class ReadLimiter {
 public:
  bool admit(ServiceTime now) {
    calls_.refill(now);
    bytes_.refill(now);
    if (!calls_.has(1) || bytes_.in_debt()) return false;
    calls_.spend(1);
    return true;
  }
  void returned(std::int64_t bytes) { bytes_.spend(bytes); }

 private:
  Bucket calls_{5, 5};
  Bucket bytes_{2 * kMebibyte, 2 * kMebibyte};
};

/// 5 GetShardIterator calls a second for each shard.
class IteratorLimiter {
 public:
  bool admit(ServiceTime now) {
    calls_.refill(now);
    if (!calls_.has(1)) return false;
    calls_.spend(1);
    return true;
  }

 private:
  Bucket calls_{5, 5};
};

}  // namespace penstock::stream
