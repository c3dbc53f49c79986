#include "support/faulty_engine.h"

#include "engine/errors.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace penstock::testing {

using engine::EngineErrc;
using engine::Fence;
using engine::Position;

namespace {

Error refused() { return Error{EngineErrc::kUnavailable, "refused by the test"}; }
Error lost() { return Error{EngineErrc::kUnknownOutcome, "lost by the test"}; }

}  // namespace

/// Between the callers and the engine: the dice, and one queue for each loop.
class FaultyEngine::Way {
 public:
  Way(env::Clocks& clocks, std::vector<env::Loop*> loops, std::uint64_t seed, EngineFaults faults)
      : clocks_(clocks), loops_(std::move(loops)), prng_(seed), faults_(faults) {
    queues_.resize(loops_.size());
  }

  /// A call that is on its way, until it is destroyed.
  class Call {
   public:
    explicit Call(Way& way) : way_(&way) { ++way_->running_; }
    Call(Call&& other) noexcept : way_(std::exchange(other.way_, nullptr)) {}
    Call& operator=(Call&&) = delete;
    ~Call() {
      if (way_ != nullptr && --way_->running_ == 0) way_->idle_.release();
    }

   private:
    Way* way_;
  };

  /// Ends when the call may begin: what the caller does before its next suspension comes before
  /// every later call of this loop.
  Task<Call> begin() {
    Call call(*this);
    ++counts_.calls;
    const std::size_t loop = current_loop();
    Queue& queue = queues_[loop];
    Millis delay{0};
    if (prng_.chance(faults_.delay_call)) {
      ++counts_.delayed_calls;
      delay += random_up_to(faults_.delay_max);
    }
    if (prng_.chance(faults_.pause)) {
      ++counts_.pauses;
      delay += random_up_to(faults_.pause_max);
    }
    if (queue.is_busy) {
      Gate turn;
      queue.waiting.push_back(turn);
      co_await turn.wait();
    }
    if (delay > Millis{0}) {
      queue.is_busy = true;
      co_await env::sleep_until(*loops_[loop], clocks_.steady_now() + delay, {});
    }
    // Through the loop's own queue: this call goes on first.
    queue.is_busy = !queue.waiting.empty();
    if (queue.is_busy) {
      queue.waiting.front().release();
      queue.waiting.pop_front();
    }
    co_return call;
  }

  Task<> end() {
    if (!prng_.chance(faults_.delay_completion)) co_return;
    ++counts_.delayed_completions;
    const SteadyTime until = clocks_.steady_now() + random_up_to(faults_.delay_max);
    co_await env::sleep_until(*loops_[current_loop()], until, {});
  }

  /// What the caller is told instead of being let through.
  std::optional<Error> turn_away() {
    if (prng_.chance(faults_.refuse)) {
      ++counts_.refused;
      return refused();
    }
    if (prng_.chance(faults_.lose_call)) {
      ++counts_.lost_calls;
      return lost();
    }
    return std::nullopt;
  }
  bool loses_completion() {
    const bool loses = prng_.chance(faults_.lose_completion);
    if (loses) ++counts_.lost_completions;
    return loses;
  }

  /// A call that changes something.
  template <class T>
  Task<T> change(Task<T> inner) {
    const Call call = co_await begin();
    if (auto error = turn_away(); error.has_value()) {
      co_await end();
      co_return std::move(*error);
    }
    T outcome = co_await std::move(inner);
    if (outcome.ok() && loses_completion()) outcome = lost();
    co_await end();
    co_return outcome;
  }
  /// One that does not.
  template <class T>
  Task<T> ask(Task<T> inner) {
    const Call call = co_await begin();
    T outcome = co_await std::move(inner);
    co_await end();
    co_return outcome;
  }

  Task<> until_idle() {
    while (running_ > 0) co_await idle_.wait();
  }
  void set_faults(EngineFaults faults) { faults_ = faults; }
  const FaultCounts& counts() const { return counts_; }

 private:
  struct Queue {
    /// A call sleeps, or has been let go and has not begun yet.
    bool is_busy = false;
    std::deque<Gate> waiting;
  };
  std::size_t current_loop() const {
    for (std::size_t i = 1; i < loops_.size(); ++i) {
      if (loops_[i]->is_current()) return i;
    }
    return 0;
  }
  Millis random_up_to(Millis most) {
    return Millis{static_cast<std::int64_t>(
        prng_.between(1, static_cast<std::uint64_t>(std::max<std::int64_t>(1, most.count()))))};
  }

  env::Clocks& clocks_;
  std::vector<env::Loop*> loops_;
  env::sim::Prng prng_;
  EngineFaults faults_;
  FaultCounts counts_;
  std::deque<Queue> queues_;
  std::uint64_t running_ = 0;
  Gate idle_;
};

