#pragma once

#include "base/task.h"
#include "engine/log.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace penstock::engine::local {

/// Somebody on a loop who wants to hear of changes.
struct Watcher {
  Executor executor;
  std::size_t loop = 0;
  std::function<void()> wake;
  bool alive = true;                 ///< On its loop only.
  std::atomic<bool> pending{false};  ///< A wake is on its way: later changes are part of it.
};

using WatcherList = std::vector<std::shared_ptr<Watcher>>;

/// Collects who must be woken while locks are held; posts once per loop afterwards.
class Wakeups {
 public:
  void add(const WatcherList& watchers) {
    for (const auto& watcher : watchers) add(watcher);
  }
  void add(const std::shared_ptr<Watcher>& watcher) {
    if (!watcher->pending.exchange(true)) watchers_.push_back(watcher);
  }
  /// Something else to do on a loop in the same post.
  void add(std::size_t loop, Executor executor, std::function<void()> work);
  /// Posts and is empty again. No lock may be held.
  void send();
  bool empty() const { return watchers_.empty() && works_.empty(); }

 private:
  struct Work {
    std::size_t loop;
    Executor executor;
    std::function<void()> work;
  };
  WatcherList watchers_;
  std::vector<Work> works_;
};

/// Those who watch one thing. Guarded by the lock of that thing.
class Watchers {
 public:
  void add(std::shared_ptr<Watcher> watcher) { list_.push_back(std::move(watcher)); }
  void remove(const Watcher* watcher) {
    std::erase_if(list_, [&](const auto& one) { return one.get() == watcher; });
  }
  const WatcherList& list() const { return list_; }

 private:
  WatcherList list_;
};

}  // namespace penstock::engine::local
