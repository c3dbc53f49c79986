#include "sim/function_model.h"

#include "base/base64.h"
#include "env/clocks.h"
#include "mapping/event_json.h"
#include "shape/document.h"
#include "sim/record_text.h"

#include <optional>

namespace penstock::sim {
namespace {

using function::InvokeOutcome;
using shape::Document;

const Document* member(const Document* of, std::string_view name) {
  return of == nullptr || !of->is(Document::Kind::kObject) ? nullptr : of->find(name);
}

/// What a record of the event says; nothing when it is not what a function is promised.
std::optional<GivenRecord> given_record(const Document& event_record) {
  const Document* kinesis = member(&event_record, "kinesis");
  if (kinesis == nullptr) return std::nullopt;
  GivenRecord out;
  const auto number = stream::SequenceNumber::parse(kinesis->string_at("sequenceNumber"));
  std::string data;
  const bool decoded = base64_decode(kinesis->string_at("data"), data).status == Base64Status::kOk;
  const auto text = read_record(data);
  if (!number || !decoded || !text) return std::nullopt;
  out.number = *number;
  out.key = kinesis->string_at("partitionKey");
  out.text = *text;
  return out;
}

std::string item_failures(const std::vector<GivenRecord>& batch,
                          const std::set<std::size_t>& culprits) {
  std::string reply = R"({"batchItemFailures":[)";
  for (const std::size_t at : culprits) {
    if (reply.back() != '[') reply += ',';
    reply += R"({"itemIdentifier":")" + batch[at].number.to_string() + "\"}";
  }
  return reply + "]}";
}

}  // namespace

std::string FunctionModel::arn_of(const std::string& name) {
  return "arn:aws:lambda:us-east-1:000000000000:function:" + name;
}

void FunctionModel::add(const std::string& name, FunctionPlan plan, bool reports) {
  functions_[arn_of(name)] = {.plan = plan, .reports = reports, .failures_left = {}};
}

std::string FunctionModel::resolve_arn(const Tenant&, const std::string& function) const {
  if (functions_.contains(function)) return function;
  return functions_.contains(arn_of(function)) ? arn_of(function) : "";
}

std::string FunctionModel::role_arn(const Tenant&, const std::string&) const {
  return "arn:aws:iam::000000000000:role/any";
}

Task<InvokeOutcome> FunctionModel::invoke(function::InvokeRequest request, CancelToken cancel) {
  struct Running {
    explicit Running(std::size_t& count) : count_(count) { ++count_; }
    ~Running() { --count_; }
    std::size_t& count_;
  };
  const Running running(running_);
  const std::string name = request.function;
  if (is_stopping_) witness_.complain(name + ": invoked by a server that stops");
  const auto found = functions_.find(name);
  if (found == functions_.end()) co_return InvokeOutcome{.kind = InvokeOutcome::Kind::kNotFound};
  Function& function = found->second;
  const std::vector<GivenRecord> batch = read_event(name, request.payload);
  if (batch.empty()) co_return InvokeOutcome{.kind = InvokeOutcome::Kind::kUnavailable};
  if (look_) look_(name, batch.front().place().shard);
  if (!is_healed_ && prng_.chance(function.plan.throttle)) {
    ++throttled_;
    co_return InvokeOutcome{.kind = InvokeOutcome::Kind::kThrottled};
  }
  if (!is_healed_ && prng_.chance(function.plan.unavailable)) {
    ++throttled_;
    co_return InvokeOutcome{.kind = prng_.below(2) == 0 ? InvokeOutcome::Kind::kUnavailable
                                                        : InvokeOutcome::Kind::kNotFound};
  }
  witness_.began(name, batch);
  const std::set<std::size_t> failing = culprits(function, batch);
  const auto took = static_cast<std::int64_t>(
      prng_.between(1, static_cast<std::uint64_t>(function.plan.took_max.count())));
  const Millis time{failing.empty() || prng_.below(10) != 0 ? took : 3'000};  // Or a time-out.
  co_await env::sleep_until(loop_, clocks_.steady_now() + time, cancel);
  if (cancel.cancelled()) co_return InvokeOutcome{.kind = InvokeOutcome::Kind::kUnavailable};
  co_return answer(name, batch, failing);
}

InvokeOutcome FunctionModel::answer(const std::string& name, const std::vector<GivenRecord>& batch,
                                    const std::set<std::size_t>& culprits) {
  const Function& function = functions_.at(name);
  InvokeOutcome outcome{.kind = InvokeOutcome::Kind::kSucceeded,
                        .executed_version = "$LATEST",
                        .request_id = "request-" + std::to_string(++requests_)};
  if (culprits.empty()) {
    witness_.succeeded(name, batch, batch.size());
    outcome.payload = function.reports && prng_.below(2) == 0 ? item_failures(batch, {}) : "null";
    return outcome;
  }
  if (function.reports && prng_.below(3) != 0) {
    ++partial_;
    outcome.payload = item_failures(batch, culprits);
    witness_.succeeded(name, batch, *culprits.begin());
    witness_.failed(name, batch, *culprits.begin());
    return outcome;
  }
  outcome.kind = InvokeOutcome::Kind::kFunctionError;
  outcome.function_error = "Unhandled";
  outcome.payload = R"({"errorMessage":"a record is not liked"})";
  witness_.failed(name, batch, 0);
  return outcome;
}

/// Which records of the batch the function fails on, this time.
std::set<std::size_t> FunctionModel::culprits(Function& function,
                                              const std::vector<GivenRecord>& batch) {
  std::set<std::size_t> out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::uint64_t id = batch[i].text.id;
    if (batch[i].text.is_poison) out.insert(i);
    const auto [left, is_new] = function.failures_left.try_emplace(id, 0);
    if (is_new) {
      Prng content(id ^ 0xF1A);
      if (content.chance(function.plan.flaky)) {
        left->second = static_cast<std::uint32_t>(content.between(1, function.plan.flaky_max));
      }
    }
    if (left->second == 0) continue;
    --left->second;
    out.insert(i);
  }
  return out;
}

std::vector<GivenRecord> FunctionModel::read_event(const std::string& name,
                                                   std::string_view payload) {
  std::vector<GivenRecord> batch;
  if (payload.size() > mapping::kEventBytesMax) {
    witness_.complain(name + ": an event of " + std::to_string(payload.size()) + " bytes");
    return batch;
  }
  const Result<Document> event = shape::parse_json(payload);
  const Document* records = event.ok() ? member(&*event, "Records") : nullptr;
  if (records == nullptr || records->items.empty()) {
    witness_.complain(name + ": an event without records");
    return batch;
  }
  for (const Document& one : records->items) {
    std::optional<GivenRecord> record = given_record(one);
    if (!record) {
      witness_.complain(name + ": a record of an event is not readable");
      return {};
    }
    batch.push_back(std::move(*record));
  }
  return batch;
}

}  // namespace penstock::sim
