#pragma once

#include "base/check.h"
#include "sqs/queue_service.h"
#include "support/engine_stand.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// A simulated machine with an engine and the queues on it, which can be stopped, killed, started.
class QueueStand {
 public:
  explicit QueueStand(std::uint64_t seed, engine::local::Options options = {},
                      sqs::QueueSettings settings = {})
      : machine(seed, std::move(options)), settings_(settings) {
    open();
  }
  ~QueueStand() {
    if (queues_ != nullptr) machine.world.kill([this] { destroy(); });
  }

  EngineStand machine;

  sqs::QueueService& queues() { return *queues_; }
  env::sim::World& world() { return machine.world; }
  ServiceTime now() { return world().env().clocks.service_now(); }

  static sqs::QueueTarget target(const std::string& name) {
    return {{"000000000000", "us-east-1"}, name};
  }

  Status create(const std::string& name, sqs::TextMap attributes = {}) {
    return world().run(queues().create(target(name), std::move(attributes), {}));
  }
  Result<sqs::Sent> send(const std::string& name, std::string body,
                         std::optional<std::int64_t> delay = std::nullopt) {
    std::vector<sqs::NewMessage> messages;
    messages.push_back(
        {.body = std::move(body), .sender_id = "000000000000", .delay_seconds = delay});
    auto sent = world().run(queues().send(target(name), std::move(messages)));
    if (!sent.ok()) return sent.error();
    return sent->front();
  }
  Status send_once(const std::string& name, std::string id, std::string body) {
    return world().run(
        queues().send_once(target(name), std::move(id), std::move(body), "000000000000"));
  }
  Result<std::vector<sqs::Received>> receive(const std::string& name,
                                             sqs::Receive how = {.max = 10}) {
    return world().run(queues().receive(target(name), how));
  }
  Status erase(const std::string& name, const std::string& handle) {
    auto outcomes = world().run(queues().erase(target(name), {handle}));
    if (!outcomes.ok()) return outcomes.error();
    return outcomes->front();
  }
  Status set_visibility(const std::string& name, const std::string& handle, std::int64_t seconds) {
    std::vector<sqs::VisibilityChange> changes;
    changes.push_back({handle, seconds});
    auto outcomes = world().run(queues().change_visibility(target(name), std::move(changes)));
    if (!outcomes.ok()) return outcomes.error();
    return outcomes->front();
  }
  std::string attribute(const std::string& name, const std::string& attribute) {
    auto described = queues().describe(target(name));
    PENSTOCK_CHECK(described.ok(), "the queue exists");
    const auto found = described->attributes.find(attribute);
    return found == described->attributes.end() ? "" : found->second;
  }
  void advance(Millis by) { world().env().clocks.advance_service(by); }

  /// The queues stop and start again on the same engine.
  void reopen_queues() {
    world().run(queues_->stop());
    queues_.reset();
    start_queues();
  }
  /// Everything stops in order and starts again.
  void restart() {
    world().run(queues_->stop());
    queues_.reset();
    machine.reopen();
    start_queues();
  }
  /// The power goes; then everything starts again.
  void crash() {
    world().crash([this] { destroy(); });
    open();
  }
  /// The process is killed; the system's cache stays.
  void kill() {
    world().kill([this] { destroy(); });
    open();
  }

 private:
  void destroy() {
    queues_.reset();
    machine.abandon();
  }
  void open() {
    machine.open();
    start_queues();
  }
  void start_queues() {
    env::Env& env = world().env();
    auto opened = world().run(sqs::QueueService::open(
        {env.clocks, *env.loops.front(), env.random, machine.engine()}, settings_));
    PENSTOCK_CHECK(opened.ok(), opened.ok() ? "" : opened.error().message.c_str());
    queues_ = std::move(opened).value();
  }

  sqs::QueueSettings settings_;
  std::unique_ptr<sqs::QueueService> queues_;
};

}  // namespace penstock::testing
