#include "engine/local/local_engine.h"

#include "engine/errors.h"
#include "engine/local/core.h"
#include "engine/local/local_log.h"
#include "engine/local/local_state.h"

#include <utility>

namespace penstock::engine::local {
namespace {

class LocalEngine final : public Engine {
 public:
  LocalEngine(Options options, env::Env& env, Budget& budget)
      : core_(std::move(options), env, budget, nullptr),
        log_(core_),
        meta_(core_, core_.documents),
        marks_(core_),
        leases_(core_) {}

  Log& log() override { return log_; }
  Meta& meta() override { return meta_; }
  Marks& marks() override { return marks_; }
  Leases& leases() override { return leases_; }
  Task<> stop() override {
    core_.queue.refuse(Error{EngineErrc::kFailed, "the engine was stopped"});
    co_return;
  }

 private:
  Core core_;
  LocalLog log_;
  LocalMeta meta_;
  LocalMarks marks_;
  LocalLeases leases_;
};

}  // namespace

Task<Result<std::unique_ptr<Engine>>> open(Options options, env::Env& env, Budget& budget) {
  co_return std::unique_ptr<Engine>(std::make_unique<LocalEngine>(std::move(options), env, budget));
}

}  // namespace penstock::engine::local
