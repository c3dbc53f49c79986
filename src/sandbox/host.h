#pragma once

#include "base/budget.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "function/environment.h"

#include <functional>
#include <memory>
#include <string>

namespace penstock::env {
class Clocks;
class Loop;
class Workers;
}  // namespace penstock::env

namespace penstock::sandbox {

struct SandboxSettings {
  enum class Isolation : std::uint8_t {
    kRequired,  ///< Without a sandbox, no functions.
    kAuto,      ///< Without one they run unprotected, and a warning says so.
    kOff,       ///< They run unprotected.
  };
  Isolation isolation = Isolation::kAuto;
  /// Folder with awslambdaric. Empty: runtimes/python beside the folder of the server's program.
  std::string python_runtime;
};

/// For one environment; the server it calls accepts them until they expire. A running process
/// cannot be given others, so an environment that ends an event after `replace_at` gets no further
/// one.
struct TemporaryCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  WallTime replace_at;
};

/// Everything outlives the host.
struct SandboxParts {
  env::Clocks& clocks;
  env::Loop& control_loop;
  env::Workers& workers;
  Budget& budget;
};

/// Execution environments as processes of this machine. Control loop only.
class SandboxHost final : public function::EnvironmentHost {
 public:
  /// Makes the scratch folder.
  /// fails     Errc::kIo
  static Result<std::unique_ptr<SandboxHost>> open(SandboxParts parts, SandboxSettings settings);
  ~SandboxHost() override;

  /// Once: finds out how functions can be kept apart here, by starting a sandbox, which takes some
  /// milliseconds. Environments that were made wait for it before they start.
  /// fails     Errc::kUnavailable when isolation is required and does not work
  Task<Status> try_isolation();

  /// Where functions find this server: http://host:port. For environments made from now on.
  void set_endpoint_url(std::string url);
  /// What functions sign their own calls with. For environments made from now on; `issue` is called
  /// when one starts.
  void set_credentials(std::function<TemporaryCredentials(const Tenant&)> issue);
  /// "bubblewrap, a user each", "bubblewrap", "none: <why>", "being tried": for people.
  std::string isolation() const;

  std::unique_ptr<function::Environment> make(function::EnvironmentSpec spec,
                                              function::LogSink& log,
                                              std::function<void()> idle_end) override;
  std::string why_not(std::string_view runtime) const override;
  const std::string& scratch_folder() const override;

  struct Site;

 private:
  SandboxHost(std::shared_ptr<Site> site, SandboxSettings::Isolation wanted);
  std::shared_ptr<Site> site_;
  SandboxSettings::Isolation wanted_;
};

}  // namespace penstock::sandbox
