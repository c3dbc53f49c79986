#pragma once

#include "base/ids.h"
#include "base/task.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

/// What functions need of execution environments. sandbox/ fulfils it with processes,
/// remote_environment.h with an HTTP endpoint, tests with a model.
namespace penstock::function {

/// Everything an environment is made from; fixed for its life.
struct EnvironmentSpec {
  Tenant tenant;
  std::string function;
  std::string version = "$LATEST";
  std::string arn;      ///< Unqualified.
  std::string runtime;  ///< "python3.11", "provided.al2023".
  std::string handler;
  std::string package_path;    ///< The zip.
  std::string package_sha256;  ///< Hex; packages with the same one are the same.
  std::string log_group;
  std::string log_stream;
  Millis timeout{3'000};
  std::int64_t memory_mb = 128;
  std::int64_t ephemeral_mb = 512;
  std::map<std::string, std::string> variables;
};

/// One invocation as the runtime gets it.
struct Event {
  std::string request_id;
  std::string payload;
  std::string invoked_arn;
  std::string client_context;  ///< JSON text; usually empty.
  std::string trace_id;
};

struct RunResult {
  enum class Kind {
    kResponse,
    kFunctionError,  ///< Posted by the function, or why its process ended.
    kNotDelivered,   ///< The process ended before it took the event; another environment may.
    /// No environment could be started, the endpoint not reached, or shutdown() ended it.
    kUnavailable,
  };
  Kind kind = Kind::kUnavailable;
  std::string payload;  ///< Reply, or error object.
  std::string message;  ///< kUnavailable: why, for people.
  bool is_reusable = false;
};

/// Where an environment's log goes: one call a line, without newline.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void line(std::string_view text) = 0;
  /// An invocation begins: what follows is its own log.
  virtual void begin_invocation() = 0;
};

/// One sandboxed process with one function version, or a stand-in for it. Control loop only.
class Environment {
 public:
  virtual ~Environment() = default;
  /// Gives it one event; starts the process first when there is none yet. One at a time.
  /// `done` is called exactly once, at the latest when the time-out (and, the first time, the
  /// limit for starting) has passed; never from within run(). When shutdown() ends the process
  /// under it that is kUnavailable: the function did not fail.
  virtual void run(Event event, std::function<void(RunResult)> done) = 0;
  /// Ends the process and everything it started. Afterwards it may be destroyed.
  virtual Task<> shutdown() = 0;
};

class EnvironmentHost {
 public:
  virtual ~EnvironmentHost() = default;
  /// Does not start anything yet. `log` outlives it. `idle_end` is called when the process ends
  /// while no event is with it; shutdown() is then still due.
  virtual std::unique_ptr<Environment> make(EnvironmentSpec spec, LogSink& log,
                                            std::function<void()> idle_end) = 0;
  /// Whether this host can run functions of a runtime. Otherwise says why not, for the client.
  virtual std::string why_not(std::string_view runtime) const = 0;
  /// A private folder for as long as the server runs.
  virtual const std::string& scratch_folder() const = 0;
};

}  // namespace penstock::function
