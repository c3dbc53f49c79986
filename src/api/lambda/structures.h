#pragma once

#include "api/lambda/members.h"
#include "function/function_service.h"
#include "shape/shape.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Structures that several operations share, and their making from what the function service gives.
namespace penstock::api::lambda {

struct Environment {
  std::optional<std::map<std::string, std::string>> variables;
  static constexpr std::string_view kShapeName = "Environment";
  static constexpr auto shape() {
    return std::array{shape::member<&Environment::variables>("Variables", {shape::sensitive},
                                                             "At most 4 KiB of names and values.")};
  }
};

struct EnvironmentResponse {
  std::map<std::string, std::string> variables;
  static constexpr std::string_view kShapeName = "EnvironmentResponse";
  static constexpr auto shape() {
    return std::array{shape::member<&EnvironmentResponse::variables>("Variables")};
  }
};

struct EphemeralStorage {
  std::optional<std::int32_t> size;
  static constexpr std::string_view kShapeName = "EphemeralStorage";
  static constexpr auto shape() {
    return std::array{shape::member<&EphemeralStorage::size>("Size", kEphemeralSize,
                                                             "MB of /tmp, at most 10,240.")};
  }
};

struct TracingConfig {
  std::optional<std::string> mode;
  static constexpr std::string_view kShapeName = "TracingConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&TracingConfig::mode>("Mode", {shape::one_of(kTracingModes)})};
  }
};

struct DeadLetterConfig {
  std::optional<std::string> target_arn;
  static constexpr std::string_view kShapeName = "DeadLetterConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&DeadLetterConfig::target_arn>(
        "TargetArn", kResourceArn, "For asynchronous invocations; kept and shown.")};
  }
};

struct SnapStart {
  std::string apply_on = "None";
  std::string optimization_status = "Off";
  static constexpr std::string_view kShapeName = "SnapStartResponse";
  static constexpr auto shape() {
    return std::array{shape::member<&SnapStart::apply_on>("ApplyOn"),
                      shape::member<&SnapStart::optimization_status>("OptimizationStatus")};
  }
};

struct LoggingConfig {
  std::optional<std::string> log_format;
  std::optional<std::string> application_log_level;
  std::optional<std::string> system_log_level;
  std::optional<std::string> log_group;
  static constexpr std::string_view kShapeName = "LoggingConfig";
  static constexpr auto shape() {
    using Self = LoggingConfig;
    return std::array{
        shape::member<&Self::log_format>("LogFormat", {shape::one_of(kLogFormats)}),
        shape::member<&Self::application_log_level>("ApplicationLogLevel",
                                                    {shape::one_of(kApplicationLogLevels)}),
        shape::member<&Self::system_log_level>("SystemLogLevel", {shape::one_of(kSystemLogLevels)}),
        shape::member<&Self::log_group>(
            "LogGroup",
            {shape::pattern("[\\.\\-_/#A-Za-z0-9]+", &is_log_group), shape::length(1, 512)}),
    };
  }
};

/// A function as every operation answers it.
struct FunctionConfiguration {
  std::string function_name;
  std::string function_arn;
  std::optional<std::string> runtime;
  std::string role;
  std::optional<std::string> handler;
  std::int64_t code_size = 0;
  std::string description;
  std::int32_t timeout = 0;
  std::int32_t memory_size = 0;
  std::string last_modified;
  std::string code_sha256;
  std::string version;
  std::optional<DeadLetterConfig> dead_letter_config;
  std::optional<EnvironmentResponse> environment;
  std::optional<std::string> kms_key_arn;
  TracingConfig tracing_config;
  std::string revision_id;
  std::string state;
  std::optional<std::string> state_reason;
  std::optional<std::string> state_reason_code;
  std::optional<std::string> last_update_status;
  std::optional<std::string> last_update_status_reason;
  std::optional<std::string> last_update_status_reason_code;
  std::string package_type;
  std::vector<std::string> architectures;
  EphemeralStorage ephemeral_storage;
  SnapStart snap_start;
  LoggingConfig logging_config;
  static constexpr std::string_view kShapeName = "FunctionConfiguration";
  static constexpr auto shape() {
    using Self = FunctionConfiguration;
    using shape::member;
    return std::array{
        member<&Self::function_name>("FunctionName"),
        member<&Self::function_arn>("FunctionArn"),
        member<&Self::runtime>("Runtime", {}, "Absent for remote endpoints."),
        member<&Self::role>("Role"),
        member<&Self::handler>("Handler"),
        member<&Self::code_size>("CodeSize", {}, "Bytes of the package as uploaded."),
        member<&Self::description>("Description"),
        member<&Self::timeout>("Timeout", kTimeout, "Seconds."),
        member<&Self::memory_size>("MemorySize", kMemorySize, "MB."),
        member<&Self::last_modified>("LastModified", {}, "ISO 8601 with milliseconds and +0000."),
        member<&Self::code_sha256>("CodeSha256", {}, "Base64, of the package as uploaded."),
        member<&Self::version>("Version"),
        member<&Self::dead_letter_config>("DeadLetterConfig"),
        member<&Self::environment>("Environment"),
        member<&Self::kms_key_arn>("KMSKeyArn"),
        member<&Self::tracing_config>("TracingConfig"),
        member<&Self::revision_id>("RevisionId", {}, "Another one after every change."),
        member<&Self::state>("State"),
        member<&Self::state_reason>("StateReason"),
        member<&Self::state_reason_code>("StateReasonCode"),
        member<&Self::last_update_status>("LastUpdateStatus"),
        member<&Self::last_update_status_reason>("LastUpdateStatusReason"),
        member<&Self::last_update_status_reason_code>("LastUpdateStatusReasonCode"),
        member<&Self::package_type>("PackageType", {shape::one_of(kPackageTypes)}),
        member<&Self::architectures>("Architectures"),
        member<&Self::ephemeral_storage>("EphemeralStorage"),
        member<&Self::snap_start>("SnapStart"),
        member<&Self::logging_config>("LoggingConfig"),
    };
  }
};
FunctionConfiguration wire(const function::FunctionView& view);

/// The code in a request; a place in S3 is refused with a reason.
Result<function::CodeSource> code_source(std::optional<shape::Blob> zip,
                                         const std::optional<std::string>& image_uri,
                                         bool names_s3);
/// Versions are not there yet.
Status refuse_publish(bool publish);

}  // namespace penstock::api::lambda
