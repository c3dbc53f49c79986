#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

namespace penstock::api::kinesis {

/// Both directions take the same members.
struct RetentionRequest {
  std::optional<std::int32_t> retention_period_hours;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = RetentionRequest;
    return std::array{
        shape::member<&Self::retention_period_hours>("RetentionPeriodHours", {shape::required},
                                                     "24 to 8760."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

inline constexpr std::string_view kRetentionErrors[] = {
    "ResourceInUseException", "ResourceNotFoundException", "LimitExceededException",
    "InvalidArgumentException"};

inline front::Operation bind_retention(
    Parts parts, const shape::Operation<RetentionRequest, shape::Empty>& operation,
    stream::RetentionChange change) {
  return bind(operation, kStyle,
              [parts, change](const front::Request& request,
                              RetentionRequest input) -> Task<Result<shape::Empty>> {
                co_return nothing(co_await parts.streams.set_retention(
                    caller_of(request), target_of(input), change, *input.retention_period_hours));
              });
}

}  // namespace penstock::api::kinesis
