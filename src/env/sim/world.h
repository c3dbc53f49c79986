#pragma once

#include "base/check.h"
#include "base/task.h"
#include "env/clocks.h"
#include "env/env.h"
#include "env/fault_points.h"
#include "env/http_client.h"
#include "env/loop.h"
#include "env/random.h"
#include "env/sim/disk.h"
#include "env/sim/scheduler.h"
#include "env/worker.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::env::sim {

/// Fault points that hit with one chance each, and remember how often.
class SeededFaults final : public FaultPoints {
 public:
  explicit SeededFaults(Prng& prng) : prng_(prng) {}
  bool hit(FaultPoint point) override;
  void set_chance(double chance) { chance_ = chance; }
  void set_chance(FaultPoint point, double chance) { chances_[point] = chance; }
  std::uint64_t hits(FaultPoint point) const;

 private:
  Prng& prng_;
  double chance_ = 0;
  std::map<FaultPoint, double> chances_;
  std::map<FaultPoint, std::uint64_t> hits_;
};

/// Outgoing HTTP as a function of the test; without one every peer is unreachable.
class ScriptedHttp final : public HttpClient {
 public:
  using Answer = std::function<Task<Result<HttpReply>>(HttpRequest, CancelToken)>;
  void answer_with(Answer answer) { answer_ = std::move(answer); }
  Task<Result<HttpReply>> fetch(HttpRequest request, CancelToken cancel) override;

 private:
  Answer answer_;
};

struct WorldOptions {
  std::size_t loops = 1;
  Millis job_max{1};    ///< A worker's job takes a microsecond up to this long.
  double slow_job = 0;  ///< Chance that a job takes up to a second instead.
};

/// A machine from a seed: loops, clocks, workers, a disk. One at a time on a thread.
///
///     World world{seed};
///     auto engine = world.run(engine::local::open(options, world.env(), budget));
///     world.run_for(seconds(30));
///     world.crash([&] { engine.reset(); });       // and then open it again
class World {
 public:
  explicit World(std::uint64_t seed, WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Env& env() { return *env_; }
  sim::Disk& disk() { return disk_; }
  SeededFaults& faults() { return faults_; }
  ScriptedHttp& http() { return http_; }
  Loop& loop(std::size_t index = 0);
  Scheduler& scheduler() { return scheduler_; }
  std::uint64_t trace() const { return scheduler_.trace(); }
  std::uint64_t seed() const { return seed_; }

  /// Runs `task` on a loop until it has ended, everything else beside it, and returns its value.
  /// Stops the process when nothing is left to run before that, or the power went out.
  template <class T>
  T run(Task<T> task, std::size_t loop = 0) {
    std::optional<T> value = try_run(std::move(task), loop);
    PENSTOCK_CHECK(value.has_value(), "the task ends before the world is idle");
    return std::move(*value);
  }
  void run(Task<> task, std::size_t loop = 0);

  /// The same, but nothing when the world went idle, or its power out, before the task ended.
  template <class T>
  std::optional<T> try_run(Task<T> task, std::size_t loop = 0) {
    const auto value = std::make_shared<std::optional<T>>();
    start(executor_of(loop), [](Task<T> inner, std::shared_ptr<std::optional<T>> out) -> Task<> {
      out->emplace(co_await std::move(inner));
    }(std::move(task), value));
    run_until([&] { return value->has_value(); });
    return std::move(*value);
  }

  /// Starts `task` on a loop and returns.
  void spawn(Task<> task, std::size_t loop = 0);

  /// Until `done` says so: true. False when `within` has passed, nothing is left to run, or the
  /// power is out.
  bool run_until(const std::function<bool()>& done, std::optional<Nanos> within = std::nullopt);
  void run_for(Nanos duration);
  /// Until nothing is ready and no timer is armed, or the power is out.
  void run_idle();

  /// The machine dies: handlers and coroutines go while the objects they use still live, then
  /// `destroy_objects` runs (joins are not checked), then the disk loses what was not durable, and
  /// a moment passes. Afterwards the world runs again.
  void crash(const std::function<void()>& destroy_objects);
  /// The same for a process that was killed: the disk keeps what it shows.
  void kill(const std::function<void()>& destroy_objects);

 private:
  class SimClocks;
  class SimLoop;
  class SimRandom;
  class SimWorkers;
  Executor executor_of(std::size_t loop);

  std::uint64_t seed_;
  Scheduler scheduler_;
  sim::Disk disk_;
  SeededFaults faults_;
  ScriptedHttp http_;
  std::unique_ptr<SimClocks> clocks_;
  std::vector<std::unique_ptr<SimLoop>> loops_;
  std::unique_ptr<SimRandom> random_;
  std::unique_ptr<SimWorkers> workers_;
  std::unique_ptr<Env> env_;
};

}  // namespace penstock::env::sim
