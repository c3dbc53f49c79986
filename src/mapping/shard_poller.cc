#include "mapping/shard_poller.h"

#include "base/log.h"
#include "base/uuid.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "env/clocks.h"
#include "env/fault_points.h"
#include "env/random.h"
#include "function/invoker.h"
#include "mapping/destination.h"
#include "mapping/event_json.h"
#include "mapping/failure_record.h"
#include "mapping/item_failures.h"
#include "mapping/texts.h"
#include "stream/errors.h"
#include "stream/types.h"

#include <algorithm>

namespace penstock::mapping {
namespace {

constexpr Millis kTroublePause{1'000};
constexpr Millis kAwsPoll{1'000};
constexpr int kDeliveries = 3;
constexpr Millis kDeliveryPause{100};
constexpr std::size_t kReadRecordsMax = 10'000;

LaneRules rules_of(const Configuration& configuration, const MappingSettings& settings,
                   Millis retention) {
  LaneRules rules;
  rules.batch_size = static_cast<std::size_t>(configuration.batch_size);
  rules.window = Seconds{configuration.window_s};
  if (configuration.max_age_s >= 0) rules.max_age = Seconds{configuration.max_age_s};
  if (configuration.max_retries >= 0)
    rules.max_retries = static_cast<std::uint32_t>(configuration.max_retries);
  rules.bisect = configuration.bisect;
  rules.retention = retention;
  rules.retry_pause = settings.retry_pause;
  rules.retry_pause_max = settings.retry_pause_max;
  return rules;
}

FailureRecord::Condition condition_of(ledger::DropCause cause) {
  switch (cause) {
    case ledger::DropCause::kAge: return FailureRecord::Condition::kRecordAgeExceeded;
    case ledger::DropCause::kTooLarge: return FailureRecord::Condition::kMaximumPayloadSizeExceeded;
    default: return FailureRecord::Condition::kRetryAttemptsExhausted;
  }
}

}  // namespace

ShardPoller::ShardPoller(const MappingParts& parts, const MappingSettings& settings,
                         PollerPlan plan, ShardState state, PollerEvents events)
    : parts_(parts),
      settings_(settings),
      plan_(std::move(plan)),
      events_(std::move(events)),
      context_{.shard_id = stream::shard_id_text(plan_.shard.ref.shard),
               .source_arn = plan_.mapping.source_arn,
               .region = plan_.tenant.region,
               .role_arn = parts.invoker.role_arn(plan_.tenant, plan_.mapping.function_arn)},
      work_(rules_of(plan_.mapping.configuration, settings, plan_.stream.retention),
            static_cast<std::size_t>(plan_.mapping.configuration.parallelization),
            parts.clocks.service_now(), std::move(state)),
      lane_wakes_(work_.lanes()),
      is_pushed_(settings.poll == MappingSettings::Poll::kAws &&
                 is_consumer_source(plan_.mapping.source_arn)),
      scope_(parts.control_loop.executor()) {}

ShardPoller::~ShardPoller() = default;

ServiceTime ShardPoller::now() const { return parts_.clocks.service_now(); }

void ShardPoller::start() {
  scope_.spawn(run_reader());
  for (std::size_t lane = 0; lane < work_.lanes(); ++lane) scope_.spawn(run_lane(lane));
}

Task<> ShardPoller::stop(Stop how) {
  if (how == Stop::kAbandon) abandon_.cancel();
  scope_.cancel();
  co_await scope_.join();
  if (changed_ && how == Stop::kGraceful) co_await store();
}

Task<> ShardPoller::stop_expired(engine::Position end) {
  scope_.cancel();
  co_await scope_.join();
  work_.expire_rest(end, now());
  changed_ = true;
  co_await stop(Stop::kGraceful);
}

void ShardPoller::wake_lanes() {
  for (const env::Signal& wake : lane_wakes_) wake.notify();
}

void ShardPoller::wake_all() {
  wake_lanes();
  reader_wake_.notify();
}

void ShardPoller::end() {
  if (ended_) return;
  ended_ = true;
  wake_all();
  events_.ended();
}

// --- Reading
// ---------------------------------------------------------------------------------------

Task<> ShardPoller::run_reader() {
  const auto subscription =
      parts_.source.watch(plan_.shard.ref, work_.next(), [this] { reader_wake_.notify(); });
  while (!token().cancelled()) {
    if (work_.room() == 0) {
      co_await reader_wake_.wait(token());
      continue;
    }
    const std::optional<engine::ReadLimits> limits = co_await turn();
    if (limits && co_await read_once(*limits)) co_return;
  }
}

stream::SubscriptionMachine::Now ShardPoller::push_now() const {
  return {now(), parts_.clocks.steady_now()};
}

Task<std::optional<engine::ReadLimits>> ShardPoller::turn() {
  const std::size_t room = std::min(work_.room(), kReadRecordsMax);
  if (!is_pushed_) co_return engine::ReadLimits{.records_max = room};
  using Machine = stream::SubscriptionMachine;
  if (!pushed_) pushed_.emplace(work_.next(), push_now(), Machine::kAwsBytesPerSecond);
  const Machine::Step step = pushed_->next(push_now());
  if (const auto* read = std::get_if<Machine::Read>(&step)) {
    engine::ReadLimits limits = read->limits;
    limits.records_max = std::min(limits.records_max, room);
    co_return limits;
  }
  if (const auto* wait = std::get_if<Machine::Wait>(&step)) {
    const auto woken = co_await reader_wake_.wait_until(parts_.control_loop, wait->until, token());
    if (woken == env::Woken::kSignal) pushed_->woken();
  } else if (std::holds_alternative<Machine::End>(step)) {
    pushed_.reset();  // Subscribed again, where it was.
  }
  co_return std::nullopt;
}

/// True when there is nothing to read any more.
Task<bool> ShardPoller::read_once(engine::ReadLimits limits) {
  Result<stream::SourceSlice> read =
      co_await parts_.source.read(plan_.shard.ref, work_.next(), limits);
  if (!read.ok() && read.error().code == stream::StreamErrc::kNotFound) {
    end();
    co_return true;
  }
  if (!read.ok()) {
    if (read_trouble_ != read.error().message) {
      read_trouble_ = read.error().message;
      log::warn(
          "a shard cannot be read for a mapping; trying again",
          {{"stream", plan_.stream.arn}, {"shard", context_.shard_id}, {"why", read_trouble_}});
    }
    events_.processed(std::string(kInternalProblem));
    co_await env::sleep_until(parts_.control_loop, parts_.clocks.steady_now() + kTroublePause,
                              token());
    co_return false;
  }
  if (!read_trouble_.empty()) {
    log::info("a shard is read again for a mapping",
              {{"stream", plan_.stream.arn}, {"shard", context_.shard_id}});
    read_trouble_.clear();
  }
  const stream::SourceSlice& slice = *read;
  const ServiceTime at = now();
  if (slice.trimmed) {
    work_.expire_to(slice.records.empty() ? slice.next : slice.records.front().at(), at);
    changed_ = true;
  }
  for (const stream::SourceRecord& record : slice.records) {
    Item item{.number = record.number,
              .arrival = record.arrival,
              .key = record.key,
              .data = record.data,
              .pin = slice.pin};
    item.event_bytes = event_record_bytes(item, context_);
    const bool passes = plan_.filters->matches(item, context_);
    changed_ = changed_ || !passes;
    work_.take(std::move(item), passes, at);
  }
  work_.read_to(slice.next, slice.end_of_shard);
  if (changed_ && !slice.records.empty()) events_.processed(std::string(kResultOk));
  wake_lanes();  // Not the reader itself: it would never rest.
  if (slice.end_of_shard) co_return true;
  if (is_pushed_) {
    pushed_->found({.records = slice.records.size(), .bytes = slice.bytes, .next = slice.next},
                   push_now());
    if (slice.trimmed) pushed_->woken();
  } else if (settings_.poll == MappingSettings::Poll::kAws) {
    co_await env::sleep_until(parts_.control_loop, parts_.clocks.steady_now() + kAwsPoll, token());
  } else if (slice.records.empty() && !slice.trimmed) {
    co_await reader_wake_.wait(token());
  }
  co_return false;
}

// --- Lanes
// -----------------------------------------------------------------------------------------

Task<> ShardPoller::run_lane(std::size_t lane) {
  while (!token().cancelled() && !ended_) {
    const Lane::Decision decision = work_.decide(lane, now());
    switch (decision.step) {
      case Lane::Step::kInvoke: co_await invoke(lane); break;
      case Lane::Step::kGiveUp: co_await give_up(lane, decision); break;
      case Lane::Step::kExpired:
        changed_ = true;
        reader_wake_.notify();
        break;
      case Lane::Step::kNothing:
        co_await after_settling();
        if (token().cancelled() || ended_) co_return;
        co_await lane_wakes_[lane].wait(token());
        break;
      case Lane::Step::kWait:
        co_await after_settling();
        co_await lane_wakes_[lane].wait_until(parts_.control_loop, decision.until, token());
        break;
    }
  }
}

/// Before a lane rests, what was settled is stored; a shard has ended when that is stored, too.
Task<> ShardPoller::after_settling() {
  const bool drained = work_.drained();
  if (changed_ || (drained && !end_stored_)) {
    if (co_await store()) {
      end_stored_ = end_stored_ || drained;
    } else {
      co_await env::sleep_until(parts_.control_loop, parts_.clocks.steady_now() + kTroublePause,
                                token());
      wake_all();
      co_return;
    }
  }
  if (end_stored_) end();
}

Task<bool> ShardPoller::store() {
  changed_ = false;
  std::vector<engine::Marks::Mark> marks;
  marks.push_back({plan_.mark, work_.state().encode()});
  const Status stored =
      co_await parts_.engine.marks().put(parts_.engine.leases().node(), std::move(marks));
  if (stored.ok()) co_return true;
  changed_ = true;
  events_.processed(std::string(kInternalProblem));
  log::warn("a checkpoint is not stored; trying again", {{"mapping", plan_.mapping.uuid},
                                                         {"shard", context_.shard_id},
                                                         {"why", stored.error().message}});
  co_return false;
}

/// The attempt is stored before it is made, together with what was settled until now.
Task<> ShardPoller::invoke(std::size_t lane) {
  const bool is_stored = co_await store();
  if (!is_stored || token().cancelled() || parts_.faults.hit(env::FaultPoint::kInvokeThrottled)) {
    work_.invoked(lane, {.kind = Invoked::Kind::kNotInvoked}, now());
    changed_ = true;
    co_return;
  }
  function::InvokeRequest request{.tenant = plan_.tenant,
                                  .function = plan_.mapping.function_arn,
                                  .payload = event_json(work_.batch(lane), context_),
                                  .client_context = {}};
  function::InvokeOutcome outcome =
      co_await parts_.invoker.invoke(std::move(request), abandon_.token());
  if (abandon_.cancelled()) co_return;
  Invoked invoked = classify(lane, std::move(outcome));
  events_.processed(
      std::string(invoked.kind == Invoked::Kind::kSucceeded ? kResultOk : kCallFailed));
  work_.invoked(lane, std::move(invoked), now());
  changed_ = true;
  reader_wake_.notify();
}

Invoked ShardPoller::classify(std::size_t lane, function::InvokeOutcome outcome) {
  using Kind = function::InvokeOutcome::Kind;
  Invoked invoked;
  switch (outcome.kind) {
    case Kind::kSucceeded:
      if (plan_.mapping.configuration.report_item_failures) {
        invoked = outcome_of(read_item_failures(outcome.payload, work_.batch(lane)));
      }
      break;
    case Kind::kFunctionError:
      invoked.kind = Invoked::Kind::kFailed;
      invoked.function_error = outcome.function_error;
      break;
    case Kind::kThrottled:
    case Kind::kNotFound:
    case Kind::kUnavailable: invoked.kind = Invoked::Kind::kNotInvoked; break;
  }
  invoked.request_id = std::move(outcome.request_id);
  invoked.executed_version = std::move(outcome.executed_version);
  return invoked;
}

// --- Giving up
// ---------------------------------------------------------------------------------------

Task<> ShardPoller::give_up(std::size_t lane, Lane::Decision decision) {
  const std::optional<ledger::Fate> fate = co_await deliver(lane, decision);
  if (!fate || (abandon_.cancelled() && *fate != ledger::Fate::kDelivered)) co_return;
  work_.given_up(lane, decision.count, *fate, now());
  changed_ = true;
  reader_wake_.notify();
}

/// What became of the records: delivered, or dropped and why. Nothing when the mapping stops while
/// this server's own engine cannot take the failure record: then they are given up again later.
Task<std::optional<ledger::Fate>> ShardPoller::deliver(std::size_t lane, Lane::Decision decision) {
  const std::string destination = plan_.mapping.configuration.destination_arn;
  if (destination.empty()) co_return ledger::fate_of(decision.cause);

  const std::span<const Item> records = work_.batch(lane).first(decision.count);
  const std::optional<Invoked>& last = work_.last(lane);
  FailureRecord facts{.condition = condition_of(decision.cause),
                      .request_id = last ? last->request_id : new_uuid(parts_.random),
                      .function_arn = plan_.mapping.function_arn,
                      .invoke_count = decision.invoke_count,
                      .at = now(),
                      .shard_id = context_.shard_id,
                      .stream_arn = plan_.stream.arn,
                      .first = records.front().number,
                      .last = records.back().number,
                      .first_arrival = records.front().arrival,
                      .last_arrival = records.back().arrival,
                      .batch_size = records.size()};
  if (last && !last->executed_version.empty()) facts.executed_version = last->executed_version;
  facts.function_error = last ? last->function_error : std::optional<std::string>("Unhandled");
  const std::string id = failure_id(plan_.mapping.uuid, context_.shard_id, facts.first, facts.last);
  const std::string body = failure_json(facts);

  for (int attempt = 1; attempt <= kDeliveries; ++attempt) {
    Status sent = ok();
    if (parts_.faults.hit(env::FaultPoint::kDestinationFails)) {
      sent = Error{Errc::kUnavailable, "a fault was asked for"};
    } else {
      sent = co_await parts_.destinations.send(plan_.tenant, destination, id, body);
    }
    if (sent.ok()) co_return ledger::Fate::kDelivered;
    log::warn("a failure record is not delivered", {{"mapping", plan_.mapping.uuid},
                                                    {"destination", destination},
                                                    {"why", sent.error().message}});
    if (sent.error().code == Errc::kNotFound) co_return ledger::Fate::kDroppedNoDestination;
    if (sent.error().code.as<engine::EngineErrc>()) {
      // No refusal: the disk is full, or the journal failed. Nothing is dropped for that.
      if (token().cancelled()) co_return std::nullopt;
      co_await env::sleep_until(parts_.control_loop, parts_.clocks.steady_now() + kTroublePause,
                                token());
      attempt = 0;
      continue;
    }
    const SteadyTime again = parts_.clocks.steady_now() + kDeliveryPause * attempt;
    if (attempt < kDeliveries)
      co_await env::sleep_until(parts_.control_loop, again, abandon_.token());
    if (abandon_.cancelled()) break;
  }
  co_return ledger::Fate::kDroppedDestinationFailed;
}

}  // namespace penstock::mapping
