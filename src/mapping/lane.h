#pragma once

#include "base/time.h"
#include "ledger/books.h"
#include "mapping/item.h"
#include "mapping/item_failures.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock::mapping {

/// What a lane goes by: the mapping's configuration, its stream's retention, the server's pauses.
struct LaneRules {
  std::size_t batch_size = 100;
  Millis window{0};
  std::optional<Millis> max_age;
  std::optional<std::uint32_t> max_retries;
  bool bisect = false;
  Millis retention{24 * 3'600'000};
  Millis retry_pause{500};
  Millis retry_pause_max{60'000};
};

/// How an invocation ended, as far as a lane cares.
struct Invoked {
  enum class Kind : std::uint8_t {
    kSucceeded,
    kFailed,      ///< Function error; or a reply that fails the batch or names its first record.
    kFailedFrom,  ///< The records before `first` succeeded.
    kNotInvoked,  ///< Throttled, or no function: not an attempt.
  };
  Kind kind = Kind::kSucceeded;
  std::size_t first = 0;
  /// What a failure record says of the last invocation.
  std::string request_id;
  std::string executed_version;
  std::optional<std::string> function_error;  ///< Nothing after a partial failure.
};

/// A batch as it is stored: enough to go on after a restart without forgetting attempts or splits.
struct StoredBatch {
  std::uint64_t first = 0;  ///< Engine positions of its first and last record.
  std::uint64_t last = 0;
  std::uint32_t attempts = 0;     ///< Failed, known.
  std::uint32_t interrupted = 0;  ///< Begun, and the server went away.
  bool operator==(const StoredBatch&) const = default;
};

/// One line of records in order, one invocation at a time: batching, retries, bisecting, giving up.
///
/// decide() says what to do now. kInvoke and kGiveUp make the lane busy until invoked() or
/// given_up() says how it went; records that are settled by then are handed back. Pure: time is an
/// argument, records are settled by the owner.
class Lane {
 public:
  enum class Step : std::uint8_t {
    kNothing,  ///< Until something is added or finished.
    kWait,     ///< The same, and look again at `until`.
    kInvoke,   ///< Invoke the function with batch().
    kGiveUp,   ///< Tell the destination of the first `count` records of batch().
    kExpired,  ///< The first `count` records have left the stream: settled, nobody is told.
  };
  struct Decision {
    Step step = Step::kNothing;
    ServiceTime until{};
    std::size_t count = 0;
    ledger::DropCause cause = ledger::DropCause::kRetries;  ///< kGiveUp.
    std::uint32_t invoke_count = 0;                         ///< kGiveUp: attempts, at least 1.
  };

  Lane(LaneRules rules, ServiceTime now, std::vector<StoredBatch> stored);

  void change_retention(Millis retention) { rules_.retention = retention; }
  void add(Item item);
  /// Everything before `next` has been added; at the shard's end windows are not waited for.
  void read_to(engine::Position next, bool end_of_shard);

  Decision decide(ServiceTime now);
  std::span<const Item> batch() const { return stack_.back().items; }
  /// How the last invocation of batch() ended; nothing before its first.
  const std::optional<Invoked>& last() const { return stack_.back().last; }

  /// Returns the records that succeeded.
  std::vector<Item> invoked(Invoked outcome, ServiceTime now);
  /// After kGiveUp and kExpired: the first `count` records are settled and handed back.
  std::vector<Item> given_up(std::size_t count);

  /// Begun and unfinished work, lowest first; what runs now counts as interrupted.
  std::vector<StoredBatch> stored() const;
  bool busy() const { return doing_ != Doing::kNothing; }
  /// Nothing waits and nothing runs.
  bool empty() const {
    return stack_.empty() && before_.empty() && restored_.empty() && queue_.empty();
  }
  /// A stored batch has not been read to its end: until then nothing behind it is begun.
  bool awaits_records() const;
  /// Bytes of records that are held.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Batch {
    std::vector<Item> items;
    std::uint32_t attempts = 0;
    std::uint32_t interrupted = 0;
    ServiceTime retry_at{};
    std::optional<Invoked> last;
  };
  struct Restored {
    StoredBatch facts;
    std::deque<Item> items;
    bool complete = false;
  };

  bool form_batch(ServiceTime now, Decision& wait);
  std::size_t prefix_that_fits(const std::deque<Item>& items) const;
  Batch cut_prefix(std::deque<Item>& items);
  ServiceTime window_end(ServiceTime now);
  bool attempts_spent(const Batch& batch) const;
  ServiceTime must_look_at(const Item& oldest) const;
  Millis pause(std::uint32_t failures) const;
  void fail(ServiceTime now);
  void split(ServiceTime now);
  std::vector<Item> take_prefix(std::size_t count);

  LaneRules rules_;
  std::deque<Item> queue_;  ///< Not yet in a batch.
  /// Read again after a restart because another lane held the checkpoint back: they lie before
  /// every stored batch, and are no part of one.
  std::deque<Item> before_;
  std::deque<Restored> restored_;  ///< From before a restart, lowest first.
  std::vector<Batch> stack_;       ///< The last one is worked on; those below it come behind it.
  ServiceTime window_start_;
  std::uint32_t not_invoked_ = 0;  ///< In a row.
  std::size_t bytes_ = 0;
  enum class Doing : std::uint8_t { kNothing, kInvoking, kGivingUp } doing_ = Doing::kNothing;
  bool end_of_shard_ = false;
};

}  // namespace penstock::mapping
