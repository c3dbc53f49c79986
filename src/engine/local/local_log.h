#pragma once

#include "engine/local/core.h"
#include "engine/log.h"

#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace penstock::engine::local {

/// Log over the shard table and the commit queue.
class LocalLog final : public Log {
 public:
  explicit LocalLog(Core& core);
  ~LocalLog() override;

  Task<> append(std::span<Append> appends) override;
  Task<Result<Slice>> read(ShardRef shard, Position from, ReadLimits limits) override;
  std::unique_ptr<Subscription> watch(ShardRef shard, Position from,
                                      std::function<void()> wake) override;
  Task<Result<Position>> locate(ShardRef shard, ServiceTime at) override;
  Result<Bounds> bounds(ShardRef shard) const override;
  Task<Status> trim(ShardRef shard, Position before) override;
  Task<Status> ensure(LogId log, std::uint32_t shard_count) override;
  Task<Status> open(ShardRef shard, Fence fence) override;
  Task<Result<Position>> seal(ShardRef shard, Fence fence) override;
  Task<Status> drop(LogId log) override;
  std::vector<ShardRef> shards() const override;

 private:
  class Place;
  /// Appends of one loop that wait for memory or the disk, by shard, in the order of the calls.
  using Lines = std::map<ShardRef, std::deque<const Place*>>;
  /// One for each append of a call; none when nothing waits.
  using Places = std::vector<std::unique_ptr<Place>>;

  Result<std::shared_ptr<Shard>> find(ShardRef ref) const;
  void stage(CommitQueue::Staging& staging, Append& append, std::shared_ptr<Shard> shard,
             std::vector<std::span<const std::uint8_t>>& frames, bool is_behind);
  std::shared_ptr<Waiter> stage_all(std::span<Append> appends, Places& places);
  void help_to_release(SteadyTime now);
  Task<> append_slowly(std::span<Append> appends, Places places);
  Task<> release();

  Core& core_;
  std::vector<Lines> lines_;           ///< Each on its loop only.
  std::vector<SteadyTime> helped_at_;  ///< The same.
};

}  // namespace penstock::engine::local
