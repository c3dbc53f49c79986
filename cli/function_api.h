#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "shape/shape.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {
namespace wire {

struct Environment {
  std::map<std::string, std::string> variables;
  static constexpr auto shape() {
    return std::array{shape::member<&Environment::variables>("Variables")};
  }
};

struct FunctionCode {
  std::optional<shape::Blob> zip_file;
  std::optional<std::string> image_uri;
  static constexpr auto shape() {
    return std::array{shape::member<&FunctionCode::zip_file>("ZipFile"),
                      shape::member<&FunctionCode::image_uri>("ImageUri")};
  }
};

struct CreateFunction {
  std::string function_name;
  std::optional<std::string> runtime;
  std::string role = "arn:aws:iam::000000000000:role/penstock";
  std::optional<std::string> handler;
  FunctionCode code;
  std::optional<std::string> package_type;
  std::optional<std::int64_t> timeout_seconds;
  std::optional<std::int64_t> memory_mb;
  std::optional<Environment> environment;
  static constexpr auto shape() {
    using Self = CreateFunction;
    return std::array{
        shape::member<&Self::function_name>("FunctionName"),
        shape::member<&Self::runtime>("Runtime"),
        shape::member<&Self::role>("Role"),
        shape::member<&Self::handler>("Handler"),
        shape::member<&Self::code>("Code"),
        shape::member<&Self::package_type>("PackageType"),
        shape::member<&Self::timeout_seconds>("Timeout"),
        shape::member<&Self::memory_mb>("MemorySize"),
        shape::member<&Self::environment>("Environment"),
    };
  }
};

struct Function {
  std::string arn;
  std::string name;
  std::optional<std::string> state;
  std::optional<std::string> state_reason;
  static constexpr auto shape() {
    return std::array{shape::member<&Function::arn>("FunctionArn"),
                      shape::member<&Function::name>("FunctionName"),
                      shape::member<&Function::state>("State"),
                      shape::member<&Function::state_reason>("StateReason")};
  }
};

struct LogLine {
  std::int64_t id = 0;
  std::int64_t time_ms = 0;
  std::string text;
  static constexpr auto shape() {
    return std::array{shape::member<&LogLine::id>("id"),
                      shape::member<&LogLine::time_ms>("time_ms"),
                      shape::member<&LogLine::text>("text")};
  }
};

struct LogPage {
  std::vector<LogLine> lines;
  std::int64_t dropped = 0;
  static constexpr auto shape() {
    return std::array{shape::member<&LogPage::lines>("lines"),
                      shape::member<&LogPage::dropped>("dropped")};
  }
};

}  // namespace wire

/// Packs a file, or everything below a folder, into a zip archive in memory. A zip file is taken
/// as it is.
Result<std::string> package_of(const std::string& path);

/// Creates the function, or gives the existing one this code and configuration.
Result<wire::Function> deploy_function(ApiClient& client, const wire::CreateFunction& request);

/// The log lines behind `after` that the server still keeps.
Result<wire::LogPage> function_logs(ApiClient& client, const std::string& name, std::int64_t after);

}  // namespace penstock::cli
