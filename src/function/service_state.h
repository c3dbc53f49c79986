#pragma once

#include "engine/meta.h"
#include "env/clocks.h"
#include "env/disk.h"
#include "env/loop.h"
#include "env/random.h"
#include "env/worker.h"
#include "function/function_service.h"
#include "function/package_store.h"
#include "function/pool.h"

/// The inside of FunctionService, shared by its .cc files.
namespace penstock::function {

/// One function of the catalog, with what it has beside its record.
struct Function {
  Function(Tenant t, std::size_t log_lines_max, std::size_t log_bytes_max)
      : tenant(std::move(t)), log(log_lines_max, log_bytes_max) {}
  const Tenant tenant;
  std::string arn;
  FunctionRecord record;
  engine::Version version;
  Generation generation;
  bool is_changing = false;  ///< An update is being stored.
  bool is_removed = false;
  LogRing log;

  bool is_remote() const { return record.configuration.package_type == "Image"; }
};

/// One environment's way into its function's log, and the log of its present invocation.
class InvocationLog final : public LogSink {
 public:
  static constexpr std::size_t kTailBytes = 4096;
  InvocationLog(std::shared_ptr<Function> function, env::Clocks& clocks)
      : function_(std::move(function)), clocks_(clocks) {}
  void line(std::string_view text) override;
  void begin_invocation() override { tail_.clear(); }
  std::string_view tail() const;

 private:
  std::shared_ptr<Function> function_;
  env::Clocks& clocks_;
  std::string tail_;
};

class FunctionService::State {
 public:
  State(FunctionParts p, FunctionSettings s);

  // catalog.cc
  Task<Status> open();
  Result<std::shared_ptr<Function>> find(const Tenant& tenant, const std::string& name,
                                         const std::string& qualifier = {}) const;
  FunctionView view(const Function& function, std::string_view qualifier,
                    FunctionView::Moment moment = FunctionView::Moment::kSettled) const;
  Task<Result<FunctionView>> create(Tenant tenant, Create request);
  Task<Result<FunctionView>> update_code(Tenant tenant, UpdateCode request);
  Task<Result<FunctionView>> update_configuration(Tenant tenant, std::string name,
                                                  ConfigurationChange change);
  Task<Status> remove(Tenant tenant, std::string name, std::string qualifier);
  Task<Result<std::string>> package(Tenant tenant, std::string name);
  /// Stores the record as the function's new state and retires the environments of the old one.
  Task<Status> store(std::shared_ptr<Function> function, FunctionRecord record);

  // packages: a package is kept while somebody uses it
  Task<Status> keep_package(CodeSource& code, FunctionRecord& record);
  void release_package(const FunctionRecord& record);
  void use_package(const FunctionRecord& record);
  Task<Status> sweep_packages();

  // invocation.cc
  Task<InvokeOutcome> invoke(InvokeRequest request, std::string request_id, CancelToken cancel);
  Task<> end_invocations(Nanos grace);
  Task<> stop();
  void retire(Generation generation);

  FunctionParts parts;
  FunctionSettings settings;
  PackageStore packages;
  std::unique_ptr<env::Worker> worker;
  std::map<std::string, std::shared_ptr<Function>> functions;  ///< By catalog key.
  std::map<std::string, int> package_users;                    ///< By SHA-256 in hex.
  Pool pool;

 private:
  /// One environment. The environment refers to the log and goes first.
  struct Slot {
    std::shared_ptr<Function> function;
    InvocationLog log;
    std::unique_ptr<Environment> environment;
  };
  std::shared_ptr<Function> make_function(Tenant tenant);
  Task<RunResult> run_once(std::shared_ptr<Function> function, Pool::Choice choice, Event event,
                           CancelToken cancel, std::string& tail);
  Slot& open_slot(EnvironmentId id, std::shared_ptr<Function> function);
  EnvironmentSpec spec_of(const Function& function) const;
  void finished(EnvironmentId id, bool is_reusable);
  void end_environment(EnvironmentId id);
  static Task<> shut_down(std::unique_ptr<Slot> slot);
  void watch_idle();
  std::string new_trace_id() const;

  std::map<EnvironmentId, std::unique_ptr<Slot>> slots_;
  std::uint64_t last_generation_ = 0;
  bool is_watching_idle_ = false;
  bool is_stopping_ = false;
  env::Signal ended_;  ///< An invocation has, while the service stops.
  Scope scope_;
};

}  // namespace penstock::function
