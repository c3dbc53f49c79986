#include "api/kinesis/monitoring.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<MonitoringRequest, MonitoringReply> kDisableEnhancedMonitoring{
    .name = "DisableEnhancedMonitoring",
    .errors = kMonitoringErrors,
    .doc = "Asks for them no longer."};

}  // namespace

shape::OperationInfo disable_enhanced_monitoring_shape() {
  return shape::describe(kDisableEnhancedMonitoring);
}

front::Operation disable_enhanced_monitoring(Parts parts) {
  return bind_monitoring(parts, kDisableEnhancedMonitoring, stream::Switch::kOff);
}

}  // namespace penstock::api::kinesis
