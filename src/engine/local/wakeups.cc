#include "engine/local/wakeups.h"

#include <utility>

namespace penstock::engine::local {

void Wakeups::add(std::size_t loop, Executor executor, std::function<void()> work) {
  works_.push_back({loop, std::move(executor), std::move(work)});
}

void Wakeups::send() {
  while (!empty()) {
    const std::size_t loop = works_.empty() ? watchers_.front()->loop : works_.front().loop;
    const Executor executor =
        works_.empty() ? watchers_.front()->executor : works_.front().executor;
    std::vector<std::function<void()>> works;
    WatcherList watchers;
    std::erase_if(works_, [&](Work& one) {
      if (one.loop != loop) return false;
      works.push_back(std::move(one.work));
      return true;
    });
    std::erase_if(watchers_, [&](std::shared_ptr<Watcher>& one) {
      if (one->loop != loop) return false;
      watchers.push_back(std::move(one));
      return true;
    });
    post(executor, [works = std::move(works), watchers = std::move(watchers)] {
      for (const auto& work : works) work();
      for (const auto& watcher : watchers) {
        // Before the call: what changes from here on is another wake.
        watcher->pending.store(false);
        if (watcher->alive) watcher->wake();
      }
    });
  }
}

}  // namespace penstock::engine::local
