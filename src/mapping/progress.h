#pragma once

#include "engine/log.h"
#include "ledger/books.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace penstock::mapping {

/// What of a shard has been read, and what became of it: the checkpoint with its book.
///
/// Records are read in order and settled in any order (lanes overtake each other). The checkpoint
/// is the lowest record that is not settled; the book holds exactly what lies before it, so that
/// both can be stored as one. Pure.
class Progress {
 public:
  /// A record's place in reading order, from which it is settled.
  using Place = std::uint64_t;

  /// `ahead`: ranges at or behind the checkpoint that were given up before a restart and must not
  /// be given up again.
  Progress(engine::Position checkpoint, ledger::ConsumerBook book,
           std::vector<ledger::FateRange> ahead);

  /// Where reading goes on.
  engine::Position next() const { return next_; }
  /// A record at `at`, which is not before next().
  Place take(engine::Position at);
  /// Whether it was given up before a restart; taking and settling it is then all there is to do.
  const ledger::FateRange* given_up_before(engine::Position at) const;
  /// Everything up to `to` is gone from the stream, unread: counted one by one, since a shard's
  /// positions have no gaps. What was given up before a restart keeps that fate.
  void expire_to(engine::Position to, std::int64_t at_ms);
  /// The shard has left the stream with everything before `to`: what is open goes with it.
  void expire_rest(engine::Position to, std::int64_t at_ms);
  /// Nothing but what was taken lies before `to`.
  void read_to(engine::Position to);

  void succeed(Place place);
  void settle(Place place, ledger::Fate fate, std::int64_t at_ms);

  engine::Position checkpoint() const;
  const ledger::ConsumerBook& book() const { return book_; }
  /// Records given up at or behind the checkpoint: to be stored, so that a restart does not repeat
  /// them.
  std::vector<ledger::FateRange> ahead() const;
  /// Places from the checkpoint on, settled or not.
  std::size_t held() const { return slots_.size(); }
  /// Everything read is settled.
  bool all_settled() const { return slots_.empty(); }

 private:
  struct Slot {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    enum class State : std::uint8_t { kOpen, kSucceeded, kFate } state = State::kOpen;
    ledger::Fate fate{};
    std::int64_t at_ms = 0;
  };
  Slot& slot(Place place);
  void advance();

  engine::Position next_;
  Place base_ = 0;  ///< Place of slots_.front().
  std::deque<Slot> slots_;
  ledger::ConsumerBook book_;
  std::vector<ledger::FateRange> ahead_;
};

}  // namespace penstock::mapping
