#pragma once

#include "env/loop.h"
#include "function/invoker.h"
#include "sim/plan.h"
#include "sim/witness.h"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace penstock::env {
class Clocks;
}

namespace penstock::sim {

/// Functions as far as a mapping can tell: they take time, succeed, fail, time out, are throttled
/// or missing, and report partial failures. What they do follows from the records' content and the
/// seed. They live on when the server dies; the invocations in flight do not.
class FunctionModel final : public function::Invoker {
 public:
  FunctionModel(env::Clocks& clocks, env::Loop& loop, Prng& prng, Witness& witness)
      : clocks_(clocks), loop_(loop), prng_(prng), witness_(witness) {}

  /// `reports`: it answers ReportBatchItemFailures.
  void add(const std::string& name, FunctionPlan plan, bool reports);
  /// Whether the server has begun to stop: then nothing may be invoked.
  void set_stopping(bool stopping) { is_stopping_ = stopping; }
  /// From now on nothing is throttled or unavailable; content still decides.
  void heal() { is_healed_ = true; }
  /// Told before a batch of a shard reaches a function.
  void on_begin(std::function<void(const std::string& function, std::uint32_t shard)> look) {
    look_ = std::move(look);
  }
  std::size_t running() const { return running_; }
  std::uint64_t throttled() const { return throttled_; }
  std::uint64_t partial() const { return partial_; }
  static std::string arn_of(const std::string& name);

  Task<function::InvokeOutcome> invoke(function::InvokeRequest request,
                                       CancelToken cancel) override;
  std::string resolve_arn(const Tenant& tenant, const std::string& function) const override;
  std::string role_arn(const Tenant& tenant, const std::string& function) const override;

 private:
  struct Function {
    FunctionPlan plan;
    bool reports = false;
    std::map<std::uint64_t, std::uint32_t> failures_left;  ///< Of flaky records, by id.
  };
  std::set<std::size_t> culprits(Function& function, const std::vector<GivenRecord>& batch);
  function::InvokeOutcome answer(const std::string& name, const std::vector<GivenRecord>& batch,
                                 const std::set<std::size_t>& culprits);
  std::vector<GivenRecord> read_event(const std::string& name, std::string_view payload);

  env::Clocks& clocks_;
  env::Loop& loop_;
  Prng& prng_;
  Witness& witness_;
  std::function<void(const std::string&, std::uint32_t)> look_;
  std::map<std::string, Function> functions_;  ///< By ARN.
  bool is_healed_ = false;
  bool is_stopping_ = false;
  std::size_t running_ = 0;
  std::uint64_t throttled_ = 0;
  std::uint64_t partial_ = 0;
  std::uint64_t requests_ = 0;
};

}  // namespace penstock::sim
