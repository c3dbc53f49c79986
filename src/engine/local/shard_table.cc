#include "engine/local/shard_table.h"

#include <algorithm>
#include <mutex>

namespace penstock::engine::local {

std::shared_ptr<Shard> ShardTable::find(ShardRef ref) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_ref_.find(ref);
  return found == by_ref_.end() ? nullptr : found->second;
}

void ShardTable::ensure(LogId log, std::uint32_t count) {
  const std::unique_lock lock(mutex_);
  std::uint32_t& have = counts_[log];
  for (; have < count; ++have) {
    ShardState state;
    state.ref = ShardRef{log, have};
    by_ref_.emplace(state.ref, std::make_shared<Shard>(state));
  }
}

void ShardTable::add(const ShardState& state) {
  const std::unique_lock lock(mutex_);
  by_ref_.insert_or_assign(state.ref, std::make_shared<Shard>(state));
  std::uint32_t& have = counts_[state.ref.log];
  have = std::max(have, state.ref.shard + 1);
}

std::vector<std::shared_ptr<Shard>> ShardTable::remove(LogId log) {
  std::vector<std::shared_ptr<Shard>> gone = of(log);
  const std::unique_lock lock(mutex_);
  for (const auto& shard : gone) by_ref_.erase(shard->ref());
  counts_.erase(log);
  return gone;
}

std::vector<std::shared_ptr<Shard>> ShardTable::of(LogId log) const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<Shard>> found;
  const auto count = counts_.find(log);
  if (count == counts_.end()) return found;
  for (std::uint32_t shard = 0; shard < count->second; ++shard) {
    const auto entry = by_ref_.find(ShardRef{log, shard});
    if (entry != by_ref_.end()) found.push_back(entry->second);
  }
  return found;
}

std::uint32_t ShardTable::count(LogId log) const {
  const std::shared_lock lock(mutex_);
  const auto found = counts_.find(log);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<std::shared_ptr<Shard>> ShardTable::all() const {
  std::vector<std::shared_ptr<Shard>> shards;
  {
    const std::shared_lock lock(mutex_);
    shards.reserve(by_ref_.size());
    for (const auto& [ref, shard] : by_ref_) shards.push_back(shard);
  }
  std::sort(shards.begin(), shards.end(),
            [](const auto& a, const auto& b) { return a->ref() < b->ref(); });
  return shards;
}

}  // namespace penstock::engine::local
