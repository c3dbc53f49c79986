#pragma once

#include "front/request.h"
#include "shape/shape.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::api::admin {

/// What health says of the server beside its services, e.g. {"sandbox", "bubblewrap"}.
using HealthFacts = std::function<std::vector<std::pair<std::string, std::string>>()>;

/// GET /_penstock/health and GET /_localstack/health: {"services":{"kinesis":"available",...},...}.
std::vector<front::Operation> health_operations(std::vector<std::string_view> services,
                                                std::string version, HealthFacts facts);

/// Its declaration, for the reference page; the reply is JSON without a table.
shape::OperationInfo health_shape();

}  // namespace penstock::api::admin
