#pragma once

#include "base/check.h"
#include "function/function_service.h"
#include "support/engine_stand.h"
#include "unit/function/model_host.h"
#include "unit/function/zips.h"

#include <memory>
#include <optional>
#include <string>

namespace penstock::function {

/// Functions on a simulated machine, with environments that are models.
class FunctionStand {
 public:
  explicit FunctionStand(FunctionSettings settings = {.folder = "/functions"},
                         std::uint64_t seed = 1)
      : machine(seed, {.folder = "/data"}),
        host(machine.world.loop(), machine.world.env().clocks),
        settings_(std::move(settings)) {
    machine.open();
    open();
  }
  ~FunctionStand() { stop(); }

  testing::EngineStand machine;
  ModelHost host;
  FunctionService& functions() { return *functions_; }
  env::sim::World& world() { return machine.world; }

  static Tenant tenant() { return {"000000000000", "us-east-1"}; }
  static FunctionService::Create request(const std::string& name, const std::string& code = "x") {
    return {.name = name,
            .configuration = {.runtime = "python3.11", .handler = "app.handler", .role = "r"},
            .code = {.zip = zip_of({{"app.py", code}})}};
  }
  void create(const std::string& name, const std::string& code = "x") {
    const auto made = world().run(functions().create(tenant(), request(name, code)));
    PENSTOCK_CHECK(made.ok(), made.ok() ? "" : made.error().message.c_str());
  }
  void change(const std::string& name, ConfigurationChange by) {
    const auto made = world().run(functions().update_configuration(tenant(), name, std::move(by)));
    PENSTOCK_CHECK(made.ok(), made.ok() ? "" : made.error().message.c_str());
  }
  InvokeOutcome invoke(const std::string& name, const std::string& payload = "1") {
    return world().run(functions().invoke(ask(name, payload), CancelToken()));
  }

  /// An invocation that goes on beside the test.
  struct Running {
    std::optional<InvokeOutcome> outcome;
    CancelSource cancel;
    bool ended() const { return outcome.has_value(); }
  };
  std::shared_ptr<Running> begin(const std::string& name, const std::string& payload = "1") {
    auto running = std::make_shared<Running>();
    world().spawn([](FunctionService& service, InvokeRequest request,
                     std::shared_ptr<Running> into) -> Task<> {
      into->outcome = co_await service.invoke(std::move(request), into->cancel.token());
    }(functions(), ask(name, payload), running));
    world().run_for(Nanos{0});
    return running;
  }
  InvokeOutcome wait(const std::shared_ptr<Running>& running) {
    world().run_until([&] { return running->ended(); });
    PENSTOCK_CHECK(running->ended(), "the invocation ends");
    return *running->outcome;
  }

  void stop() {
    if (functions_ == nullptr) return;
    world().run(functions_->stop());
    functions_.reset();
  }
  /// Everything stops in order and starts again on the same disk.
  void restart() {
    stop();
    machine.reopen();
    open();
  }

 private:
  static InvokeRequest ask(const std::string& name, const std::string& payload) {
    return {.tenant = tenant(), .function = name, .payload = payload};
  }
  void open() {
    env::Env& env = world().env();
    auto opened = world().run(FunctionService::open({.clocks = env.clocks,
                                                     .control_loop = *env.loops.front(),
                                                     .disk = env.disk,
                                                     .random = env.random,
                                                     .workers = env.workers,
                                                     .http = env.http,
                                                     .meta = machine.engine().meta(),
                                                     .host = host},
                                                    settings_));
    PENSTOCK_CHECK(opened.ok(), opened.ok() ? "" : opened.error().message.c_str());
    functions_ = std::move(opened).value();
  }

  FunctionSettings settings_;
  std::unique_ptr<FunctionService> functions_;
};

}  // namespace penstock::function
