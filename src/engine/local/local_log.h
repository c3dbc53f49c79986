#pragma once

#include "engine/local/core.h"
#include "engine/log.h"

namespace penstock::engine::local {

/// Log over the shard table and the commit queue.
class LocalLog final : public Log {
 public:
  explicit LocalLog(Core& core) : core_(core) {}

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
  Result<std::shared_ptr<Shard>> find(ShardRef ref) const;
  void stage(CommitQueue::Staging& staging, Append& append,
             std::vector<std::span<const std::uint8_t>>& frames);
  std::shared_ptr<Waiter> stage_all(std::span<Append> appends);
  Task<> append_slowly(std::span<Append> appends);

  Core& core_;
};

}  // namespace penstock::engine::local
