#include "sandbox/host.h"

#include "base/log.h"
#include "env/worker.h"
#include "sandbox/call_filter.h"
#include "sandbox/child.h"
#include "sandbox/launch.h"
#include "sandbox/process_environment.h"
#include "sandbox/site.h"

#include <filesystem>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace penstock::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kProbeUser = 39'999;

std::string program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().string();
}

/// Whether every user can get to a folder and into it.
bool is_open_to_all(const fs::path& folder) {
  fs::path at = folder;
  while (true) {
    struct stat status{};
    if (::stat(at.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
    if (at == at.root_path()) return true;
    at = at.parent_path();
  }
}

std::string read_output(int fd) {
  std::string text;
  char buffer[1024];
  ssize_t bytes = 0;
  while ((bytes = ::read(fd, buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(bytes));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

struct Probe {
  const std::string& scratch;
  const std::string& filter;
  bool own_user;
};

/// Starts the sandbox as an environment would, around a program that does nothing. Blocking.
/// The error says why it does not work; nothing when it did not end in time.
std::optional<Status> try_once(const Probe& probe, int niceness, int millis_max) {
  function::EnvironmentSpec spec{.runtime = "provided"};
  LaunchPlan plan = plan_launch(spec, {.is_isolated = true,
                                       .code_folder = probe.scratch,
                                       .has_system_call_filter = !probe.filter.empty()});
  plan.command.back() = "/usr/bin/true";
  ChildLimits limits{.niceness = niceness};
  if (probe.own_user) limits.user = kProbeUser;
  auto started = start_child(plan, limits, probe.filter);
  if (!started.ok()) return std::move(started).error();
  const Child& child = *started;
  struct pollfd ended{.fd = child.pidfd, .events = POLLIN};
  const bool is_in_time = ::poll(&ended, 1, millis_max) > 0;
  if (!is_in_time) ::kill(child.pid, SIGKILL);
  const Exit exit = collect(child.pid);
  const std::string output = read_output(child.output);
  ::close(child.pidfd);
  ::close(child.output);
  if (!is_in_time) return std::nullopt;
  if (exit.status == 0 && exit.signal == 0) return ok();
  return Error{
      Errc::kUnavailable,
      output.empty() ? "bubblewrap ended with status " + std::to_string(exit.status) : output};
}

/// Out of the way of the server, which is starting; where that gets no time to run, beside it.
Status try_sandbox(const Probe& probe) {
  constexpr int kOutOfTheWay = 19;
  if (auto ended = try_once(probe, kOutOfTheWay, 2'000)) return *ended;
  if (auto ended = try_once(probe, 0, 10'000)) return *ended;
  return Error{Errc::kUnavailable, "bubblewrap did not end within ten seconds"};
}

/// Decides how functions are kept apart. Blocking.
Result<Protection> choose_protection(const std::string& scratch,
                                     SandboxSettings::Isolation wanted) {
  using Isolation = SandboxSettings::Isolation;
  Protection chosen;
  if (wanted == Isolation::kOff) {
    chosen.unprotected = "it is switched off";
    return chosen;
  }
  if (auto filter = make_call_filter(); filter.ok()) {
    chosen.filter = *filter;
  } else {
    log::warn("functions run without a system-call filter", {{"cause", filter.error().message}});
  }
  const bool is_root = ::geteuid() == 0;
  Status works = try_sandbox({scratch, chosen.filter, is_root});
  chosen.has_own_users = is_root && works.ok();
  if (is_root && !works.ok()) {
    const std::string cause = works.error().message;
    works = try_sandbox({scratch, chosen.filter, false});
    if (works.ok())
      log::warn("functions run as the server's user, inside their sandboxes", {{"cause", cause}});
  }
  if (works.ok()) return chosen;
  if (wanted == Isolation::kRequired) {
    return Error{Errc::kUnavailable, "functions cannot be isolated here: " + works.error().message +
                                         " (function.sandbox=auto runs them unprotected)"};
  }
  chosen.unprotected = works.error().message;
  log::warn("functions run unprotected: bubblewrap does not work here",
            {{"cause", works.error().message}});
  return chosen;
}

/// The folder of Python's runtime client; empty when it or Python itself is missing.
std::string find_python(const std::string& configured) {
  const fs::path folder = configured.empty()
                              ? fs::path(program_folder()).parent_path() / "runtimes" / "python"
                              : fs::path(configured);
  std::error_code error;
  if (!fs::exists(folder / "awslambdaric", error) || !fs::exists(kPython, error)) return {};
  return fs::absolute(folder, error).lexically_normal().string();
}

/// The same folder, or a copy where environments would not get to it. Blocking.
std::string readable_python(const std::string& folder, const std::string& scratch,
                            bool has_own_users) {
  if (folder.empty() || !has_own_users || is_open_to_all(folder)) return folder;
  const std::string copy = scratch + "/python";
  std::error_code error;
  fs::copy(folder, copy, fs::copy_options::recursive, error);
  if (!error) return copy;
  log::warn("Python's runtime client cannot be copied",
            {{"folder", folder}, {"cause", error.message()}});
  return {};
}

}  // namespace

Task<Status> SandboxHost::Site::protected_by() {
  if (!protection.has_value()) {
    Gate known;
    awaiting_protection.push_back(known);
    co_await known.wait();
  }
  co_return protection->ok() ? ok() : Status(protection->error());
}

SandboxHost::SandboxHost(std::shared_ptr<Site> site, SandboxSettings::Isolation wanted)
    : site_(std::move(site)), wanted_(wanted) {}
SandboxHost::~SandboxHost() = default;

Result<std::unique_ptr<SandboxHost>> SandboxHost::open(SandboxParts parts,
                                                       SandboxSettings settings) {
  TRY(auto scratch, Scratch::make());
  const auto site = std::make_shared<Site>(Site{.parts = parts, .scratch = std::move(scratch)});
  site->worker = parts.workers.make("sandbox");
  site->codes = std::make_unique<CodeFolders>(site->scratch->path() + "/code", *site->worker);
  site->python_folder = find_python(settings.python_runtime);
  return std::unique_ptr<SandboxHost>(new SandboxHost(site, settings.isolation));
}

Task<Status> SandboxHost::try_isolation() {
  const std::shared_ptr<Site> site = site_;
  site->protection = co_await env::run_blocking(
      *site->worker,
      [scratch = site->scratch->path(), python = site->python_folder,
       wanted = wanted_]() -> Result<Protection> {
        TRY(Protection chosen, choose_protection(scratch, wanted));
        chosen.runtime_folder = readable_python(python, scratch, chosen.has_own_users);
        return chosen;
      });
  for (const Gate& gate : std::exchange(site->awaiting_protection, {})) gate.release();
  co_return co_await site->protected_by();
}

void SandboxHost::set_endpoint_url(std::string url) { site_->endpoint_url = std::move(url); }
void SandboxHost::set_credentials(std::function<TemporaryCredentials(const Tenant&)> issue) {
  site_->issue_credentials = std::move(issue);
}
std::string SandboxHost::isolation() const {
  if (!site_->protection.has_value()) return "being tried";
  if (!site_->protection->ok()) return "none";
  const Protection& found = site_->found();
  if (!found.is_isolated()) return "none: " + found.unprotected;
  return found.has_own_users ? "bubblewrap, a user each" : "bubblewrap";
}
const std::string& SandboxHost::scratch_folder() const { return site_->scratch->path(); }

std::string SandboxHost::why_not(std::string_view runtime) const {
  if (runtime.empty() || is_provided(runtime)) return {};
  if (is_python(runtime)) {
    if (!site_->python_folder.empty()) return {};
    return "The runtime " + std::string(runtime) +
           " needs Python's runtime client (awslambdaric), which this server did not find; make "
           "setup installs it, "
           "or name its folder with --function.python-runtime.";
  }
  return "The runtime " + std::string(runtime) +
         " is not available on this server. It runs python3.x and provided.*, and functions that "
         "run elsewhere: "
         "PackageType Image with ImageUri http://host:port.";
}

std::unique_ptr<function::Environment> SandboxHost::make(function::EnvironmentSpec spec,
                                                         function::LogSink& log,
                                                         std::function<void()> idle_end) {
  return make_process_environment(site_, std::move(spec), log, std::move(idle_end));
}

}  // namespace penstock::sandbox
