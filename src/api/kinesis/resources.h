#pragma once

#include <string_view>

/// What the operations on whatever an ARN names have in common: tags and policies.
namespace penstock::api::kinesis {

inline constexpr std::string_view kResourceErrors[] = {
    "ValidationException",      "ResourceNotFoundException", "ResourceInUseException",
    "InvalidArgumentException", "LimitExceededException",    "InternalFailureException"};

}  // namespace penstock::api::kinesis
