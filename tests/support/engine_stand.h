#pragma once

#include "base/budget.h"
#include "base/check.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/local/local_engine.h"
#include "env/clocks.h"
#include "env/sim/world.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// A simulated machine with one engine on it, which can be stopped, killed and started again.
///
///     EngineStand stand(seed);
///     stand.open();
///     stand.append(shard, {"a", "b"});
///     stand.crash();            // cut of power, then open again
class EngineStand {
 public:
  explicit EngineStand(std::uint64_t seed, engine::local::Options options = {},
                       env::sim::WorldOptions world_options = {},
                       std::size_t budget_bytes = 256u << 20)
      : world(seed, world_options),
        budget(budget_bytes),
        options_(std::move(options)),
        env_(std::make_unique<env::Env>(world.env())) {}
  ~EngineStand() {
    if (engine_ != nullptr) world.kill([this] { engine_.reset(); });
  }

  env::sim::World world;
  Budget budget;

  /// Another disk than the world's, before the first open.
  void use_disk(env::Disk& disk) {
    const env::Env& old = world.env();
    env_ = std::make_unique<env::Env>(
        env::Env{old.clocks, old.loops, disk, old.random, old.workers, old.http, old.faults});
  }
  /// Puts something between the engine and its callers, at each open from now on.
  using Wrap = std::function<std::unique_ptr<engine::Engine>(std::unique_ptr<engine::Engine>)>;
  void wrap_engine(Wrap wrap) { wrap_ = std::move(wrap); }
  engine::local::Options& options() { return options_; }
  engine::Engine& engine() { return *engine_; }
  engine::Log& log() { return engine_->log(); }
  bool is_open() const { return engine_ != nullptr; }

  Status try_open() {
    auto opened = world.try_run(engine::local::open(options_, *env_, budget));
    if (!opened.has_value()) return Error{Errc::kIo, "the power went out while opening"};
    if (!opened->ok()) return std::move(opened->error());
    engine_ = std::move(opened->value());
    if (wrap_) engine_ = wrap_(std::move(engine_));
    return ok();
  }
  void open() {
    const Status status = try_open();
    PENSTOCK_CHECK(status.ok(), status.error().message.c_str());
  }
  /// An orderly end.
  void stop() {
    world.run(engine_->stop());
    engine_.reset();
  }
  void reopen() {
    stop();
    open();
  }
  /// The power goes; what was not durable may be lost. Does not open.
  void cut_power() {
    world.crash([this] { engine_.reset(); });
  }
  /// The process dies; the operating system goes on. Does not open.
  void kill() {
    world.kill([this] { engine_.reset(); });
  }
  void crash() {
    cut_power();
    open();
  }
  /// Inside a crash or kill of the world that takes more than the engine with it.
  void abandon() { engine_.reset(); }

  engine::Fence fence() { return engine_->leases().node(); }

  Status ensure(LogId log_id, std::uint32_t shards) {
    return world.run(log().ensure(log_id, shards));
  }
  /// Appends one batch under the present fence, at the present service time.
  Result<engine::Appended> append(ShardRef shard, const std::vector<std::string>& data,
                                  std::size_t loop = 0) {
    std::vector<engine::NewRecord> records;
    for (const std::string& one : data) records.push_back({"key", one});
    engine::Append append{shard, fence(), records, world.env().clocks.service_now()};
    world.run(log().append(std::span(&append, 1)), loop);
    return append.outcome;
  }
  Result<engine::Slice> read(ShardRef shard, engine::Position from,
                             engine::ReadLimits limits = {}) {
    return world.run(log().read(shard, from, limits));
  }
  /// Every record's data from `from` on.
  Result<std::vector<std::string>> read_all(ShardRef shard, engine::Position from = {}) {
    std::vector<std::string> all;
    for (;;) {
      TRY(const engine::Slice slice, read(shard, from));
      if (slice.records.empty()) return all;
      for (const auto& record : slice.records) all.emplace_back(record.data);
      from = slice.next;
    }
  }

 private:
  engine::local::Options options_;
  std::unique_ptr<env::Env> env_;
  std::unique_ptr<engine::Engine> engine_;
  Wrap wrap_;
};

/// A folder of so few kilobytes that every place in it can be damaged once.
inline engine::local::Options tiny_files(engine::local::OpenReport* report) {
  engine::local::Options options{.folder = "/data", .durability = engine::local::Durability::kSync};
  options.journal_first_file_bytes = 16u << 10;
  options.journal_file_bytes_max = 32u << 10;
  options.journal_bytes_max = 64u << 10;
  options.ballast_bytes = 4u << 10;
  options.report = report;
  return options;
}

}  // namespace penstock::testing
