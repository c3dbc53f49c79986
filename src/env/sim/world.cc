#include "env/sim/world.h"

#include <deque>
#include <utility>

namespace penstock::env::sim {

bool SeededFaults::hit(FaultPoint point) {
  const auto own = chances_.find(point);
  const double chance = own == chances_.end() ? chance_ : own->second;
  if (chance <= 0 || !prng_.chance(chance)) return false;
  ++hits_[point];
  return true;
}

std::uint64_t SeededFaults::hits(FaultPoint point) const {
  const auto found = hits_.find(point);
  return found == hits_.end() ? 0 : found->second;
}

Task<Result<HttpReply>> ScriptedHttp::fetch(HttpRequest request, CancelToken cancel) {
  if (answer_) co_return co_await answer_(std::move(request), std::move(cancel));
  co_return Error{Errc::kUnavailable, "connect " + request.url + ": nobody is there"};
}

class World::SimClocks final : public Clocks {
 public:
  explicit SimClocks(Scheduler& scheduler) : scheduler_(scheduler) {}
  SteadyTime steady_now() const override { return scheduler_.now(); }
  WallTime wall_now() const override { return scheduler_.wall_now(); }
  ServiceTime service_now() const override { return scheduler_.service_now(); }
  void advance_service(Millis by) override { scheduler_.advance_service(by); }
  Millis service_offset() const override { return scheduler_.service_offset(); }

 private:
  Scheduler& scheduler_;
};

class World::SimLoop final : public Loop {
 public:
  SimLoop(Scheduler& scheduler, std::size_t index)
      : scheduler_(scheduler),
        owner_(static_cast<Owner>(index)),
        executor_(scheduler.executor(owner_)) {}
  const Executor& executor() const override { return executor_; }
  bool is_current() const override { return scheduler_.current() == owner_; }
  std::size_t index() const override { return owner_; }
  TimerId arm(SteadyTime at, std::function<void()> fire) override {
    return scheduler_.arm(owner_, at, std::move(fire));
  }
  TimerId arm(ServiceTime at, std::function<void()> fire) override {
    return scheduler_.arm(owner_, at, std::move(fire));
  }
  void disarm(TimerId id) override { scheduler_.disarm(id); }

 private:
  Scheduler& scheduler_;
  Owner owner_;
  Executor executor_;
};

class World::SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) : prng_(seed ^ 0x4A4D) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(prng_.next());
  }

 private:
  Prng prng_;
};

/// Workers whose jobs are tasks that take virtual time, one after the other.
class World::SimWorkers final : public Workers {
 public:
  SimWorkers(Scheduler& scheduler, WorldOptions options)
      : scheduler_(scheduler), options_(options) {}
  std::unique_ptr<Worker> make(std::string) override {
    return std::make_unique<SimWorker>(*this, static_cast<Owner>(kFirstWorker + made_++));
  }

 private:
  struct Queue {
    std::deque<std::function<void()>> jobs;
    bool busy = false;
  };
  class SimWorker final : public Worker {
   public:
    SimWorker(SimWorkers& home, Owner owner)
        : home_(home), owner_(owner), queue_(std::make_shared<Queue>()) {}
    // What was posted still runs: the queue lives on in the armed timer.
    void post(std::function<void()> job) override {
      queue_->jobs.push_back(std::move(job));
      if (!queue_->busy) home_.arm_next(owner_, queue_);
    }

   private:
    SimWorkers& home_;
    Owner owner_;
    std::shared_ptr<Queue> queue_;
  };

  void arm_next(Owner owner, std::shared_ptr<Queue> queue) {
    queue->busy = !queue->jobs.empty();
    if (!queue->busy) return;
    Prng& prng = scheduler_.prng();
    const Nanos limit = prng.chance(options_.slow_job) ? Seconds{1} : options_.job_max;
    const Nanos took{prng.between(1'000, static_cast<std::uint64_t>(limit.count()))};
    scheduler_.arm(owner, scheduler_.now() + took, [this, owner, queue] {
      const auto job = std::move(queue->jobs.front());
      queue->jobs.pop_front();
      job();
      arm_next(owner, queue);
    });
  }

  Scheduler& scheduler_;
  WorldOptions options_;
  std::uint64_t made_ = 0;
};

World::World(std::uint64_t seed, WorldOptions options)
    : seed_(seed),
      scheduler_(seed),
      disk_(seed),
      faults_(scheduler_.prng()),
      clocks_(std::make_unique<SimClocks>(scheduler_)),
      random_(std::make_unique<SimRandom>(seed)),
      workers_(std::make_unique<SimWorkers>(scheduler_, options)) {
  std::vector<Loop*> loops;
  for (std::size_t i = 0; i < options.loops; ++i) {
    loops_.push_back(std::make_unique<SimLoop>(scheduler_, i));
    loops.push_back(loops_.back().get());
  }
  env_ = std::make_unique<Env>(
      Env{*clocks_, std::move(loops), disk_, *random_, *workers_, http_, faults_});
}

World::~World() { scheduler_.abandon(); }

Loop& World::loop(std::size_t index) { return *loops_.at(index); }
Executor World::executor_of(std::size_t loop) { return loops_.at(loop)->executor(); }

void World::run(Task<> task, std::size_t loop) {
  const bool ended = run(
      [](Task<> inner) -> Task<bool> {
        co_await std::move(inner);
        co_return true;
      }(std::move(task)),
      loop);
  PENSTOCK_CHECK(ended, "the task ends before the world is idle");
}

void World::spawn(Task<> task, std::size_t loop) { start(executor_of(loop), std::move(task)); }

bool World::run_until(const std::function<bool()>& done, std::optional<Nanos> within) {
  // Far beyond any test: handlers that post each other without time passing.
  const std::uint64_t steps_max = scheduler_.steps() + 200'000'000;
  const SteadyTime until = within.has_value() ? scheduler_.now() + *within : SteadyTime::max();
  while (!done()) {
    if (!scheduler_.step(until) || disk_.power_is_out()) return false;
    PENSTOCK_CHECK(scheduler_.steps() < steps_max, "the world makes progress");
  }
  return true;
}

void World::run_for(Nanos duration) {
  run_until([] { return false; }, duration);
}

void World::run_idle() {
  run_until([] { return false; });
}

void World::kill(const std::function<void()>& destroy_objects) {
  scheduler_.abandon();
  destroy_objects();
  scheduler_.abandon();
  scheduler_.skip(Millis{200});
  scheduler_.revive();
}

void World::crash(const std::function<void()>& destroy_objects) {
  kill(destroy_objects);
  disk_.crash();
}

}  // namespace penstock::env::sim
