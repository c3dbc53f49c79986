#pragma once

#include "base/error.h"
#include "base/time.h"
#include "engine/log.h"
#include "stream/limiter.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <variant>

namespace penstock::stream {

/// When a subscription reads, waits, speaks and ends. Pure: what happened and the time go in, the
/// next step comes out; the coroutine in subscribe_path.cc does the steps.
///
///     step: Read ── found ──▶ Event, or nothing new ──▶ Wait ── woken, or the time ──▶ step ...
///           Beat ──▶ an event without records     Fail ──▶ a last message ──▶ End
///
/// It lasts 300 s on the service clock. At least every 5 s, on the steady clock since a reader's
/// time-out is real time, it says something. It gives as many bytes a second as it may, AWS's 2 MiB
/// unless told otherwise, and an event of up to about 1 MiB; a record that is larger goes by
/// itself, and what it overdraws is paid off first.
class SubscriptionMachine {
 public:
  static constexpr Millis kLife{300'000};
  static constexpr Nanos kSilenceMax = Seconds(5);
  static constexpr std::int64_t kAwsBytesPerSecond = 2 * kMebibyte;
  static constexpr std::size_t kEventBytesMax = 1u << 20;
  static constexpr std::size_t kEventRecordsMax = 10'000;
  /// While it is slowed down it waits until so much may go at once: few events instead of many.
  static constexpr std::int64_t kTurnBytes = 256 << 10;
  /// Before memory that was short is asked for again.
  static constexpr Nanos kMemoryPause = Millis(100);

  struct Now {
    ServiceTime service;
    SteadyTime steady;
  };

  /// bytes_per_second: 0 is no limit.
  SubscriptionMachine(engine::Position from, Now opened, std::int64_t bytes_per_second)
      : at_(from),
        ends_(opened.service + kLife),
        is_limited_(bytes_per_second != 0),
        bytes_(bytes_per_second, std::max(bytes_per_second, kTurnBytes)) {}

  struct Read {
    engine::Position from;
    engine::ReadLimits limits;
  };
  struct Wait {  ///< Until then, or until something happens.
    SteadyTime until;
  };
  struct Beat {};  ///< An event without records, at position().
  struct Fail {    ///< A last message.
    Error why;
  };
  struct End {};
  using Step = std::variant<Read, Wait, Beat, Fail, End>;
  Step next(Now now);

  /// What a read found. `end` is the end of a closed shard whose children are known.
  struct Found {
    std::size_t records = 0;
    std::size_t bytes = 0;
    engine::Position next;
    bool end = false;
  };
  enum class Outcome : std::uint8_t { kNothing, kEvent, kLastEvent };
  /// kNothing: step on. Otherwise an event is given with what was found.
  Outcome found(const Found& found, Now now);
  /// Nothing was read: memory was short.
  void refused(Now now) { not_before_ = now.steady + kMemoryPause; }
  /// Something was appended, the shard closed, its stream changed.
  void woken() { may_read_ = true; }
  /// Whoever is subscribed must go. The first cause counts.
  void fail(Error why);

  /// Where reading goes on: everything before it was given.
  engine::Position position() const { return at_; }
  ServiceTime ends() const { return ends_; }

 private:
  engine::Position at_;
  ServiceTime ends_;
  bool is_limited_;
  Bucket bytes_;
  bool may_read_ = true;
  bool over_ = false;
  std::optional<Error> failure_;
  /// Nothing yet: the first event comes as soon as it is known whether there are records.
  std::optional<SteadyTime> last_event_;
  std::optional<SteadyTime> not_before_;
};

}  // namespace penstock::stream
