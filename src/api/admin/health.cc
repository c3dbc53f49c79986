#include "api/admin/health.h"

#include "shape/json_text.h"

namespace penstock::api::admin {

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
  for (const std::string_view path : {"/_penstock/health", "/_localstack/health"}) {
    operations.push_back({.name = "Health",
                          .affinity = front::Affinity::kControlLoop,
                          .serve = answer,
                          .method = "GET",
                          .path = path});
  }
  return operations;
}

}  // namespace penstock::api::admin
