#include "api/kinesis/retention.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<RetentionRequest, shape::Empty> kIncreaseStreamRetentionPeriod{
    .name = "IncreaseStreamRetentionPeriod",
    .errors = kRetentionErrors,
    .doc = "Keeps records longer. What has expired stays gone."};

}  // namespace

shape::OperationInfo increase_stream_retention_period_shape() {
  return shape::describe(kIncreaseStreamRetentionPeriod);
}

front::Operation increase_stream_retention_period(Parts parts) {
  return bind_retention(parts, kIncreaseStreamRetentionPeriod, stream::RetentionChange::kIncrease);
}

}  // namespace penstock::api::kinesis