class FaultyEngine::FaultyLog final : public engine::Log {
 public:
  FaultyLog(engine::Log& log, Way& way) : log_(log), way_(way) {}

  Task<> append(std::span<engine::Append> appends) override {
    const Way::Call call = co_await way_.begin();
    std::vector<engine::Append> passed;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < appends.size(); ++i) {
      if (auto error = way_.turn_away(); error.has_value()) {
        appends[i].outcome = std::move(*error);
      } else {
        passed.push_back(appends[i]);
        places.push_back(i);
      }
    }
    co_await log_.append(passed);
    for (std::size_t i = 0; i < passed.size(); ++i) {
      auto& outcome = appends[places[i]].outcome;
      outcome = std::move(passed[i].outcome);
      if (outcome.ok() && way_.loses_completion()) outcome = lost();
    }
    co_await way_.end();
  }
  Task<Result<engine::Slice>> read(ShardRef shard, Position from,
                                   engine::ReadLimits limits) override {
    return way_.ask(log_.read(shard, from, limits));
  }
  std::unique_ptr<engine::Subscription> watch(ShardRef shard, Position from,
                                              std::function<void()> wake) override {
    return log_.watch(shard, from, std::move(wake));
  }
  Task<Result<Position>> locate(ShardRef shard, ServiceTime at) override {
    return way_.ask(log_.locate(shard, at));
  }
  Result<engine::Bounds> bounds(ShardRef shard) const override { return log_.bounds(shard); }
  Task<Status> trim(ShardRef shard, Position before) override {
    return way_.change(log_.trim(shard, before));
  }
  Task<Status> ensure(LogId log, std::uint32_t shard_count) override {
    return way_.change(log_.ensure(log, shard_count));
  }
  Task<Status> open(ShardRef shard, Fence fence) override {
    return way_.change(log_.open(shard, fence));
  }
  Task<Result<Position>> seal(ShardRef shard, Fence fence) override {
    return way_.change(log_.seal(shard, fence));
  }
  Task<Status> drop(LogId log) override { return way_.change(log_.drop(log)); }
  std::vector<ShardRef> shards() const override { return log_.shards(); }

 private:
  engine::Log& log_;
  Way& way_;
};

class FaultyEngine::FaultyMeta final : public engine::Meta {
 public:
  FaultyMeta(engine::Meta& meta, Way& way) : meta_(meta), way_(way) {}

  Task<Result<engine::Version>> commit(std::vector<engine::Change> changes) override {
    return way_.change(meta_.commit(std::move(changes)));
  }
  std::optional<engine::Document> get(std::string_view key) const override {
    return meta_.get(key);
  }
  std::vector<engine::Document> list(std::string_view prefix) const override {
    return meta_.list(prefix);
  }
  Task<Status> barrier() override { return way_.ask(meta_.barrier()); }
  std::unique_ptr<engine::Subscription> watch(std::string prefix,
                                              std::function<void()> changed) override {
    return meta_.watch(std::move(prefix), std::move(changed));
  }

 private:
  engine::Meta& meta_;
  Way& way_;
};

class FaultyEngine::FaultyMarks final : public engine::Marks {
 public:
  FaultyMarks(engine::Marks& marks, Way& way) : marks_(marks), way_(way) {}

  Task<Status> put(Fence fence, std::vector<Mark> marks) override {
    return way_.change(marks_.put(fence, std::move(marks)));
  }
  std::optional<std::string> get(std::string_view key) const override { return marks_.get(key); }
  std::vector<std::pair<std::string, std::string>> list(std::string_view prefix) const override {
    return marks_.list(prefix);
  }

 private:
  engine::Marks& marks_;
  Way& way_;
};

FaultyEngine::FaultyEngine(std::unique_ptr<Engine> engine, env::Clocks& clocks,
                           std::vector<env::Loop*> loops, std::uint64_t seed, EngineFaults faults)
    : engine_(std::move(engine)),
      way_(std::make_unique<Way>(clocks, std::move(loops), seed, faults)),
      log_(std::make_unique<FaultyLog>(engine_->log(), *way_)),
      meta_(std::make_unique<FaultyMeta>(engine_->meta(), *way_)),
      marks_(std::make_unique<FaultyMarks>(engine_->marks(), *way_)) {}

FaultyEngine::~FaultyEngine() = default;

engine::Log& FaultyEngine::log() { return *log_; }
engine::Meta& FaultyEngine::meta() { return *meta_; }
engine::Marks& FaultyEngine::marks() { return *marks_; }
engine::Leases& FaultyEngine::leases() { return engine_->leases(); }

Task<> FaultyEngine::stop() {
  co_await engine_->stop();
  co_await way_->until_idle();
}

void FaultyEngine::set_faults(EngineFaults faults) { way_->set_faults(faults); }
const FaultCounts& FaultyEngine::counts() const { return way_->counts(); }

}  // namespace penstock::testing
