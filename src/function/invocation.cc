#include "base/base64.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "function/errors.h"
#include "function/name.h"
#include "function/remote_environment.h"
#include "function/service_state.h"

#include <cstdio>

namespace penstock::function {
namespace {

/// How often an event is given to another environment when one ends before it took it.
constexpr int kDeliveriesMax = 3;

struct Ended {
  RunResult result;
  std::string tail;
};

InvokeOutcome::Kind kind_of(RunResult::Kind kind) {
  switch (kind) {
    case RunResult::Kind::kResponse: return InvokeOutcome::Kind::kSucceeded;
    case RunResult::Kind::kFunctionError: return InvokeOutcome::Kind::kFunctionError;
    case RunResult::Kind::kNotDelivered:
    case RunResult::Kind::kUnavailable: return InvokeOutcome::Kind::kUnavailable;
  }
  return InvokeOutcome::Kind::kUnavailable;
}

}  // namespace

void InvocationLog::line(std::string_view text) {
  function_->log.append(clocks_.service_now(), text);
  tail_.append(text).push_back('\n');
  if (tail_.size() > 16 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

std::string_view InvocationLog::tail() const {
  const std::string_view all = tail_;
  return all.size() > kTailBytes ? all.substr(all.size() - kTailBytes) : all;
}

FunctionService::State::State(FunctionParts p, FunctionSettings s)
    : parts(p),
      settings(std::move(s)),
      packages(p.disk,
               (settings.folder.empty() ? p.host.scratch_folder() : settings.folder) + "/packages"),
      worker(p.workers.make("functions")),
      pool(settings.environments_max),
      scope_(p.control_loop.executor()) {}

Task<InvokeOutcome> FunctionService::State::invoke(InvokeRequest request, std::string request_id,
                                                   CancelToken cancel) {
  InvokeOutcome outcome;
  outcome.request_id = request_id;
  Event event{.request_id = std::move(request_id),
              .payload = std::move(request.payload),
              .trace_id = new_trace_id()};
  if (!request.client_context.empty() &&
      base64_decode(request.client_context, event.client_context).status != Base64Status::kOk) {
    event.client_context.clear();
  }
  RunResult result;
  for (int delivery = 0; delivery < kDeliveriesMax; ++delivery) {
    auto found = find(request.tenant, request.function);
    if (!found.ok() || is_stopping_) {
      outcome.kind =
          is_stopping_ ? InvokeOutcome::Kind::kUnavailable : InvokeOutcome::Kind::kNotFound;
      outcome.message = is_stopping_ ? "the server is stopping" : found.error().message;
      co_return outcome;
    }
    const std::shared_ptr<Function> function = std::move(found).value();
    event.invoked_arn = function->arn;
    if (request.function.ends_with(":$LATEST")) event.invoked_arn += ":$LATEST";
    const Generation generation = function->generation;
    const auto choice = pool.acquire(generation);
    if (!choice) {
      outcome.kind = InvokeOutcome::Kind::kThrottled;
      outcome.message = "Rate Exceeded.";
      co_return outcome;
    }
    result = co_await run_once(function, *choice, event, cancel, outcome.log_tail);
    // An update that came while the environment was being started may have taken its package away.
    const bool is_outdated =
        result.kind == RunResult::Kind::kUnavailable && function->generation != generation;
    if (cancel.cancelled()) break;  // Whoever waits no longer may have left a run that goes on.
    if (result.kind != RunResult::Kind::kNotDelivered && !is_outdated) break;
  }
  outcome.kind = kind_of(result.kind);
  outcome.payload = std::move(result.payload);
  outcome.message = std::move(result.message);
  outcome.executed_version = kLatest;
  if (outcome.kind == InvokeOutcome::Kind::kFunctionError) outcome.function_error = "Unhandled";
  co_return outcome;
}

Task<RunResult> FunctionService::State::run_once(std::shared_ptr<Function> function,
                                                 Pool::Choice choice, Event event,
                                                 CancelToken cancel, std::string& tail) {
  if (choice.evicted) end_environment(*choice.evicted);
  Slot& slot = choice.is_new ? open_slot(choice.id, std::move(function)) : *slots_.at(choice.id);
  OneShot<Ended> ended;
  slot.environment->run(std::move(event),
                        [this, id = choice.id, ended, log = &slot.log](RunResult result) {
                          Ended end{std::move(result), std::string(log->tail())};
                          finished(id, end.result.is_reusable);
                          ended.set(std::move(end));
                        });
  // Abandoned, not stopped: the function runs on, and its environment comes back when it ends.
  const auto registration = cancel.on_cancel([ended] {
    ended.set({{.kind = RunResult::Kind::kUnavailable, .message = "the wait was cancelled"}, {}});
  });
  Ended end = co_await ended.take();
  tail = std::move(end.tail);
  co_return std::move(end.result);
}

FunctionService::State::Slot& FunctionService::State::open_slot(
    EnvironmentId id, std::shared_ptr<Function> function) {
  auto& slot = slots_[id];
  slot = std::make_unique<Slot>(Slot{function, InvocationLog(function, parts.clocks), nullptr});
  EnvironmentSpec spec = spec_of(*function);
  if (function->is_remote()) {
    slot->environment = make_remote_environment(
        std::move(spec), remote_url(function->record.configuration.image_uri), slot->log,
        parts.control_loop, parts.clocks, parts.http);
  } else {
    slot->environment = parts.host.make(std::move(spec), slot->log, [this, id] {
      pool.forget(id);
      end_environment(id);
    });
  }
  return *slot;
}

EnvironmentSpec FunctionService::State::spec_of(const Function& function) const {
  const FunctionRecord& record = function.record;
  const Configuration& configuration = record.configuration;
  EnvironmentSpec spec{
      .tenant = function.tenant,
      .function = record.name,
      .arn = function.arn,
      .runtime = configuration.runtime,
      .handler = configuration.handler,
      .log_group =
          configuration.log_group.empty() ? "/aws/lambda/" + record.name : configuration.log_group,
      .timeout = Seconds{configuration.timeout_s},
      .memory_mb = configuration.memory_mb,
      .ephemeral_mb = configuration.ephemeral_mb,
      .variables = configuration.variables.value_or(std::map<std::string, std::string>{})};
  std::array<std::uint8_t, 16> bytes;
  parts.random.fill(bytes);
  spec.log_stream = date_path(parts.clocks.wall_now()) + "/[$LATEST]" + hex_encode(as_chars(bytes));
  if (configuration.log_format == "JSON") {
    spec.variables.emplace("AWS_LAMBDA_LOG_FORMAT", "JSON");
    const std::string& level = configuration.application_log_level;
    spec.variables.emplace("AWS_LAMBDA_LOG_LEVEL", level.empty() ? "INFO" : level);
  }
  if (!function.is_remote()) {
    std::string digest;
    base64_decode(record.code_sha256, digest);
    spec.package_sha256 = hex_encode(digest);
    spec.package_path = packages.path_of(spec.package_sha256);
  }
  return spec;
}

void FunctionService::State::finished(EnvironmentId id, bool is_reusable) {
  if (pool.release(id, parts.clocks.steady_now(), is_reusable && !is_stopping_)) {
    if (!is_watching_idle_) watch_idle();
  } else {
    end_environment(id);
  }
  if (is_stopping_) ended_.notify();
}

void FunctionService::State::end_environment(EnvironmentId id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  scope_.spawn(shut_down(std::move(found->second)));
  slots_.erase(found);
}

Task<> FunctionService::State::shut_down(std::unique_ptr<Slot> slot) {
  co_await slot->environment->shutdown();
}

void FunctionService::State::retire(Generation generation) {
  for (const EnvironmentId id : pool.retire(generation)) end_environment(id);
}

/// Runs only while there is something to look at.
void FunctionService::State::watch_idle() {
  is_watching_idle_ = true;
  scope_.spawn([](State& self) -> Task<> {
    env::Clocks& clocks = self.parts.clocks;
    // A tenth of the limit: an environment goes at the latest that much too late.
    const Nanos interval = std::max<Nanos>(Nanos(self.settings.idle_max) / 10, Seconds{1});
    while (self.pool.idle() > 0) {
      const auto woken = co_await env::sleep_until(
          self.parts.control_loop, clocks.steady_now() + interval, self.scope_.token());
      if (woken == env::Woken::kCancelled) break;
      for (const EnvironmentId id :
           self.pool.expire(clocks.steady_now() - self.settings.idle_max)) {
        self.end_environment(id);
      }
    }
    self.is_watching_idle_ = false;
  }(*this));
}

Task<> FunctionService::State::end_invocations(Nanos grace) {
  is_stopping_ = true;
  const SteadyTime deadline = parts.clocks.steady_now() + grace;
  while (pool.busy() > 0 && parts.clocks.steady_now() < deadline) {
    co_await ended_.wait_until(parts.control_loop, deadline, CancelToken());
  }
  if (pool.busy() > 0)
    log::warn("invocations are ended before they finished", {{"invocations", pool.busy()}});
  while (!slots_.empty()) end_environment(slots_.begin()->first);
}

Task<> FunctionService::State::stop() {
  is_stopping_ = true;
  scope_.cancel();
  // An invocation that runs is told that its environment has gone, while that is shut down.
  while (!slots_.empty()) end_environment(slots_.begin()->first);
  co_await scope_.join();
  // Packages may still be on their way out.
  (co_await env::run_blocking(*worker, [] { return ok(); })).ignore("it only waits");
  worker.reset();
}

/// Root=1-<8 hex: seconds>-<24 hex>;Parent=<16 hex>;Sampled=0
std::string FunctionService::State::new_trace_id() const {
  std::array<std::uint8_t, 20> bytes;
  parts.random.fill(bytes);
  const std::string hex = hex_encode(as_chars(bytes));
  char seconds[24];
  std::snprintf(seconds, sizeof seconds, "%08llx",
                static_cast<unsigned long long>(unix_millis(parts.clocks.wall_now()) / 1000));
  return "Root=1-" + std::string(seconds) + "-" + hex.substr(0, 24) + ";Parent=" + hex.substr(24) +
         ";Sampled=0";
}

}  // namespace penstock::function
