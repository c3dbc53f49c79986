#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "ledger/consumers.h"
#include "mapping/record.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::env {
class Clocks;
class FaultPoints;
class Loop;
class Random;
}  // namespace penstock::env
namespace penstock::engine {
class Engine;
}
namespace penstock::function {
class Invoker;
}
namespace penstock::stream {
class RecordSource;
}

namespace penstock::mapping {

class DestinationSender;

struct MappingSettings {
  /// How a shard is looked at: woken by the append, or once a second as AWS does.
  enum class Poll : std::uint8_t { kAppend, kAws };
  Poll poll = Poll::kAppend;
  Millis retry_pause{500};  ///< Before an unchanged batch is invoked again; doubles each time.
  Millis retry_pause_max{60'000};
};

/// Everything outlives the service.
struct MappingParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  env::Random& random;
  env::FaultPoints& faults;
  engine::Engine& engine;
  stream::RecordSource& source;
  function::Invoker& invoker;
  DestinationSender& destinations;
};

/// A mapping as it is answered.
struct MappingView {
  MappingRecord record;
  MappingState state = MappingState::kEnabled;
  std::string last_result;  ///< LastProcessingResult.
};

struct CreateMapping {
  std::string source_arn;
  std::string function;
  bool enabled = true;
  std::string starting_position;
  std::optional<ServiceTime> starting_time;
  Configuration configuration;
  std::map<std::string, std::string> tags;
};

/// Absent members stay as they are.
struct ChangeMapping {
  std::optional<std::string> function;
  std::optional<bool> enabled;
  std::optional<std::int64_t> batch_size, window_s, parallelization, max_age_s, max_retries;
  std::optional<bool> bisect, report_item_failures;
  std::optional<std::vector<std::string>> filters;
  std::optional<std::string> destination_arn;  ///< Empty: none from now on.
  std::optional<std::string> kms_key_arn;
  std::optional<std::vector<std::string>> metrics;
};

/// Event source mappings: what exists, and running them. Control loop only.
///
/// Errors are MappingErrc with Lambda's texts. Ranges of numbers are checked by the caller;
/// whatever needs the streams, functions and destinations of this server, or two members together,
/// is checked here, in the service's order: starting position, age, filters, destination, function,
/// stream, duplicate.
class MappingService final : public ledger::ConsumerSource {
 public:
  static Task<Result<std::unique_ptr<MappingService>>> open(MappingParts parts,
                                                            MappingSettings settings);
  ~MappingService() override;
  /// Nothing is invoked any more; invocations in flight go on. For a server that gives them a
  /// grace.
  void begin_stop();
  /// Until those have ended, too. What was settled is stored. No call may follow.
  Task<> stop();

  /// The answer says Creating; positions are frozen and stored when the mapping says Enabled.
  Task<Result<MappingView>> create(Tenant tenant, CreateMapping request);
  Result<MappingView> get(const Tenant& tenant, const std::string& uuid) const;
  /// Takes effect for batches formed afterwards; an invocation in flight ends first.
  Task<Result<MappingView>> update(Tenant tenant, std::string uuid, ChangeMapping change);
  /// The answer says Deleting; checkpoints go with it.
  Task<Result<MappingView>> remove(Tenant tenant, std::string uuid);

  struct Listed {
    std::vector<MappingView> mappings;
    std::string next_marker;  ///< Empty at the end.
  };
  /// In the order of UUIDs; an empty source or function matches all.
  Result<Listed> list(const Tenant& tenant, const std::string& source_arn,
                      const std::string& function, const std::string& marker,
                      std::size_t limit) const;

  std::vector<ledger::ConsumerView> consumers() const override;

 private:
  class State;
  explicit MappingService(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace penstock::mapping
