#include "front/query.h"

#include "base/percent.h"

#include <algorithm>

namespace penstock::front {

namespace {

/// Calls visit(name, value) for each still encoded pair until it returns true.
template <class Visit>
bool any_pair(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (visit(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())))) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

bool names(std::string_view encoded, std::string_view name) {
  return encoded == name || percent_decode(encoded, true) == name;
}

}  // namespace

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  any_pair(query, [&](std::string_view key, std::string_view value) {
    if (!names(key, name)) return false;
    found = percent_decode(value, true);
    return true;
  });
  return found;
}

bool has_query_parameter(std::string_view query, std::string_view name) {
  return any_pair(query, [&](std::string_view key, std::string_view) { return names(key, name); });
}

}  // namespace penstock::front
