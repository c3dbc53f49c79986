#include "api/kinesis/monitoring.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<MonitoringRequest, MonitoringReply> kEnableEnhancedMonitoring{
    .name = "EnableEnhancedMonitoring",
    .errors = kMonitoringErrors,
    .doc = "Asks for metrics of each shard."};

}  // namespace

shape::OperationInfo enable_enhanced_monitoring_shape() {
  return shape::describe(kEnableEnhancedMonitoring);
}

front::Operation enable_enhanced_monitoring(Parts parts) {
  return bind_monitoring(parts, kEnableEnhancedMonitoring, stream::Switch::kOn);
}

}  // namespace penstock::api::kinesis
