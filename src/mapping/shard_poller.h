#pragma once

#include "base/ids.h"
#include "base/task.h"
#include "env/loop.h"
#include "function/invoker.h"
#include "mapping/filter.h"
#include "mapping/mapping_service.h"
#include "mapping/shard_work.h"
#include "stream/record_source.h"
#include "stream/subscription_machine.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::mapping {

/// What a mapping tells the poller of one of its shards.
struct PollerPlan {
  Tenant tenant;
  MappingRecord mapping;
  std::shared_ptr<const FilterSet> filters;
  stream::SourceStream stream;
  stream::SourceShard shard;
  std::string mark;  ///< Where the shard's state is stored.
};

/// What a poller tells its mapping. Called on the control loop; must not destroy the poller.
struct PollerEvents {
  std::function<void(std::string)> processed;  ///< LastProcessingResult.
  std::function<void()> ended;                 ///< Drained, or the shard is gone.
};

/// Reads one shard for one mapping and runs its lanes: the coroutines around ShardWork. One
/// reader, one coroutine per lane. Control loop only.
class ShardPoller {
 public:
  ShardPoller(const MappingParts& parts, const MappingSettings& settings, PollerPlan plan,
              ShardState state, PollerEvents events);
  ~ShardPoller();
  void start();

  enum class Stop : std::uint8_t {
    kGraceful,  ///< Invocations and deliveries in flight end and count.
    kAbandon,   ///< They are left; their batches count as interrupted.
  };
  /// Nothing is begun any more. stop() must follow.
  void begin_stop() { scope_.cancel(); }
  /// Completes when nothing runs any more and, unless abandoned, the last state is stored.
  Task<> stop(Stop how);
  /// A graceful stop when the shard, whose last position lies before `end`, has left the stream:
  /// what is not settled by then has expired.
  Task<> stop_expired(engine::Position end);
  /// Makes a graceful stop that waits an abandoned one.
  void abandon() { abandon_.cancel(); }

  /// What the stream says of the shard has changed.
  void read_again() { reader_wake_.notify(); }
  void change_retention(Millis retention) { work_.change_retention(retention); }
  /// Drained and stored so, or the shard is gone: there is nothing to come.
  bool ended() const { return ended_; }
  ShardState state() const { return work_.state(); }
  engine::Position checkpoint() const { return work_.checkpoint(); }
  const ledger::ConsumerBook& book() const { return work_.book(); }

 private:
  Task<> run_reader();
  Task<bool> read_once(engine::ReadLimits limits);
  /// What may be read now; nothing: look again.
  Task<std::optional<engine::ReadLimits>> turn();
  stream::SubscriptionMachine::Now push_now() const;
  Task<> run_lane(std::size_t lane);
  Task<> invoke(std::size_t lane);
  Task<> give_up(std::size_t lane, Lane::Decision decision);
  Task<std::optional<ledger::Fate>> deliver(std::size_t lane, Lane::Decision decision);
  Invoked classify(std::size_t lane, function::InvokeOutcome outcome);
  Task<bool> store();
  Task<> after_settling();
  void wake_lanes();
  void wake_all();
  void end();
  ServiceTime now() const;
  CancelToken token() const { return scope_.token(); }

  const MappingParts& parts_;
  const MappingSettings& settings_;
  PollerPlan plan_;
  PollerEvents events_;
  EventContext context_;
  ShardWork work_;
  std::vector<env::Signal> lane_wakes_;
  env::Signal reader_wake_;
  /// As AWS reads for a consumer: pushed, at the consumer's own rate.
  const bool is_pushed_;
  CancelSource abandon_;
  Scope scope_;
  std::optional<stream::SubscriptionMachine> pushed_;  ///< Only then.
  bool changed_ = false;                               ///< Since it was last stored.
  bool end_stored_ = false;                            ///< That the shard is drained is stored.
  bool ended_ = false;
  std::string read_trouble_;  ///< The cause that was said; empty when reading goes well.
};

}  // namespace penstock::mapping
