#include "stream/directory.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace penstock::stream {

const LiveStream::Shard* LiveStream::find(std::uint32_t number) const {
  const ShardEntry* found = entry.find(number);
  return found == nullptr ? nullptr
                          : &shards[static_cast<std::size_t>(found - entry.shards.data())];
}

std::uint32_t LiveStream::route(HashKey key) const {
  const auto found =
      std::lower_bound(routes.begin(), routes.end(), key,
                       [](const Route& route, HashKey wanted) { return route.end < wanted; });
  PENSTOCK_CHECK(found != routes.end(), "the open shards cover the whole key space");
  return found->index;
}

LiveStreamPtr make_live(StreamEntry entry, engine::Version version, const engine::Leases& leases,
                        const ShardLimits& limits, const LiveStreamPtr& before) {
  auto live = std::make_shared<LiveStream>();
  live->version = version;
  live->arn = stream_arn(entry.name.tenant, entry.name.name);
  live->limits = effective(limits, entry.options.limits);
  const std::int64_t record_bytes_max = entry.max_record_kib * 1024;
  const bool same_log = before != nullptr && before->entry.log == entry.log;
  for (const ShardEntry& shard : entry.shards) {
    const ShardRef ref{entry.log, shard.number};
    const LiveStream::Shard* known = same_log ? before->find(shard.number) : nullptr;
    const auto index = static_cast<std::uint32_t>(live->shards.size());
    live->shards.push_back({shard, leases.mine(ref).value_or(engine::Fence{}),
                            known != nullptr
                                ? known->lane
                                : std::make_shared<ShardLane>(live->limits, record_bytes_max)});
    if (!shard.closed) live->routes.push_back({shard.range.end, index});
  }
  live->placed = same_log ? before->placed : std::make_shared<std::atomic<std::uint32_t>>(0);
  if (same_log &&
      (before->entry.max_record_kib != entry.max_record_kib || before->limits != live->limits)) {
    for (const LiveStream::Shard& shard : live->shards) {
      const std::lock_guard lock(shard.lane->mutex);
      shard.lane->write.set(live->limits, record_bytes_max);
      shard.lane->read.set(live->limits);
      shard.lane->iterators.set(live->limits);
    }
  }
  std::sort(live->routes.begin(), live->routes.end(),
            [](const auto& a, const auto& b) { return a.end < b.end; });
  live->entry = std::move(entry);
  return live;
}

std::shared_ptr<const Snapshot> Directory::snapshot() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

LiveStreamPtr Directory::find(const StreamName& name) const {
  const auto now = snapshot();
  const auto found = now->by_name.find(name);
  return found == now->by_name.end() ? nullptr : found->second;
}

LiveStreamPtr Directory::find(LogId log) const {
  const auto now = snapshot();
  const auto found = now->by_log.find(log);
  return found == now->by_log.end() ? nullptr : found->second;
}

void Directory::publish(LiveStreamPtr stream) {
  auto next = std::make_shared<Snapshot>(*snapshot());
  LiveStreamPtr& place = next->by_name[stream->entry.name];
  if (place != nullptr && stream->version <= place->version) return;
  if (place != nullptr) next->by_log.erase(place->entry.log);
  next->by_log[stream->entry.log] = stream;
  place = std::move(stream);
  replace(std::move(next));
}

void Directory::remove(const StreamName& name) {
  auto next = std::make_shared<Snapshot>(*snapshot());
  const auto found = next->by_name.find(name);
  if (found == next->by_name.end()) return;
  next->by_log.erase(found->second->entry.log);
  next->by_name.erase(found);
  replace(std::move(next));
}

void Directory::replace(std::shared_ptr<const Snapshot> next) {
  std::vector<OneShot<bool>> waiting;
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(next);
    waiting.swap(waiting_);
  }
  for (const OneShot<bool>& waiter : waiting) waiter.set(true);
  tell_watchers();
}

void Directory::tell_watchers() {
  // A watcher may end its own watching, or another's: then that one is empty.
  const Watchers told = *watchers_;
  for (const auto& watcher : told) {
    const std::function<void()> changed = *watcher;
    if (changed) changed();
  }
}

Task<> Directory::changed_since(LiveStreamPtr seen) {
  while (true) {
    OneShot<bool> changed;
    {
      const std::lock_guard lock(mutex_);
      const auto found = current_->by_log.find(seen->entry.log);
      if (found == current_->by_log.end() || found->second->version != seen->version) co_return;
      waiting_.push_back(changed);
    }
    co_await changed.take();
  }
}

struct Directory::Watcher final : engine::Subscription {
  Watcher(std::shared_ptr<Watchers> list, std::function<void()> changed)
      : list_(std::move(list)),
        at_(list_->insert(list_->end(),
                          std::make_shared<std::function<void()>>(std::move(changed)))) {}
  ~Watcher() override {
    **at_ = nullptr;
    list_->erase(at_);
  }

 private:
  std::shared_ptr<Watchers> list_;
  Watchers::iterator at_;
};

std::unique_ptr<engine::Subscription> Directory::watch(std::function<void()> changed) {
  return std::make_unique<Watcher>(watchers_, std::move(changed));
}

}  // namespace penstock::stream
