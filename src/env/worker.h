#pragma once

#include "base/task.h"

#include <functional>
#include <memory>
#include <string>

namespace penstock::env {

/// A thread for blocking work (disk, zip), run in the order posted. The simulator runs the same
/// jobs as tasks of its own, so a job must not wait for another job.
class Worker {
 public:
  virtual ~Worker() = default;
  /// Any thread.
  virtual void post(std::function<void()> job) = 0;
};

class Workers {
 public:
  virtual ~Workers() = default;
  /// `name` shows in thread lists; at most 15 characters. Destroying a Worker ends it after the
  /// jobs already posted.
  virtual std::unique_ptr<Worker> make(std::string name) = 0;
};

/// Runs `job` on the worker and brings its value back to the calling loop.
template <class Job>
auto run_blocking(Worker& worker, Job job) -> Task<decltype(job())> {
  OneShot<decltype(job())> done;
  worker.post([job = std::move(job), done]() mutable { done.set(job()); });
  co_return co_await done.take();
}

}  // namespace penstock::env
