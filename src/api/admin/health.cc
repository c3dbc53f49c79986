#include "api/admin/health.h"

#include "shape/json_text.h"

#include <array>

namespace penstock::api::admin {
namespace {

/// The second path is where tools that wait for such a server to start look.
constexpr std::array<std::string_view, 2> kPaths{"/_penstock/health", "/_localstack/health"};

}  // namespace

shape::OperationInfo health_shape() {
  return {.name = "Health",
          .doc =
              "Which services run, how functions are isolated, how the disk is written, and the "
              "version: a JSON object with `services`, `function_sandbox`, `disk`, `edition` and "
              "`version`. Also at "
              "`/_localstack/health`.",
          .method = "GET",
          .path = kPaths.front(),
          .request = shape::type_of<shape::Empty>()};
}

std::vector<front::Operation> health_operations(std::vector<std::string_view> services,
                                                std::string version, HealthFacts facts) {
  const auto answer = [services = std::move(services), version = std::move(version),
                       facts = std::move(facts)](front::Request&) -> Task<front::Reply> {
    front::Reply reply;
    shape::JsonText json(reply.body);
    json.begin_object().key("services").begin_object();
    for (const std::string_view name : services) json.key(name).text("available");
    json.end_object();
    for (const auto& [key, value] : facts()) json.key(key).text(value);
    json.key("edition").text("penstock").key("version").text(version).end_object();
    co_return reply;
  };
  std::vector<front::Operation> operations;
  for (const std::string_view path : kPaths) {
    operations.push_back({.name = "Health",
                          .affinity = front::Affinity::kControlLoop,
                          .serve = answer,
                          .method = "GET",
                          .path = path});
  }
  return operations;
}

}  // namespace penstock::api::admin
