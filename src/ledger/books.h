#pragma once

#include "base/result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What became of every record: the books and their laws, word for word as code, API, command line
/// and tests use them.
///
/// | for each             | law |
/// |----------------------|-----|
/// | stream and producer  | received = stored + throttled + rejected + failed + interrupted |
/// | stream               | stored = what its producers stored + unattributed |
/// | consumer and shard   | stored = succeeded + filtered + delivered + dropped + expired unread +
/// skipped by start + discarded + pending | | verdict              | lost = dropped + expired
/// unread + damaged + probably lost by the producer + unaccounted |
///
/// Neither side of a law is computed from the other: `received` is counted at the front and the
/// rest of its line by the stream; `stored` of a shard is the log's own count, `pending` follows
/// from positions, the rest of that line is counted by the mapping as it settles.
namespace penstock::ledger {

/// Entries of one producer into one stream.
struct ProducerBook {
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t throttled = 0;
  std::uint64_t rejected = 0;     ///< Refused with its whole call (HTTP 400).
  std::uint64_t failed = 0;       ///< InternalFailure: may or may not have been written.
  std::uint64_t interrupted = 0;  ///< Received, and the server died before it decided.

  std::uint64_t decided() const { return stored + throttled + rejected + failed + interrupted; }
  bool operator==(const ProducerBook&) const = default;
};

/// Why a record was dropped, which is always counted and named.
enum class DropCause : std::uint8_t {
  kRetries,            ///< Attempts spent, and no destination is configured.
  kAge,                ///< Too old, and no destination is configured.
  kNoDestination,      ///< The configured destination does not exist.
  kDestinationFailed,  ///< It refused.
  kTooLarge,           ///< The record alone exceeds an invocation's payload, and no destination is
                       ///< configured.
};
inline constexpr std::size_t kDropCauses = 5;
std::string_view drop_cause_name(DropCause cause);

/// What is remembered record by record, because it is not plain success.
enum class Fate : std::uint8_t {
  kFiltered,
  kDelivered,
  kDroppedRetries,
  kDroppedAge,
  kDroppedNoDestination,
  kDroppedDestinationFailed,
  kDroppedTooLarge,
  kExpiredUnread,
  kSkippedByStart,
  kDiscarded,
};
std::string_view fate_name(Fate fate);
Fate fate_of(DropCause cause);

/// Records first..last (engine positions) of one shard that share a fate.
struct FateRange {
  Fate fate;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  std::int64_t at_ms = 0;  ///< Service clock, when the last of them was settled.
  bool operator==(const FateRange&) const = default;
};

/// One consumer's settlements in one shard, in the order of positions up to its checkpoint.
/// Stored in the same Marks write as the checkpoint, so that both survive a crash together.
class ConsumerBook {
 public:
  std::uint64_t succeeded = 0;
  std::uint64_t filtered = 0;
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, kDropCauses> dropped{};
  std::uint64_t expired_unread = 0;
  std::uint64_t skipped_by_start = 0;
  std::uint64_t discarded = 0;

  std::uint64_t dropped_total() const;
  /// All of the above.
  std::uint64_t settled() const;

  void count_succeeded(std::uint64_t records) { succeeded += records; }
  /// Counts records first..last and remembers the range. Neighbours of one fate become one range.
  void count(Fate fate, std::uint64_t first, std::uint64_t last, std::uint64_t records,
             std::int64_t at_ms);
  /// Adds another book's counters and ranges: a lane's share into the shard's book.
  void add(const ConsumerBook& other);

  const std::vector<FateRange>& ranges() const { return ranges_; }
  /// Records in ranges that are no longer kept one by one (oldest filtered ones go first).
  std::uint64_t ranges_forgotten() const { return ranges_forgotten_; }

  /// Compact and versioned.
  std::string encode() const;
  /// fails     Errc::kCorrupt
  static Result<ConsumerBook> decode(std::string_view bytes);
  bool operator==(const ConsumerBook&) const = default;

  static constexpr std::size_t kRangesMax = 1'000;

 private:
  void remember(const FateRange& range);
  std::vector<FateRange> ranges_;
  std::uint64_t ranges_forgotten_ = 0;
};

/// A consumer's law for one shard. `unaccounted` is how far its two sides are apart.
struct Balance {
  std::uint64_t stored = 0;   ///< The log's count.
  std::uint64_t settled = 0;  ///< The mapping's count.
  std::uint64_t pending = 0;  ///< From positions: behind the checkpoint, before the end.
  std::uint64_t unaccounted = 0;
};
Balance balance(const ConsumerBook& book, std::uint64_t stored, std::uint64_t pending);

/// How far a producer's law is from holding, with nothing of its in flight.
std::uint64_t unaccounted(const ProducerBook& book);

}  // namespace penstock::ledger
