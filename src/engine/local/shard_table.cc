#include "engine/local/shard_table.h"

#include <algorithm>
#include <iterator>
#include <mutex>

namespace penstock::engine::local {
namespace {

std::shared_ptr<Shard> numbered(const std::vector<std::shared_ptr<Shard>>* shards,
                                std::uint32_t number) {
  return shards != nullptr && number < shards->size() ? (*shards)[number] : nullptr;
}

void add_existing(const std::vector<std::shared_ptr<Shard>>& shards,
                  std::vector<std::shared_ptr<Shard>>& to) {
  std::copy_if(shards.begin(), shards.end(), std::back_inserter(to),
               [](const auto& shard) { return shard != nullptr; });
}

}  // namespace

/// Null when there is none. Under the lock.
const ShardTable::Shards* ShardTable::of_log(LogId log) const {
  const auto found = by_log_.find(log);
  return found == by_log_.end() ? nullptr : &found->second;
}

std::shared_ptr<Shard> ShardTable::find(ShardRef ref) const {
  const std::shared_lock lock(mutex_);
  return numbered(of_log(ref.log), ref.shard);
}

void ShardTable::find_each(std::span<const Append> appends, Shards& into) const {
  const std::shared_lock lock(mutex_);
  const Shards* shards = nullptr;
  LogId log;
  for (const Append& append : appends) {
    if (shards == nullptr || append.shard.log != log) {
      log = append.shard.log;
      shards = of_log(log);
    }
    into.push_back(numbered(shards, append.shard.shard));
  }
}

void ShardTable::ensure(LogId log, std::uint32_t count) {
  const std::unique_lock lock(mutex_);
  Shards& shards = by_log_[log];
  while (shards.size() < count) {
    ShardState state;
    state.ref = ShardRef{log, static_cast<std::uint32_t>(shards.size())};
    shards.push_back(std::make_shared<Shard>(state));
  }
}

void ShardTable::add(const ShardState& state) {
  const std::unique_lock lock(mutex_);
  Shards& shards = by_log_[state.ref.log];
  if (shards.size() <= state.ref.shard) shards.resize(state.ref.shard + std::size_t{1});
  shards[state.ref.shard] = std::make_shared<Shard>(state);
}

std::vector<std::shared_ptr<Shard>> ShardTable::remove(LogId log) {
  std::vector<std::shared_ptr<Shard>> gone;
  const std::unique_lock lock(mutex_);
  if (const Shards* shards = of_log(log)) add_existing(*shards, gone);
  by_log_.erase(log);
  return gone;
}

std::vector<std::shared_ptr<Shard>> ShardTable::of(LogId log) const {
  std::vector<std::shared_ptr<Shard>> found;
  const std::shared_lock lock(mutex_);
  if (const Shards* shards = of_log(log)) add_existing(*shards, found);
  return found;
}

std::uint32_t ShardTable::count(LogId log) const {
  const std::shared_lock lock(mutex_);
  const Shards* shards = of_log(log);
  return shards == nullptr ? 0 : static_cast<std::uint32_t>(shards->size());
}

std::vector<std::shared_ptr<Shard>> ShardTable::all() const {
  std::vector<std::shared_ptr<Shard>> found;
  const std::shared_lock lock(mutex_);
  for (const auto& [log, shards] : by_log_) add_existing(shards, found);
  return found;
}

}  // namespace penstock::engine::local
