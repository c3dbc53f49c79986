#include "engine/local/core.h"

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
    shard = std::move(let_go_.front());
    let_go_.pop_front();
  }
  const bool is_more = shard->release_some();
  const std::lock_guard lock(let_go_mutex_);
  if (is_more) let_go_.push_front(std::move(shard));
  return !let_go_.empty();
}

env::Loop& Core::current_loop() const { return *env.loops[queue.current_lane()]; }

void Core::open_reader() {
  const std::size_t kept = std::min(options.read_bytes_kept_max, budget.limit_bytes() / 16);
  reader = std::make_unique<StoredReader>(env.workers, pool, kept);
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
