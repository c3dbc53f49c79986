#include "sim/system.h"

#include "env/clocks.h"

#include <vector>

namespace penstock::sim {

System::System(const Plan& plan, engine::local::Options engine_options)
    : world(plan.seed, {.slow_job = plan.slow_disk}),
      prng(plan.seed ^ 0x5157),
      functions(world.env().clocks, *world.env().loops.front(), prng, witness),
      options_(std::move(engine_options)) {
  world.faults().set_chance(plan.engine_faults);
  // The plan has its own chances for what these two bring about from outside.
  world.faults().set_chance(env::FaultPoint::kDestinationFails, plan.engine_faults / 4);
  world.faults().set_chance(env::FaultPoint::kInvokeThrottled, plan.engine_faults / 4);
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
  return ledger_->audit(stream::LedgerStreams(*streams_, engine_->log()), *mappings_);
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
  puts_ = std::make_unique<stream::LedgerPuts>(*ledger_);
  CO_TRY(streams_, co_await stream::StreamService::open({.clocks = env.clocks,
                                                         .control_loop = control,
                                                         .random = env.random,
                                                         .engine = *engine_,
                                                         .put_observer = puts_.get()},
                                                        {}));
  const stream::LedgerStreams counted(*streams_, engine_->log());
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
                                                           mapping_settings));
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
