#pragma once

#include "shape/shape.h"

#include <array>
#include <string_view>

/// The scalars of the Lambda model: their rules, with the patterns as the service prints them.
namespace penstock::api::lambda {

bool is_function_name(std::string_view text);             // kFunctionNamePattern
bool is_namespaced_function_name(std::string_view text);  // kNamespacedFunctionNamePattern
bool is_qualifier(std::string_view text);     // \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+
bool is_role_arn(std::string_view text);      // kRolePattern
bool is_handler(std::string_view text);       // [^\s]+
bool is_log_group(std::string_view text);     // [\.\-_/#A-Za-z0-9]+
bool is_resource_arn(std::string_view text);  // kResourceArnPattern

inline constexpr std::string_view kFunctionNamePattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{"
    "12}:)?(function:)?"
    "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
/// The same for operations that read or invoke: dots in the name, and $LATEST.PUBLISHED.
inline constexpr std::string_view kNamespacedFunctionNamePattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{"
    "12}:)?(function:)?"
    "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
inline constexpr std::string_view kRolePattern =
    "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
inline constexpr std::string_view kResourceArnPattern = "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()";

inline constexpr shape::Rules kNewFunctionName{
    shape::required, shape::pattern(kFunctionNamePattern, &is_function_name),
    shape::length(1, 140)};
inline constexpr shape::Rules kFunctionName{shape::required, shape::in_path("FunctionName"),
                                            shape::pattern(kFunctionNamePattern, &is_function_name),
                                            shape::length(1, 140)};
/// Of operations that read, delete, invoke or map.
inline constexpr shape::Rules kNamespacedFunctionName{
    shape::required, shape::in_path("FunctionName"),
    shape::pattern(kNamespacedFunctionNamePattern, &is_namespaced_function_name),
    shape::length(1, 256)};
inline constexpr shape::Rules kQualifier{
    shape::in_query("Qualifier"),
    shape::pattern("\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", &is_qualifier),
    shape::length(1, 128)};
inline constexpr shape::Rules kRequiredRole{
    shape::required, shape::pattern(kRolePattern, &is_role_arn), shape::length(0, 10'000)};
inline constexpr shape::Rules kRole{shape::pattern(kRolePattern, &is_role_arn),
                                    shape::length(0, 10'000)};
/// A key of the KMS, a dead-letter queue.
inline constexpr shape::Rules kResourceArn{shape::pattern(kResourceArnPattern, &is_resource_arn),
                                           shape::length(0, 10'000)};
inline constexpr shape::Rules kHandler{shape::pattern("[^\\s]+", &is_handler),
                                       shape::length(0, 128)};
inline constexpr shape::Rules kDescription{shape::length(0, 256)};
/// Above 900 s only managed instances may go; the function service refuses it.
inline constexpr shape::Rules kTimeout{shape::range(1, 5400)};
/// Above 10,240 MB likewise.
inline constexpr shape::Rules kMemorySize{shape::range(128, 32768)};
/// Above 10,240 MB likewise.
inline constexpr shape::Rules kEphemeralSize{shape::required, shape::range(512, 32768)};
/// Whether a tag's characters are letters is left to AWS.
inline constexpr shape::Rules kTags{shape::key_length(1, 128), shape::value_length(0, 256)};
inline constexpr shape::Rules kMarker{shape::in_query("Marker")};
inline constexpr shape::Rules kMaxItems{shape::in_query("MaxItems"), shape::range(1, 10'000)};

inline constexpr std::array<std::string_view, 2> kPackageTypes{"Zip", "Image"};
inline constexpr std::array<std::string_view, 2> kArchitectures{"x86_64", "arm64"};
inline constexpr shape::Rules kArchitecture{shape::one_of(kArchitectures), shape::length(1, 1)};
inline constexpr std::array<std::string_view, 2> kTracingModes{"Active", "PassThrough"};
inline constexpr std::array<std::string_view, 2> kLogFormats{"JSON", "Text"};
inline constexpr std::array<std::string_view, 6> kApplicationLogLevels{"TRACE", "DEBUG", "INFO",
                                                                       "WARN",  "ERROR", "FATAL"};
inline constexpr std::array<std::string_view, 3> kSystemLogLevels{"DEBUG", "INFO", "WARN"};
inline constexpr std::array<std::string_view, 3> kInvocationTypes{"Event", "RequestResponse",
                                                                  "DryRun"};
inline constexpr std::array<std::string_view, 2> kLogTypes{"None", "Tail"};
inline constexpr std::array<std::string_view, 1> kFunctionVersions{"ALL"};

}  // namespace penstock::api::lambda
