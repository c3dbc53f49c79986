#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/meta.h"
#include "env/loop.h"
#include "ledger/consumers.h"
#include "mapping/filter.h"
#include "mapping/mapping_service.h"
#include "mapping/shard_poller.h"
#include "mapping/shard_state.h"
#include "stream/record_source.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::mapping {

/// One event source mapping at work: freezes where it starts, keeps a poller on every shard whose
/// parents are drained, follows its stream when that is resharded, deleted or made again.
///
/// run() is its life; the other calls tell it what changed. Control loop only.
class Mapping {
 public:
  Mapping(const MappingParts& parts, const MappingSettings& settings, Tenant tenant,
          MappingRecord record, engine::Version version, MappingState state);
  ~Mapping();

  /// Until remove() or stop(). The caller keeps the mapping alive until it has ended.
  Task<> run();
  /// The stored record is this from now on; `state` is what is shown until it is so.
  void change(MappingRecord record, engine::Version version, MappingState state);
  /// Its record is gone: run() ends its pollers, then erases its checkpoints.
  void remove();
  /// run() ends once what is in flight has ended; nothing is begun any more.
  void stop();

  const Tenant& tenant() const { return tenant_; }
  const MappingRecord& record() const { return record_; }
  engine::Version version() const { return version_; }
  MappingState state() const { return state_; }
  MappingView view() const;
  /// Nothing is being changed: update and delete are allowed.
  bool settled() const {
    return state_ == MappingState::kEnabled || state_ == MappingState::kDisabled;
  }
  ledger::ConsumerView consumer() const;

 private:
  struct Shard {
    stream::SourceShard source;
    ShardState state;  ///< As stored, when no poller runs.
    std::unique_ptr<ShardPoller> poller;
    bool listed = false;  ///< Still in the stream.
  };

  bool ending() const { return removed_ || stopped_; }
  /// A stream, or a consumer that is there and ACTIVE.
  bool is_source_active() const;
  Task<> follow_stream();
  Task<> take_stream(stream::SourceStream stream);
  Task<Result<std::vector<engine::Marks::Mark>>> freeze(const stream::SourceStream& stream,
                                                        std::string position);
  Task<Result<ShardState>> starting_state(stream::SourceShard shard, std::string position);
  void load_states();
  Task<> look_at_shards(stream::SourceStream stream);
  void settle_expired_shards(std::vector<engine::Marks::Mark>& marks);
  bool parents_drained(const stream::SourceShard& shard) const;
  void poll(Shard& shard, const stream::SourceStream& stream);
  Task<> end_pollers(ShardPoller::Stop how);
  Task<> reap_pollers();
  Task<> erase_marks();
  std::string mark_prefix() const;
  std::string mark_of(LogId log, std::uint32_t shard) const;

  const MappingParts& parts_;
  const MappingSettings& settings_;
  Tenant tenant_;
  MappingRecord record_;
  engine::Version version_;
  MappingState state_;
  std::string last_result_;
  std::shared_ptr<const FilterSet> filters_;
  std::optional<LogId> log_;  ///< The stream's incarnation whose shards are below.
  std::map<std::uint32_t, Shard> shards_;
  env::Signal wake_;
  CancelSource stopping_;  ///< Waits end.
  CancelSource cutting_;   ///< Invocations are not waited for.
  bool changed_ = true;    ///< The record is new to the pollers.
  bool removed_ = false;
  bool stopped_ = false;
};

}  // namespace penstock::mapping
