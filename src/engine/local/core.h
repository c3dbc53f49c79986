#pragma once

#include "base/budget.h"
#include "base/task.h"
#include "engine/local/commit_queue.h"
#include "engine/local/documents.h"
#include "engine/local/local_engine.h"
#include "engine/local/shard_table.h"
#include "engine/local/stored_reader.h"
#include "env/env.h"
#include "env/worker.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace penstock::engine::local {

/// What the four faces of the engine share.
struct Core {
  Core(Options opt, env::Env& environment, Budget& memory, std::function<void()> wake_writer);

  Options options;
  env::Env& env;
  Budget& budget;
  Fence epoch{1};
  std::shared_ptr<ChunkPool> pool;
  ShardTable shards;
  std::shared_ptr<Documents> documents = std::make_shared<Documents>();
  MarkTable marks;
  CommitQueue queue;
  std::unique_ptr<StoredReader> reader;  ///< Of segments; null without files.
  std::function<void()> wake_store;      ///< The same: memory is short, or something was let go.

  /// These were trimmed or dropped, durably: what that leaves in them is to be given back. The
  /// store does it, or, without one, whoever trimmed; here it costs nothing. Any thread.
  void let_go(const std::vector<std::shared_ptr<Shard>>& gone);
  /// Gives some of that back, with no lock held. False: there was nothing. Any thread.
  bool release_some();

  /// A block did not read back: its shard is told, and so is whoever reads the log. Any thread.
  void note_unreadable(Shard& shard, const StoredBlock& stored, const Error& error);
  std::atomic<bool> must_flush{false};  ///< What memory has is the only copy.

  /// Makes `reader`.
  void open_reader();
  /// Of the budget, but what lies ready for the next records.
  std::size_t used_bytes() const;

  /// The loop that is running; the control loop elsewhere.
  env::Loop& current_loop() const;
  Status check(Fence fence) const;
  /// Whatever is staged and not durable was never staged. Nobody may be staging.
  void unstage();

 private:
  std::mutex let_go_mutex_;
  std::deque<std::shared_ptr<Shard>> let_go_;
};

/// Ends a watch on the thing it was registered with, if that still lives.
template <class Watched>
class WatchSubscription final : public Subscription {
 public:
  WatchSubscription(std::weak_ptr<Watched> watched, std::shared_ptr<Watcher> watcher)
      : watched_(std::move(watched)), watcher_(std::move(watcher)) {}
  ~WatchSubscription() override {
    watcher_->alive = false;
    if (const auto watched = watched_.lock()) watched->unwatch(watcher_.get());
  }

 private:
  std::weak_ptr<Watched> watched_;
  std::shared_ptr<Watcher> watcher_;
};

std::shared_ptr<Watcher> make_watcher(env::Loop& loop, std::function<void()> wake);

}  // namespace penstock::engine::local
