#include "sim/system.h"

#include "env/clocks.h"

#include <vector>

namespace penstock::sim {

/// As server's observer: what streams decide, to the ledger.
class System::Puts final : public stream::PutObserver {
 public:
  explicit Puts(ledger::Ledger& ledger) : ledger_(ledger) {}
  void put(const stream::PutReport& report) override {
    ledger::CallOutcome outcome;
    outcome.log = report.log;
    outcome.rejected = report.rejected;
    for (const stream::ShardPutReport& shard : report.shards) {
      outcome.stored += shard.stored;
      outcome.throttled += shard.throttled;
      outcome.failed += shard.failed;
    }
    std::vector<ledger::EntryFate> entries;
    for (const stream::EntryReport& entry : report.fingerprints)
      entries.push_back({entry.fingerprint, entry.shard, entry.fate == stream::PutFate::kStored});
    outcome.entries = entries;
    const stream::Caller& caller = report.caller;
    ledger_.decided({caller.tenant, caller.access_key, caller.peer, caller.user_agent},
                    report.stream, outcome);
  }
  bool wants_stored_fingerprints() const override { return ledger_.wants_stored_fingerprints(); }

 private:
  ledger::Ledger& ledger_;
};

class System::Streams final : public ledger::StreamSource {
 public:
  Streams(const stream::RecordSource& source, const engine::Log& log)
      : source_(source), log_(log) {}
  std::vector<ledger::StreamCounts> streams() const override {
    std::map<LogId, ledger::StreamCounts> by_log;
    // Of the log, not of the source: that one leaves out shards whose records have all expired.
    for (const ShardRef& shard : log_.shards()) {
      const auto one = source_.counts(shard);
      if (!one.ok()) continue;
      ledger::StreamCounts& counts = by_log[shard.log];
      counts.stored += one->stored;
      counts.expired += one->expired;
      counts.damaged += one->damaged;
    }
    std::vector<ledger::StreamCounts> all;
    for (const stream::SourceStream& stream : source_.streams()) {
      ledger::StreamCounts& counts = by_log[stream.log];
      counts.tenant = stream.name.tenant;
      counts.name = stream.name.name;
      counts.log = stream.log;
      all.push_back(std::move(counts));
    }
    return all;
  }

 private:
  const stream::RecordSource& source_;
  const engine::Log& log_;
};

System::System(const Plan& plan, engine::local::Options engine_options)
    : world(plan.seed, {.slow_job = plan.slow_disk}),
      prng(plan.seed ^ 0x5157),
      functions(world.env().clocks, *world.env().loops.front(), prng, witness),
      options_(std::move(engine_options)) {
  world.faults().set_chance(plan.engine_faults);
  // These two are the plan's own.
  world.faults().set_chance(env::FaultPoint::kDestinationFails, 0);
  world.faults().set_chance(env::FaultPoint::kInvokeThrottled, 0);
}

System::~System() {
  if (engine_ != nullptr) world.kill([this] { destroy(); });
}

const Tenant& System::tenant() {
  static const Tenant one{"000000000000", "us-east-1"};
  return one;
}
stream::Caller System::caller(std::string_view access_key) {
  return {.tenant = tenant(), .access_key = access_key};
}
std::string System::stream_arn() { return stream::stream_arn(tenant(), kStream); }
sqs::QueueTarget System::failed_queue() { return {tenant(), "failed"}; }

ledger::AuditReport System::audit() {
  return ledger_->audit(Streams(*streams_, engine_->log()), *mappings_);
}

Task<Status> System::open_parts() {
  env::Env& env = world.env();
  env::Loop& control = *env.loops.front();
  functions.set_stopping(false);
  if (engine_ == nullptr) {
    CO_TRY(engine_, co_await engine::local::open(options_, env, budget_));
  }
  CO_TRY(ledger_, ledger::Ledger::open({.clocks = env.clocks,
                                        .control_loop = control,
                                        .marks = engine_->marks(),
                                        .leases = engine_->leases()},
                                       {}));
  puts_ = std::make_unique<Puts>(*ledger_);
  CO_TRY(streams_, co_await stream::StreamService::open({.clocks = env.clocks,
                                                         .control_loop = control,
                                                         .random = env.random,
                                                         .engine = *engine_,
                                                         .put_observer = puts_.get()},
                                                        {}));
  const Streams counted(*streams_, engine_->log());
  CO_TRY_OK(co_await ledger_->compare(counted));
  CO_TRY(
      queues_,
      co_await sqs::QueueService::open(
          {.clocks = env.clocks, .control_loop = control, .random = env.random, .engine = *engine_},
          {}));
  destinations_ = std::make_unique<QueueDestination>(
      *queues_, [this] { return prng.chance(destination_fails); });
  CO_TRY(mappings_, co_await mapping::MappingService::open({.clocks = env.clocks,
                                                            .control_loop = control,
                                                            .random = env.random,
                                                            .faults = env.faults,
                                                            .engine = *engine_,
                                                            .source = *streams_,
                                                            .invoker = functions,
                                                            .destinations = *destinations_},
                                                           {}));
  co_return ok();
}

Status System::open() {
  const auto opened = world.try_run(open_parts());
  if (!opened) return Error{Errc::kIo, "the power went out while the server opened"};
  return *opened;
}

Task<bool> System::stop_parts() {
  queues_->end_waits();
  mappings_->begin_stop();
  functions.set_stopping(true);
  co_await mappings_->stop();
  mappings_.reset();
  destinations_.reset();
  co_await queues_->stop();
  queues_.reset();
  co_await streams_->stop();
  streams_.reset();
  co_await ledger_->stop();
  puts_.reset();
  ledger_.reset();
  if (has_files()) {
    co_await engine_->stop();
    engine_.reset();
  }
  co_return true;
}

bool System::stop() { return world.try_run(stop_parts()).has_value(); }
void System::kill() {
  world.kill([this] { destroy(); });
}
void System::cut_power() {
  world.crash([this] { destroy(); });
}

void System::destroy() {
  mappings_.reset();
  destinations_.reset();
  queues_.reset();
  streams_.reset();
  puts_.reset();
  ledger_.reset();
  engine_.reset();
}

}  // namespace penstock::sim
