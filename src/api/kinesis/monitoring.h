#pragma once

#include "api/kinesis/members.h"
#include "api/kinesis/operations.h"

#include <vector>

namespace penstock::api::kinesis {

inline constexpr shape::Rules kMetrics{shape::length(1, 7), shape::one_of(kMetricNames)};
inline constexpr shape::Rules kRequiredMetrics{shape::required, shape::length(1, 7),
                                               shape::one_of(kMetricNames)};

/// Enabling and disabling take and give the same members.
struct MonitoringRequest {
  std::optional<std::vector<std::string>> shard_level_metrics;
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> stream_id;

  static constexpr auto shape() {
    using Self = MonitoringRequest;
    return std::array{
        shape::member<&Self::shard_level_metrics>("ShardLevelMetrics", kRequiredMetrics,
                                                  "ALL stands for all seven."),
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
        shape::member<&Self::stream_id>("StreamId", kStreamId, "Reserved by AWS; ignored."),
    };
  }
};

struct MonitoringReply {
  std::string stream_name;
  std::vector<std::string> current;
  std::vector<std::string> desired;
  std::string stream_arn;

  static constexpr auto shape() {
    using Self = MonitoringReply;
    return std::array{
        shape::member<&Self::stream_name>("StreamName", kStreamName),
        shape::member<&Self::current>("CurrentShardLevelMetrics", kMetrics, "Before the call."),
        shape::member<&Self::desired>("DesiredShardLevelMetrics", kMetrics, "After it."),
        shape::member<&Self::stream_arn>("StreamARN", kStreamArn),
    };
  }
};

inline constexpr std::string_view kMonitoringErrors[] = {
    "InvalidArgumentException", "LimitExceededException", "ResourceInUseException",
    "ResourceNotFoundException"};

inline front::Operation bind_monitoring(
    Parts parts, const shape::Operation<MonitoringRequest, MonitoringReply>& operation,
    stream::Switch to) {
  return bind(
      operation, kStyle,
      [parts, to](const front::Request& request,
                  MonitoringRequest input) -> Task<Result<MonitoringReply>> {
        // The names are known: the table holds them against the set.
        const stream::MetricSet named = stream::metric_set(*input.shard_level_metrics).value_or(0);
        CO_TRY(const stream::MetricsReply done,
               co_await parts.streams.set_metrics(caller_of(request), target_of(input), named, to));
        co_return MonitoringReply{.stream_name = done.name.name,
                                  .current = stream::metric_names(done.change.before),
                                  .desired = stream::metric_names(done.change.after),
                                  .stream_arn = done.arn};
      });
}

}  // namespace penstock::api::kinesis
