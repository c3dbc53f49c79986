#include "function/record.h"

#include "function/errors.h"
#include "shape/json.h"

#include <algorithm>
#include <cstdio>

namespace penstock::function {
namespace {

constexpr std::size_t kVariableBytesMax = 4096;

// Only those somebody may still name; what is not run here is refused with a reason.
constexpr std::string_view kRuntimes[] = {
    "nodejs16.x", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x",   "nodejs26.x",
    "java8.al2",  "java11",     "java17",     "java21",     "java25",       "python3.8",
    "python3.9",  "python3.10", "python3.11", "python3.12", "python3.13",   "python3.14",
    "python3.15", "dotnet6",    "dotnet8",    "dotnet10",   "ruby3.2",      "ruby3.3",
    "ruby3.4",    "ruby4.0",    "go1.x",      "provided",   "provided.al2", "provided.al2023",
};

constexpr std::string_view kReserved[] = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
};

Error invalid(std::string message) {
  return Error{FunctionErrc::kInvalidParameter, std::move(message)};
}

Status check_runtime(const std::string& runtime, std::string_view why_not) {
  if (!is_known_runtime(runtime)) {
    std::string message =
        "Value " + runtime +
        " at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [";
    for (std::size_t i = 0; i < std::size(kRuntimes); ++i) {
      if (i > 0) message += ", ";
      message += kRuntimes[i];
    }
    return invalid(message + "] or be a valid ARN");
  }
  if (!why_not.empty()) return Error{FunctionErrc::kNotSupported, std::string(why_not)};
  return ok();
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() >= 2 && is_letter(name[0]) &&
         std::all_of(name.begin() + 1, name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

struct Measured {
  std::map<std::string, std::string> variables;
  static constexpr auto shape() {
    return std::array{shape::member<&Measured::variables>("Variables")};
  }
};

Status check_variables(const std::map<std::string, std::string>& variables) {
  std::string reserved;
  for (const auto& [name, value] : variables) {
    if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
      if (!reserved.empty()) reserved += ", ";
      reserved += name;
    } else if (!is_variable_name(name)) {
      return invalid(
          "1 validation error detected: Value at 'environment.variables' failed to satisfy "
          "constraint: Map keys "
          "must satisfy constraint: [Member must satisfy regular expression pattern: "
          "[a-zA-Z]([a-zA-Z0-9_])+]");
    }
    if (value.find('\0') != std::string::npos)
      return invalid("The value of " + name + " holds a NUL character.");
  }
  constexpr std::string_view kUnable =
      "Lambda was unable to configure your environment variables because the environment variables "
      "you have provided ";
  if (!reserved.empty()) {
    return invalid(std::string(kUnable) +
                   "contains reserved keys that are currently not supported for modification. "
                   "Reserved keys used in this "
                   "request: " +
                   reserved);
  }
  const std::string wrapped = shape::to_json(Measured{variables});
  const std::string measured =
      wrapped.substr(13, wrapped.size() - 14);  // Without {"Variables": and }.
  if (measured.size() > kVariableBytesMax) {
    return invalid(std::string(kUnable) + "exceeded the 4KB limit. String measured: " + measured);
  }
  return ok();
}

}  // namespace

bool is_known_runtime(std::string_view runtime) {
  return std::find(std::begin(kRuntimes), std::end(kRuntimes), runtime) != std::end(kRuntimes);
}

Status check_configuration(const Configuration& configuration, std::string_view why_not) {
  if (configuration.package_type == "Zip") {
    if (configuration.runtime.empty() || configuration.handler.empty()) {
      return invalid(
          "Runtime and Handler are mandatory parameters for functions created with deployment "
          "packages.");
    }
    TRY_OK(check_runtime(configuration.runtime, why_not));
  } else if (!configuration.runtime.empty() || !configuration.handler.empty()) {
    return invalid(
        "Please don't provide Handler or Runtime or Layer when the intended function PackageType "
        "is Image.");
  }
  if (configuration.timeout_s > 900) {
    return invalid("1 validation error detected: Value '" +
                   std::to_string(configuration.timeout_s) +
                   "' at 'timeout' failed to satisfy constraint: Member must have value less than "
                   "or equal to 900");
  }
  if (configuration.memory_mb > 10'240) {
    return invalid(
        "'MemorySize' value failed to satisfy constraint: Member must have value less than or "
        "equal to 10240");
  }
  if (configuration.ephemeral_mb > 10'240) {
    return invalid("1 validation error detected: Value '" +
                   std::to_string(configuration.ephemeral_mb) +
                   "' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have "
                   "value less than or equal to 10240");
  }
  if (configuration.log_format == "Text" &&
      (!configuration.application_log_level.empty() || !configuration.system_log_level.empty())) {
    return invalid("To use ApplicationLogLevel or SystemLogLevel, set LogFormat to JSON.");
  }
  return check_variables(configuration.variables.value_or(std::map<std::string, std::string>{}));
}

namespace {
std::chrono::year_month_day calendar_day(std::chrono::sys_days day) {
  return std::chrono::year_month_day{day};
}
}  // namespace

std::string last_modified_text(std::int64_t unix_ms) {
  const std::chrono::sys_time<Millis> time{Millis{unix_ms}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto date = calendar_day(day);
  const std::chrono::hh_mm_ss clock{time - day};
  char text[48];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03d+0000", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::string date_path(WallTime now) {
  const std::chrono::sys_time<Millis> time{now.time_since_epoch()};
  const auto date = calendar_day(std::chrono::floor<std::chrono::days>(time));
  char text[24];
  std::snprintf(text, sizeof text, "%04d/%02u/%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string catalog_key(const Tenant& tenant, std::string_view name) {
  std::string key(kCatalogPrefix);
  key.append(tenant.account).append("/").append(tenant.region).append("/").append(name);
  return key;
}

Result<Tenant> tenant_of_key(std::string_view key) {
  const std::size_t account = kCatalogPrefix.size();
  const std::size_t region = key.find('/', account);
  const std::size_t name = region == std::string_view::npos ? region : key.find('/', region + 1);
  if (name == std::string_view::npos)
    return Error{Errc::kCorrupt, "a function is stored under " + std::string(key)};
  return Tenant{std::string(key.substr(account, region - account)),
                std::string(key.substr(region + 1, name - region - 1))};
}

}  // namespace penstock::function
