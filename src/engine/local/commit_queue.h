#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/local/aligned_buffer.h"
#include "engine/local/shard.h"
#include "engine/local/wakeups.h"
#include "env/env.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace penstock::engine::local {

/// A request that waits for its commit.
struct Waiter {
  Gate gate;
  std::optional<Error> failure;
  std::size_t loop = 0;
};

/// What one loop has staged since the last commit.
struct LaneBatch {
  struct Publish {
    std::shared_ptr<Shard> shard;
    Position next;
  };
  AlignedBuffer bytes;   ///< Room for the commit's header, then frames.
  Budget::Share charge;  ///< For them, as far as they are records.
  std::vector<Publish> publishes;
  std::vector<std::function<void(Wakeups&)>> applies;
  std::vector<std::shared_ptr<Waiter>> waiters;
  std::uint64_t records = 0;
  std::uint64_t marks = 0;   ///< Frames of marks.
  std::uint64_t frames = 0;  ///< All of them.

  bool empty() const { return frames == 0; }
  /// A burst must not keep its memory for ever: what is larger than `kept_bytes` goes.
  void clear(std::size_t kept_bytes);
};

/// One commit: everything staged on all loops at one moment. Lane 0 comes first, and holds all
/// frames of state.
struct Cut {
  std::vector<LaneBatch> lanes;
  bool empty() const;
};

/// Between the loops, which stage, and the journal's writer, which takes everything at once.
///
/// Each loop has a lane, with a lock that its requests hold while they number and copy; take()
/// holds all of them. So a commit is a cut through all shards: whatever was numbered before it is
/// in it, and durable commits in order are the rule of visibility.
///
/// A commit costs the processor as much as ten small puts, so the writer is not woken for the first
/// of them: a loop wakes it when a round of its handlers has staged nothing more, when rounds have
/// gone on for a while, or when the lane holds enough to be worth a commit (docs/decisions/0026).
class CommitQueue {
 public:
  /// `wake_writer` is called when what is staged should be committed, on any thread. Null: there is
  /// no journal, and staged is durable.
  /// What waits to be written is charged to `budget`; null: to nothing.
  CommitQueue(std::vector<env::Loop*> loops, const env::Clocks& clocks,
              std::function<void()> wake_writer, Budget* budget = nullptr);

  class Staging {
   public:
    Staging(CommitQueue& queue, std::size_t lane);
    /// Why nothing may be staged, if so.
    const std::optional<Error>& refusal() const {
      return queue_.refusal_.has_value() ? queue_.refusal_ : queue_.refusals_.everything;
    }
    const std::optional<Error>& record_refusal() const { return queue_.refusals_.records; }
    const std::optional<Error>& mark_refusal() const { return queue_.refusals_.marks; }
    /// Whether this lane waits for the disk with more than it should hold.
    bool is_crowded() const { return batch_.bytes.size() > queue_.lane_bytes_max_; }
    /// Room for so many bytes of frames more. False: the budget is spent.
    bool reserve(std::size_t bytes);
    /// Where frames go: null without a journal.
    AlignedBuffer* bytes() { return queue_.wake_writer_ ? &batch_.bytes : nullptr; }
    void staged_records(std::shared_ptr<Shard> shard, Position next, std::uint64_t count);
    /// `frame` is whole; `apply` runs when it is durable, in order, on any thread.
    void staged_state(std::span<const std::uint8_t> frame, std::function<void(Wakeups&)> apply);
    /// Ends the staging. Nothing to wait for: null.
    std::shared_ptr<Waiter> finish();

   private:
    bool must_wake_writer();
    CommitQueue& queue_;
    const std::size_t lane_;
    std::unique_lock<std::mutex> lock_;
    LaneBatch& batch_;
    std::uint64_t frames_before_;
  };

  /// The lane of the loop that is running; 0 elsewhere.
  std::size_t current_lane() const;

  /// Waits for the commit of what was staged. kUnknownOutcome, kFailed, kNoSpace.
  static Task<Status> wait(std::shared_ptr<Waiter> waiter);

  /// Swaps what is staged with `into`, whose batches are empty. For the writer.
  void take(Cut& into);
  /// Publishes and applies the cut, wakes those who waited and watched, and empties it.
  void complete(Cut& cut, const Status& status);

  /// Nothing of the cut was written, and nothing of it counts: with whatever was staged behind it,
  /// it fails with `error`. `unstage` runs while nobody can stage.
  void give_back(Cut& cut, const Error& error, const std::function<void()>& unstage);

  /// From now on everything is refused with this error.
  void refuse(Error error);
  /// What is refused until it is taken back.
  struct Refusals {
    std::optional<Error> records;
    std::optional<Error> marks;
    std::optional<Error> everything;
  };
  /// Changes them while nobody stages.
  void decide(const std::function<void(Refusals&)>& change);
  /// Whether anything is staged.
  bool idle() const;
  /// For a copy of what several lanes hold, while it is written.
  Budget::Share charge(std::size_t bytes) const {
    return budget_ == nullptr ? Budget::Share() : budget_->take(bytes);
  }

 private:
  /// From here on a commit's own cost is small beside its bytes'.
  static constexpr std::size_t kWorthACommitBytes = 256u << 10;
  static constexpr Nanos kRoundsMax = std::chrono::microseconds(500);
  struct Lane {
    std::mutex mutex;
    LaneBatch batch;
    bool awaits_round = false;      ///< end_round() is in the loop's queue.
    std::uint64_t frames_then = 0;  ///< Staged when it was put there.
    SteadyTime rounds_since;
  };
  void await_round(std::size_t lane);
  void end_round(std::size_t lane);
  std::vector<std::unique_lock<std::mutex>> lock_all() const;
  void answer(Cut& cut, const Status& status, Wakeups& wakeups) const;

  std::vector<env::Loop*> loops_;
  const env::Clocks& clocks_;
  std::function<void()> wake_writer_;
  Budget* budget_;
  std::size_t lane_bytes_max_;   ///< Beyond it a lane is crowded.
  std::size_t lane_bytes_kept_;  ///< While it is empty.
  std::vector<std::shared_ptr<Lane>> lanes_;
  std::optional<Error> refusal_;  ///< Read under one lane's lock, written under all.
  Refusals refusals_;             ///< The same.
};

}  // namespace penstock::engine::local
