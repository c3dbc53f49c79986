#pragma once

#include "api/lambda/members.h"
#include "shape/shape.h"

#include <array>
#include <string_view>

/// The scalars of the operations on event source mappings: their rules, as the service prints them.
namespace penstock::api::lambda {

bool is_source_arn(std::string_view text);
bool is_destination(std::string_view text);

inline constexpr std::string_view kArnPattern =
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:"
    "((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)";
inline constexpr std::string_view kDestinationPattern =
    "$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:"
    "((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)";

inline constexpr shape::Rules kSourceArn{shape::pattern(kArnPattern, &is_source_arn),
                                         shape::length(0, 10'000)};
inline constexpr shape::Rules kMappedFunction{
    shape::required, shape::pattern(kNamespacedFunctionNamePattern, &is_namespaced_function_name),
    shape::length(1, 256)};
inline constexpr shape::Rules kOtherMappedFunction{
    shape::pattern(kNamespacedFunctionNamePattern, &is_namespaced_function_name),
    shape::length(1, 256)};
inline constexpr shape::Rules kDestination{shape::pattern(kDestinationPattern, &is_destination),
                                           shape::length(0, 350)};
inline constexpr shape::Rules kMappingUuid{shape::required, shape::in_path("UUID")};

inline constexpr shape::Rules kBatchSize{shape::range(1, 10'000)};
inline constexpr shape::Rules kBatchingWindow{shape::range(0, 300)};
inline constexpr shape::Rules kParallelization{shape::range(1, 10)};
/// 1 to 59 are in the range too; the mapping service refuses them.
inline constexpr shape::Rules kRecordAge{shape::range(-1, 604'800)};
inline constexpr shape::Rules kRetryAttempts{shape::range(-1, 10'000)};
inline constexpr shape::Rules kTumblingWindow{shape::range(0, 900)};

inline constexpr std::array<std::string_view, 3> kStartingPositions{"LATEST", "AT_TIMESTAMP",
                                                                    "TRIM_HORIZON"};
inline constexpr std::array<std::string_view, 1> kResponseTypes{"ReportBatchItemFailures"};
inline constexpr std::array<std::string_view, 3> kMappingMetrics{"EventCount", "ErrorCount",
                                                                 "KafkaMetrics"};
inline constexpr shape::Rules kStartingPosition{shape::one_of(kStartingPositions)};
inline constexpr shape::Rules kFunctionResponseTypes{shape::one_of(kResponseTypes),
                                                     shape::length(0, 1)};

}  // namespace penstock::api::lambda
