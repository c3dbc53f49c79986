#pragma once

#include "base/result.h"

#include <string_view>

namespace penstock::stream {

/// A resource policy may have so many bytes.
inline constexpr std::size_t kPolicyBytesMax = 20'480;

/// Whether `policy` can be kept as the policy of the resource with this ARN: JSON with statements,
/// each with an effect, who it is about, actions of Kinesis, and the resource itself. What it
/// allows is nobody's business here. fails: kInvalidArgument with the reason
Status check_policy(std::string_view policy, std::string_view arn);

}  // namespace penstock::stream
