#include "api/kinesis/retention.h"

namespace penstock::api::kinesis {
namespace {

constexpr shape::Operation<RetentionRequest, shape::Empty> kDecreaseStreamRetentionPeriod{
    .name = "DecreaseStreamRetentionPeriod",
    .errors = kRetentionErrors,
    .doc = "Keeps records for less time; older ones are gone at once."};

}  // namespace

shape::OperationInfo decrease_stream_retention_period_shape() {
  return shape::describe(kDecreaseStreamRetentionPeriod);
}

front::Operation decrease_stream_retention_period(Parts parts) {
  return bind_retention(parts, kDecreaseStreamRetentionPeriod, stream::RetentionChange::kDecrease);
}

}  // namespace penstock::api::kinesis
