#include "engine/local/core.h"

#include "base/log.h"
#include "engine/errors.h"
#include "env/loop.h"

#include <algorithm>
#include <utility>

namespace penstock::engine::local {

Core::Core(Options opt, env::Env& environment, Budget& memory, std::function<void()> wake_writer)
    : options(std::move(opt)),
      env(environment),
      budget(memory),
      pool(std::make_shared<ChunkPool>(
          memory, std::min(options.free_chunk_bytes_max, memory.limit_bytes() / 8))),
      queue(environment.loops, environment.clocks, std::move(wake_writer), &memory) {}

std::size_t Core::used_bytes() const {
  const std::size_t used = budget.used_bytes();
  return used - std::min(used, pool->free_bytes());
}

void Core::let_go(const std::vector<std::shared_ptr<Shard>>& gone) {
  {
    const std::lock_guard lock(let_go_mutex_);
    let_go_.insert(let_go_.end(), gone.begin(), gone.end());
  }
  if (wake_store) wake_store();
}

bool Core::release_some() {
  std::shared_ptr<Shard> shard;
  {
    const std::lock_guard lock(let_go_mutex_);
    if (let_go_.empty()) return false;
    shard = let_go_.front();
  }
  // It stays in the list meanwhile: whoever finds that empty may look at what is alive.
  const bool is_more = shard->release_some();
  const std::lock_guard lock(let_go_mutex_);
  if (!is_more && !let_go_.empty() && let_go_.front() == shard) let_go_.pop_front();
  return true;
}

env::Loop& Core::current_loop() const { return *env.loops[queue.current_lane()]; }

void Core::open_reader() {
  const std::size_t kept = std::min(options.read_bytes_kept_max, budget.limit_bytes() / 16);
  reader = std::make_unique<StoredReader>(
      env.workers, pool, kept, [this](Shard& shard, const StoredBlock& stored, const Error& error) {
        note_unreadable(shard, stored, error);
      });
}

void Core::note_unreadable(Shard& shard, const StoredBlock& stored, const Error& error) {
  if (error.code != EngineErrc::kCorrupt) return;
  switch (shard.fence(stored)) {
    case Shard::Fenced::kNothing: return;
    case Shard::Fenced::kDamage:
      log::error("records are damaged and will not be served", {{"cause", error.message}});
      return;
    case Shard::Fenced::kCopy:
      log::warn("records on disk are damaged, are still in memory, and are written again",
                {{"cause", error.message}});
      must_flush.store(true);
      if (wake_store) wake_store();
  }
}

Status Core::check(Fence fence) const {
  if (fence == epoch) return ok();
  return Error{EngineErrc::kNotOwner, "the fence is of epoch " + std::to_string(fence.epoch) +
                                          ", this is " + std::to_string(epoch.epoch)};
}

void Core::unstage() {
  for (const auto& shard : shards.all()) shard->unstage();
  documents->unstage();
  marks.unstage();
}

std::shared_ptr<Watcher> make_watcher(env::Loop& loop, std::function<void()> wake) {
  auto watcher = std::make_shared<Watcher>();
  watcher->executor = loop.executor();
  watcher->loop = loop.index();
  watcher->wake = std::move(wake);
  return watcher;
}

}  // namespace penstock::engine::local
