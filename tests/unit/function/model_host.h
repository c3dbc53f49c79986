#pragma once

#include "env/loop.h"
#include "function/environment.h"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::function {

/// Execution environments as a test writes them: how long an event takes and what comes of it.
class ModelHost final : public EnvironmentHost {
 public:
  struct Plan {
    Nanos takes{Millis{10}};
    RunResult result{.kind = RunResult::Kind::kResponse, .payload = "null", .is_reusable = true};
  };
  using Script = std::function<Plan(const EnvironmentSpec&, const Event&)>;

  explicit ModelHost(env::Loop& loop, env::Clocks& clocks) : loop_(loop), clocks_(clocks) {}
  void run_as(Script script) { script_ = std::move(script); }

  std::unique_ptr<Environment> make(EnvironmentSpec spec, LogSink& log,
                                    std::function<void()> idle_end) override;
  std::string why_not(std::string_view runtime) const override {
    return runtime == "java21" ? "no Java here" : "";
  }
  const std::string& scratch_folder() const override { return scratch_; }

  std::vector<EnvironmentSpec> made;  ///< In their order.
  std::vector<Event> events;
  int alive = 0;  ///< Made and not shut down.
  int running = 0;
  int running_max = 0;
  /// The process of an idle environment ends by itself.
  void end_idle(std::size_t made_index) { idle_ends_.at(made_index)(); }

 private:
  class ModelEnvironment;
  env::Loop& loop_;
  env::Clocks& clocks_;
  Script script_;
  std::vector<std::function<void()>> idle_ends_;
  const std::string scratch_ = "/scratch";
};

class ModelHost::ModelEnvironment final : public Environment {
 public:
  ModelEnvironment(ModelHost& host, EnvironmentSpec spec, LogSink& log)
      : host_(host), spec_(std::move(spec)), log_(log) {
    ++host_.alive;
  }
  ~ModelEnvironment() override { PENSTOCK_CHECK(is_down_, "it was shut down before it goes"); }

  void run(Event event, std::function<void(RunResult)> done) override {
    PENSTOCK_CHECK(done_ == nullptr && !is_down_, "one event at a time, until it is shut down");
    host_.events.push_back(event);
    host_.running_max = std::max(host_.running_max, ++host_.running);
    Plan plan = host_.script_ ? host_.script_(spec_, event) : Plan{};
    log_.begin_invocation();
    log_.line("begin " + event.payload);
    done_ = std::move(done);
    timer_ = host_.loop_.arm(host_.clocks_.steady_now() + plan.takes,
                             [this, result = std::move(plan.result)]() mutable {
                               log_.line("end");
                               finish(std::move(result));
                             });
  }
  Task<> shutdown() override {
    if (done_ != nullptr) {
      host_.loop_.disarm(timer_);
      finish({.kind = RunResult::Kind::kUnavailable, .message = "ended under it"});
    }
    is_down_ = true;
    --host_.alive;
    co_return;
  }

 private:
  void finish(RunResult result) {
    --host_.running;
    std::exchange(done_, nullptr)(std::move(result));
  }
  ModelHost& host_;
  const EnvironmentSpec spec_;
  LogSink& log_;
  std::function<void(RunResult)> done_;
  env::Loop::TimerId timer_ = 0;
  bool is_down_ = false;
};

inline std::unique_ptr<Environment> ModelHost::make(EnvironmentSpec spec, LogSink& log,
                                                    std::function<void()> idle_end) {
  made.push_back(spec);
  idle_ends_.push_back(std::move(idle_end));
  return std::make_unique<ModelEnvironment>(*this, std::move(spec), log);
}

}  // namespace penstock::function
