#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace penstock::function {

inline constexpr std::string_view kLatest = "$LATEST";
inline constexpr std::string_view kLatestPublished = "$LATEST.PUBLISHED";
inline constexpr std::size_t kNameMax = 64;

/// A function as callers name it: name, name:qualifier, account:function:name[:qualifier] or an
/// ARN. What was not said is empty.
struct FunctionReference {
  std::string region;
  std::string account;
  std::string name;
  std::string qualifier;
  bool operator==(const FunctionReference&) const = default;
};

/// (eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}
bool is_region(std::string_view text);

/// By the grammar of the model's NamespacedFunctionName, in which names may hold dots although no
/// function's does; nothing when it does not match. Lengths are not looked at.
std::optional<FunctionReference> parse_reference(std::string_view text);

/// The same, held against who asks: another region is not reachable, another account is refused,
/// a name of more than 64 characters is invalid. `qualifier` is what the request names beside the
/// name; the two must agree.
/// fails     kInvalidParameter, kNotFound, kAccessDenied
Result<FunctionReference> resolve_reference(const Tenant& caller, std::string_view text,
                                            std::string_view qualifier = {});

/// arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]
std::string function_arn(const Tenant& tenant, std::string_view name,
                         std::string_view qualifier = {});

}  // namespace penstock::function
