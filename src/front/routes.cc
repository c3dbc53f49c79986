#include "front/routes.h"

#include "base/percent.h"

#include <algorithm>

namespace penstock::front {

namespace {

bool is_label(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

}  // namespace

void Routes::add(Operation operation) {
  Route route;
  route.segments = split(operation.path);
  route.literals = static_cast<std::size_t>(
      std::count_if(route.segments.begin(), route.segments.end(),
                    [](std::string_view segment) { return !is_label(segment); }));
  route.operation = std::move(operation);
  const auto behind = std::find_if(routes_.begin(), routes_.end(), [&](const Route& other) {
    return other.literals < route.literals;
  });
  routes_.insert(behind, std::move(route));
}

Routes::Match Routes::find(Request& request) const {
  Match match;
  if (!request.path.starts_with('/')) return match;
  const auto segments = split(request.path);
  for (const Route& route : routes_) {
    if (route.segments.size() != segments.size()) continue;
    std::vector<std::pair<std::string_view, std::string>> labels;
    bool fits = true;
    for (std::size_t i = 0; i < segments.size() && fits; ++i) {
      const std::string_view wanted = route.segments[i];
      if (!is_label(wanted)) {
        fits = wanted == segments[i];
        continue;
      }
      auto value = percent_decode(segments[i]);
      fits = value.has_value() && !value->empty();
      if (fits) labels.emplace_back(wanted.substr(1, wanted.size() - 2), std::move(*value));
    }
    if (!fits) continue;
    match.path_exists = true;
    if (route.operation.method != request.method) continue;
    match.operation = &route.operation;
    request.labels = std::move(labels);
    return match;
  }
  return match;
}

}  // namespace penstock::front
