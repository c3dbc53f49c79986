#pragma once

#include "mapping/lane.h"
#include "mapping/progress.h"
#include "mapping/shard_state.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace penstock::mapping {

/// One mapping's work in one shard: the lanes, and what is settled. The whole decision machine:
/// records and results in, what to invoke, to give up, to store and where to read out. Pure.
///
/// A partition key always goes to one lane, so that its order is kept while lanes overtake each
/// other. After every call that may have settled something, state() is worth storing.
class ShardWork {
 public:
  /// `lanes` is 1..10. Unfinished batches of `stored` are dropped when it has another number of
  /// lanes.
  ShardWork(LaneRules rules, std::size_t lanes, ServiceTime now, ShardState stored);

  // --- Reading ---------------------------------------------------------------------------------
  engine::Position next() const { return progress_.next(); }
  /// How many records may be read now; 0 while the look-ahead is full, unless a lane waits for the
  /// rest of a stored batch.
  std::size_t room() const;
  /// The next record. `passes`: the filters let it through.
  void take(Item item, bool passes, ServiceTime now);
  /// Everything before `to` left the stream before it was read.
  void expire_to(engine::Position to, ServiceTime now);
  /// All that lies before `to` has been taken.
  void read_to(engine::Position to, bool end_of_shard);
  /// The shard, whose last position lies before `end`, has left the stream: what is not settled has
  /// expired, and nothing is decided any more.
  void expire_rest(engine::Position end, ServiceTime now);
  void change_retention(Millis retention);

  // --- Lanes -----------------------------------------------------------------------------------
  std::size_t lanes() const { return lanes_.size(); }
  /// As Lane::decide; records that are kExpired are settled when it returns: decide again.
  Lane::Decision decide(std::size_t lane, ServiceTime now);
  std::span<const Item> batch(std::size_t lane) const { return lanes_[lane].batch(); }
  const std::optional<Invoked>& last(std::size_t lane) const { return lanes_[lane].last(); }
  void invoked(std::size_t lane, Invoked outcome, ServiceTime now);
  /// The first `count` records of the lane's batch met this fate.
  void given_up(std::size_t lane, std::size_t count, ledger::Fate fate, ServiceTime now);

  // --- Where it stands ---------------------------------------------------------------------------
  ShardState state() const;
  /// The shard has ended and everything in it is settled.
  bool drained() const { return end_of_shard_ && progress_.all_settled(); }
  engine::Position checkpoint() const { return progress_.checkpoint(); }
  const ledger::ConsumerBook& book() const { return progress_.book(); }

 private:
  std::size_t lane_of(const Item& item) const;

  std::size_t look_ahead_;
  Progress progress_;
  std::vector<Lane> lanes_;
  bool end_of_shard_ = false;
};

/// LaneRules' counterpart in the function's reply: what an answer to ReportBatchItemFailures means.
Invoked outcome_of(const ItemFailures& failures);

}  // namespace penstock::mapping
