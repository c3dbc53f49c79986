#include "engine/local/local_engine.h"

#include "engine/errors.h"
#include "engine/local/core.h"
#include "engine/local/durable.h"
#include "engine/local/local_log.h"
#include "engine/local/local_state.h"

#include <utility>

namespace penstock::engine::local {
namespace {

bool has_files(const Options& options) {
  return options.durability != Durability::kMemory && !options.folder.empty();
}

class LocalEngine final : public Engine {
 public:
  LocalEngine(Options options, env::Env& env, Budget& budget)
      : core_(options, env, budget,
              has_files(options) ? std::function<void()>([this] { durable_->wake_journal(); })
                                 : nullptr),
        log_(core_),
        meta_(core_, core_.documents),
        marks_(core_),
        leases_(core_) {}

  Task<Status> open() {
    if (!has_files(core_.options)) co_return ok();
    durable_ = std::make_shared<Durable>(core_);
    core_.open_reader();
    core_.wake_store = [this] { durable_->wake_store(); };
    CO_TRY(const OpenReport report, co_await durable_->open());
    if (core_.options.report != nullptr) *core_.options.report = report;
    co_return ok();
  }

  Log& log() override { return log_; }
  Meta& meta() override { return meta_; }
  Marks& marks() override { return marks_; }
  Leases& leases() override { return leases_; }
  Task<> stop() override {
    core_.queue.refuse(Error{EngineErrc::kFailed, "the engine was stopped"});
    if (durable_ != nullptr) co_await durable_->stop();
  }

 private:
  Core core_;
  std::shared_ptr<Durable> durable_;
  LocalLog log_;
  LocalMeta meta_;
  LocalMarks marks_;
  LocalLeases leases_;
};

}  // namespace

Task<Result<std::unique_ptr<Engine>>> open(Options options, env::Env& env, Budget& budget) {
  auto engine = std::make_unique<LocalEngine>(std::move(options), env, budget);
  CO_TRY_OK(co_await engine->open());
  co_return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace penstock::engine::local
