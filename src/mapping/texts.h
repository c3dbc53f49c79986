#pragma once

#include <string_view>

/// LastProcessingResult, in the service's words.
namespace penstock::mapping {

inline constexpr std::string_view kNothingProcessed = "No records processed";
inline constexpr std::string_view kResultOk = "OK";
inline constexpr std::string_view kCallFailed = "PROBLEM: Function call failed";
inline constexpr std::string_view kInternalProblem =
    "PROBLEM: internal Lambda error. Please contact Lambda customer support.";
inline constexpr std::string_view kConsumerNotFound = "PROBLEM: Consumer not found";
inline constexpr std::string_view kStreamNotFound = "PROBLEM: Stream not found";

}  // namespace penstock::mapping
