#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "function/environment.h"
#include "function/invoker.h"
#include "function/log_ring.h"
#include "function/record.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::env {
class Clocks;
class Loop;
class Disk;
class Random;
class Workers;
class HttpClient;
}  // namespace penstock::env
namespace penstock::engine {
class Meta;
}

namespace penstock::function {

struct FunctionSettings {
  std::string folder;  ///< For code packages. Empty: the host's scratch folder, nothing outlives
                       ///< the server.
  std::size_t environments_max = 64;   ///< Invocations at once, and environments kept.
  Seconds idle_max{300};               ///< An environment without work for this long is shut down.
  std::size_t log_lines_max = 10'000;  ///< Per function.
  std::size_t log_bytes_max = 4u << 20;
};

/// Everything outlives the service.
struct FunctionParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  env::Disk& disk;
  env::Random& random;
  env::Workers& workers;
  env::HttpClient& http;
  engine::Meta& meta;
  EnvironmentHost& host;
};

/// The code of a create or update: one of the two.
struct CodeSource {
  std::optional<std::string> zip;
  std::optional<std::string> image_uri;
};

/// A function as it is answered. The states are those of the moment: an answer to CreateFunction
/// says Pending although the function is ready when the client reads it.
struct FunctionView {
  enum class Moment : std::uint8_t { kSettled, kCreating, kUpdating };
  FunctionRecord record;
  std::string arn;  ///< Qualified when the request was.
  Moment moment = Moment::kSettled;
};

/// What an update may change; absent members stay as they are.
struct ConfigurationChange {
  std::optional<std::string> runtime, handler, role, description;
  std::optional<std::int64_t> timeout_s, memory_mb, ephemeral_mb;
  std::optional<std::string> tracing_mode, dead_letter_arn, kms_key_arn;
  std::optional<std::map<std::string, std::string>> variables;
  std::optional<std::string> log_format, application_log_level, system_log_level, log_group;
  std::string revision_id;  ///< Empty: whatever it is.
};

/// Functions: what exists, and running them. Control loop only.
///
/// Every name may be a name, partial ARN or ARN. Errors are FunctionErrc with Lambda's texts.
/// Invocations take no lock and wait for nothing but the environment. An update retires the
/// environments of the code before it: those with an invocation end it first.
class FunctionService final : public Invoker {
 public:
  static Task<Result<std::unique_ptr<FunctionService>>> open(FunctionParts parts,
                                                             FunctionSettings settings);
  ~FunctionService() override;
  /// Takes no further invocation and gives those that run until `grace` has passed; then ends every
  /// environment. Those still running fail. The catalog goes on answering.
  Task<> end_invocations(Nanos grace);
  /// Ends every environment, also those with an invocation. No call may follow.
  Task<> stop();

  // --- Catalog ---------------------------------------------------------------------------------

  struct Create {
    std::string name;
    Configuration configuration;  ///< image_uri is taken from `code`.
    CodeSource code;
    std::map<std::string, std::string> tags;
  };
  Task<Result<FunctionView>> create(Tenant tenant, Create request);
  Result<FunctionView> get(const Tenant& tenant, const std::string& name,
                           const std::string& qualifier) const;

  struct UpdateCode {
    std::string name;
    CodeSource code;
    std::string architecture;  ///< Empty: as it is.
    std::string revision_id;
    bool dry_run = false;
  };
  Task<Result<FunctionView>> update_code(Tenant tenant, UpdateCode request);
  Task<Result<FunctionView>> update_configuration(Tenant tenant, std::string name,
                                                  ConfigurationChange change);
  Task<Status> remove(Tenant tenant, std::string name, std::string qualifier);

  struct Listed {
    std::vector<FunctionView> functions;
    std::string next_marker;  ///< Empty at the end.
  };
  /// In the order of names. fails: kInvalidParameter for a marker that is none.
  Result<Listed> list(const Tenant& tenant, const std::string& marker, std::size_t limit) const;

  /// The bytes that CodeSha256 was made of. fails: kNotFound, kNotSupported for images.
  Task<Result<std::string>> package(Tenant tenant, std::string name);
  Result<LogRing::Page> log(const Tenant& tenant, const std::string& name,
                            std::int64_t after) const;

  // --- Invocation ------------------------------------------------------------------------------

  Task<InvokeOutcome> invoke(InvokeRequest request, CancelToken cancel) override;
  /// The same under an id that the caller has given out already.
  Task<InvokeOutcome> invoke_as(InvokeRequest request, std::string request_id, CancelToken cancel);
  std::string resolve_arn(const Tenant& tenant, const std::string& function) const override;
  std::string role_arn(const Tenant& tenant, const std::string& function) const override;

  std::size_t environments_busy() const;
  std::size_t environments_idle() const;

 private:
  class State;
  explicit FunctionService(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace penstock::function
