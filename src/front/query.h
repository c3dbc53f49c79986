#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::front {

/// The first value of a query parameter, decoded; nothing when it is absent or badly encoded.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);
bool has_query_parameter(std::string_view query, std::string_view name);

}  // namespace penstock::front
