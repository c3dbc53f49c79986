#pragma once

#include "function/environment.h"

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::sandbox {

/// Descriptors the child finds open beside 0, 1 and 2.
inline constexpr int kArgumentsFd = 3;
inline constexpr int kSeccompFd = 4;

/// What one environment is started with, beyond its function.
struct LaunchSite {
  bool is_isolated = false;    ///< In bubblewrap, else as a plain child.
  std::string code_folder;     ///< Unpacked package, on the host.
  std::string runtime_folder;  ///< awslambdaric, on the host; Python only.
  std::string runtime_api;     ///< host:port of its Runtime API.
  std::string endpoint_url;    ///< Of this server, for the function's SDK; may be empty.
  std::string access_key;      ///< Credentials for the function's own calls.
  std::string secret_key;
  std::string session_token;
  std::string temporary_folder;  ///< Its /tmp when it is not isolated.
  bool has_system_call_filter = false;
};

/// A program to start. Of an isolated one everything but the command itself goes through
/// kArgumentsFd: command lines can be read by everybody on the host, and variables hold secrets.
struct LaunchPlan {
  std::vector<std::string> command;    ///< argv, with the path of the program first.
  std::vector<std::string> variables;  ///< NAME=value, of the program itself.
  std::string arguments;               ///< For kArgumentsFd, each followed by NUL.
  std::string working_folder;
};

LaunchPlan plan_launch(const function::EnvironmentSpec& spec, const LaunchSite& site);

bool is_python(std::string_view runtime);
/// A program named bootstrap, written in anything.
bool is_provided(std::string_view runtime);

inline constexpr const char* kBubblewrap = "/usr/bin/bwrap";
inline constexpr const char* kPython = "/usr/bin/python3";

}  // namespace penstock::sandbox
