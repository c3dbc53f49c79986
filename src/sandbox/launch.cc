#include "sandbox/launch.h"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace penstock::sandbox {
namespace {

constexpr const char* kTaskRoot = "/var/task";
constexpr const char* kRuntimeFolder = "/opt/runtime";

using Variables = std::map<std::string, std::string>;

/// The variables Lambda sets (reference pages of its execution environment), over the function's
/// own.
Variables variables_of(const function::EnvironmentSpec& spec, const LaunchSite& site) {
  Variables variables = spec.variables;
  const auto preset = [&](const char* name, std::string value) {
    variables.emplace(name, std::move(value));
  };
  const auto force = [&](const char* name, std::string value) {
    variables[name] = std::move(value);
  };
  const std::string task_root = site.is_isolated ? kTaskRoot : site.code_folder;
  preset("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin");
  preset("LANG", "C.UTF-8");
  preset("TZ", ":UTC");
  force("HOME", site.is_isolated ? "/tmp" : site.temporary_folder);
  if (!site.is_isolated) preset("TMPDIR", site.temporary_folder);
  preset("LD_LIBRARY_PATH", task_root + ":" + task_root + "/lib");
  if (!site.endpoint_url.empty()) preset("AWS_ENDPOINT_URL", site.endpoint_url);
  force("AWS_REGION", spec.tenant.region);
  force("AWS_DEFAULT_REGION", spec.tenant.region);
  // Of the function's account, so that its own calls stay in it.
  force("AWS_ACCESS_KEY_ID", site.access_key);
  force("AWS_SECRET_ACCESS_KEY", site.secret_key);
  force("AWS_SESSION_TOKEN", site.session_token);
  force("AWS_LAMBDA_FUNCTION_NAME", spec.function);
  force("AWS_LAMBDA_FUNCTION_VERSION", spec.version);
  force("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(spec.memory_mb));
  force("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  force("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group);
  force("AWS_LAMBDA_LOG_STREAM_NAME", spec.log_stream);
  force("AWS_LAMBDA_RUNTIME_API", site.runtime_api);
  force("LAMBDA_TASK_ROOT", task_root);
  force("LAMBDA_RUNTIME_DIR", "/var/runtime");
  force("_HANDLER", spec.handler);
  if (is_python(spec.runtime)) {
    force("AWS_EXECUTION_ENV", "AWS_Lambda_" + spec.runtime);
    const std::string runtime = site.is_isolated ? kRuntimeFolder : site.runtime_folder;
    std::string& path = variables["PYTHONPATH"];
    path = path.empty() ? runtime : path + ":" + runtime;
  }
  return variables;
}

/// Python's client reads module.function from its command line; folders in it become packages
/// there.
std::vector<std::string> command_of(const function::EnvironmentSpec& spec,
                                    const std::string& task_root) {
  if (is_python(spec.runtime)) return {kPython, "-s", "-m", "awslambdaric", spec.handler};
  return {task_root + "/bootstrap"};
}

class Arguments {
 public:
  Arguments& add(std::initializer_list<std::string_view> arguments) {
    for (const std::string_view argument : arguments) text_.append(argument).push_back('\0');
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string isolation_arguments(const function::EnvironmentSpec& spec, const LaunchSite& site) {
  Arguments to;
  to.add({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
          "--unshare-cgroup-try"});
  to.add({"--disable-userns", "--uid", "993", "--gid", "990", "--hostname", "lambda"});
  to.add({"--cap-drop", "ALL", "--new-session", "--die-with-parent"});
  to.add({"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin",
          "/sbin"});
  to.add({"--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--dir", "/etc"});
  // Not all of /etc/ssl: it has a folder for private keys.
  for (const char* file :
       {"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/resolv.conf", "/etc/hosts",
        "/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/alternatives"}) {
    to.add({"--ro-bind-try", file, file});
  }
  to.add({"--proc", "/proc", "--dev", "/dev"});
  to.add({"--size", std::to_string(spec.ephemeral_mb << 20), "--perms", "1777", "--tmpfs", "/tmp"});
  to.add({"--dir", "/var", "--ro-bind", site.code_folder, kTaskRoot});
  if (is_python(spec.runtime)) to.add({"--ro-bind", site.runtime_folder, kRuntimeFolder});
  to.add({"--chdir", kTaskRoot, "--remount-ro", "/", "--clearenv"});
  for (const auto& [name, value] : variables_of(spec, site)) to.add({"--setenv", name, value});
  if (site.has_system_call_filter) to.add({"--seccomp", std::to_string(kSeccompFd)});
  return to.take();
}

}  // namespace

bool is_python(std::string_view runtime) { return runtime.starts_with("python3."); }
bool is_provided(std::string_view runtime) {
  return runtime == "provided" || runtime.starts_with("provided.");
}

LaunchPlan plan_launch(const function::EnvironmentSpec& spec, const LaunchSite& site) {
  LaunchPlan plan;
  if (site.is_isolated) {
    plan.command = {kBubblewrap, "--args", std::to_string(kArgumentsFd), "--"};
    for (std::string& part : command_of(spec, kTaskRoot)) plan.command.push_back(std::move(part));
    plan.arguments = isolation_arguments(spec, site);
    plan.working_folder = "/";
    return plan;
  }
  plan.command = command_of(spec, site.code_folder);
  for (const auto& [name, value] : variables_of(spec, site))
    plan.variables.push_back(name + "=" + value);
  plan.working_folder = site.code_folder;
  return plan;
}

}  // namespace penstock::sandbox
