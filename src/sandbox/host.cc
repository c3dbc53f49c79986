#include "sandbox/host.h"

#include "base/log.h"
#include "env/worker.h"
#include "sandbox/call_filter.h"
#include "sandbox/child.h"
#include "sandbox/launch.h"
#include "sandbox/process_environment.h"
#include "sandbox/site.h"

#include <filesystem>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kProbeMillisMax = 10'000;
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

/// Starts the sandbox as an environment would, around a program that does nothing. Blocking.
/// The error says why it does not work.
Status probe(const SandboxHost::Site& site, bool own_user) {
  function::EnvironmentSpec spec{.runtime = "provided"};
  LaunchPlan plan = plan_launch(spec, {.is_isolated = true,
                                       .code_folder = site.scratch->path(),
                                       .has_system_call_filter = !site.filter.empty()});
  plan.command.back() = "/usr/bin/true";
  ChildLimits limits;
  if (own_user) limits.user = kProbeUser;
  TRY(const Child child, start_child(plan, limits, site.filter));
  struct pollfd ended{.fd = child.pidfd, .events = POLLIN};
  if (::poll(&ended, 1, kProbeMillisMax) <= 0) ::kill(child.pid, SIGKILL);
  const Exit exit = collect(child.pid);
  const std::string output = read_output(child.output);
  ::close(child.pidfd);
  ::close(child.output);
  if (exit.status == 0 && exit.signal == 0) return ok();
  return Error{
      Errc::kUnavailable,
      output.empty() ? "bubblewrap ended with status " + std::to_string(exit.status) : output};
}

/// Decides how functions are kept apart. Blocking.
Status choose_isolation(SandboxHost::Site& site, SandboxSettings::Isolation wanted) {
  using Isolation = SandboxSettings::Isolation;
  if (wanted == Isolation::kOff) {
    site.unprotected = "it is switched off";
    site.isolation = "none: " + site.unprotected;
    return ok();
  }
  if (auto filter = make_call_filter(); filter.ok()) {
    site.filter = *filter;
  } else {
    log::warn("functions run without a system-call filter", {{"cause", filter.error().message}});
  }
  const bool is_root = ::geteuid() == 0;
  Status works = probe(site, is_root);
  site.has_own_users = is_root && works.ok();
  if (is_root && !works.ok()) {
    const std::string cause = works.error().message;
    works = probe(site, false);
    if (works.ok())
      log::warn("functions run as the server's user, inside their sandboxes", {{"cause", cause}});
  }
  site.is_isolated = works.ok();
  if (works.ok()) {
    site.isolation = site.has_own_users ? "bubblewrap, a user each" : "bubblewrap";
    return ok();
  }
  if (wanted == Isolation::kRequired) {
    return Error{Errc::kUnavailable, "functions cannot be isolated here: " + works.error().message +
                                         " (function.sandbox=auto runs them unprotected)"};
  }
  site.unprotected = works.error().message;
  site.isolation = "none: " + site.unprotected;
  log::warn("functions run unprotected: bubblewrap does not work here",
            {{"cause", works.error().message}});
  return ok();
}

/// Finds Python's runtime client and sees to it that environments can read it.
void find_python(SandboxHost::Site& site, const std::string& configured) {
  const fs::path folder = configured.empty()
                              ? fs::path(program_folder()).parent_path() / "runtimes" / "python"
                              : fs::path(configured);
  std::error_code error;
  if (!fs::exists(folder / "awslambdaric", error) || !fs::exists(kPython, error)) return;
  site.runtime_folder = fs::absolute(folder, error).lexically_normal().string();
  if (!site.has_own_users || is_open_to_all(site.runtime_folder)) return;
  const std::string copy = site.scratch->path() + "/python";
  fs::copy(site.runtime_folder, copy, fs::copy_options::recursive, error);
  if (error)
    log::warn("Python's runtime client cannot be copied",
              {{"folder", site.runtime_folder}, {"cause", error.message()}});
  site.runtime_folder = error ? "" : copy;
}

}  // namespace

SandboxHost::SandboxHost(std::shared_ptr<Site> site) : site_(std::move(site)) {}
SandboxHost::~SandboxHost() = default;

Task<Result<std::unique_ptr<SandboxHost>>> SandboxHost::open(SandboxParts parts,
                                                             SandboxSettings settings) {
  CO_TRY(auto scratch, Scratch::make());
  const auto site = std::make_shared<Site>(Site{.parts = parts, .scratch = std::move(scratch)});
  site->worker = parts.workers.make("sandbox");
  site->codes = std::make_unique<CodeFolders>(site->scratch->path() + "/code", *site->worker);
  // By reference: a job that owned the site could be the last to let go of its own thread.
  const Status chosen =
      co_await env::run_blocking(*site->worker, [&here = *site, settings]() -> Status {
        TRY_OK(choose_isolation(here, settings.isolation));
        find_python(here, settings.python_runtime);
        return ok();
      });
  if (!chosen.ok()) co_return chosen.error();
  co_return std::unique_ptr<SandboxHost>(new SandboxHost(site));
}

void SandboxHost::set_endpoint_url(std::string url) { site_->endpoint_url = std::move(url); }
void SandboxHost::set_credentials(std::function<TemporaryCredentials(const Tenant&)> issue) {
  site_->issue_credentials = std::move(issue);
}
const std::string& SandboxHost::isolation() const { return site_->isolation; }
const std::string& SandboxHost::scratch_folder() const { return site_->scratch->path(); }

std::string SandboxHost::why_not(std::string_view runtime) const {
  if (runtime.empty() || is_provided(runtime)) return {};
  if (is_python(runtime)) {
    if (!site_->runtime_folder.empty()) return {};
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
