#pragma once

#include "api/lambda/event_source_mapping_members.h"
#include "api/lambda/event_source_mapping_other_sources.h"
#include "mapping/mapping_service.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Structures that the operations on event source mappings share, and how they become what the
/// mapping service takes and gives.
namespace penstock::api::lambda {

struct Filter {
  std::optional<std::string> pattern;
  static constexpr std::string_view kShapeName = "Filter";
  static constexpr auto shape() {
    return std::array{shape::member<&Filter::pattern>("Pattern", {shape::length(0, 4'096)})};
  }
};

struct FilterCriteria {
  std::optional<std::vector<Filter>> filters;
  static constexpr std::string_view kShapeName = "FilterCriteria";
  static constexpr auto shape() {
    return std::array{shape::member<&FilterCriteria::filters>("Filters")};
  }
};

struct FilterCriteriaError {
  std::optional<std::string> error_code;
  std::optional<std::string> message;
  static constexpr std::string_view kShapeName = "FilterCriteriaError";
  static constexpr auto shape() {
    using Self = FilterCriteriaError;
    return std::array{shape::member<&Self::error_code>("ErrorCode"),
                      shape::member<&Self::message>("Message")};
  }
};

struct OnSuccess {
  std::optional<std::string> destination;
  static constexpr std::string_view kShapeName = "OnSuccess";
  static constexpr auto shape() {
    return std::array{shape::member<&OnSuccess::destination>("Destination", kDestination)};
  }
};

struct OnFailure {
  std::optional<std::string> destination;
  static constexpr std::string_view kShapeName = "OnFailure";
  static constexpr auto shape() {
    return std::array{shape::member<&OnFailure::destination>(
        "Destination", kDestination, "A queue of this server; empty: none.")};
  }
};

struct DestinationConfig {
  std::optional<OnSuccess> on_success;
  std::optional<OnFailure> on_failure;
  static constexpr std::string_view kShapeName = "DestinationConfig";
  static constexpr auto shape() {
    using Self = DestinationConfig;
    return std::array{shape::member<&Self::on_success>("OnSuccess", {}, "Not for streams."),
                      shape::member<&Self::on_failure>("OnFailure")};
  }
};

struct MappingMetricsConfig {
  std::optional<std::vector<std::string>> metrics;
  static constexpr std::string_view kShapeName = "EventSourceMappingMetricsConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&MappingMetricsConfig::metrics>(
        "Metrics", {shape::one_of(kMappingMetrics), shape::length(0, 3)}, "EventCount.")};
  }
};

/// A mapping as every operation answers it. Members of other sources are never set.
struct EventSourceMappingConfiguration {
  std::string uuid;
  std::string starting_position;
  std::optional<shape::Timestamp> starting_position_timestamp;
  std::int32_t batch_size = 0;
  std::int32_t maximum_batching_window = 0;
  std::int32_t parallelization_factor = 0;
  std::string event_source_arn;
  std::optional<FilterCriteria> filter_criteria;
  std::string function_arn;
  shape::Timestamp last_modified;
  std::string last_processing_result;
  std::string state;
  std::string state_transition_reason;
  DestinationConfig destination_config;
  std::optional<std::vector<std::string>> topics;
  std::optional<std::vector<std::string>> queues;
  std::optional<std::vector<SourceAccessConfiguration>> source_access_configurations;
  std::optional<SelfManagedEventSource> self_managed_event_source;
  std::int32_t maximum_record_age = -1;
  bool bisect_batch_on_function_error = false;
  std::int32_t maximum_retry_attempts = -1;
  std::int32_t tumbling_window = 0;
  std::vector<std::string> function_response_types;
  std::optional<ManagedKafkaConfig> managed_kafka;
  std::optional<SelfManagedKafkaConfig> self_managed_kafka;
  std::optional<ScalingConfig> scaling_config;
  std::optional<DocumentDbConfig> document_db;
  std::optional<std::string> kms_key_arn;
  std::optional<FilterCriteriaError> filter_criteria_error;
  std::string event_source_mapping_arn;
  std::optional<MappingMetricsConfig> metrics_config;
  std::optional<MappingLoggingConfig> logging_config;
  std::optional<ProvisionedPollerConfig> provisioned_poller_config;

  static constexpr std::string_view kShapeName = "EventSourceMappingConfiguration";
  static constexpr auto shape() {
    using Self = EventSourceMappingConfiguration;
    using shape::member;
    return std::array{
        member<&Self::uuid>("UUID"),
        member<&Self::starting_position>("StartingPosition"),
        member<&Self::starting_position_timestamp>("StartingPositionTimestamp"),
        member<&Self::batch_size>("BatchSize"),
        member<&Self::maximum_batching_window>("MaximumBatchingWindowInSeconds"),
        member<&Self::parallelization_factor>("ParallelizationFactor"),
        member<&Self::event_source_arn>("EventSourceArn"),
        member<&Self::filter_criteria>("FilterCriteria"),
        member<&Self::function_arn>("FunctionArn"),
        member<&Self::last_modified>("LastModified"),
        member<&Self::last_processing_result>("LastProcessingResult"),
        member<&Self::state>("State"),
        member<&Self::state_transition_reason>("StateTransitionReason"),
        member<&Self::destination_config>("DestinationConfig"),
        member<&Self::topics>("Topics"),
        member<&Self::queues>("Queues"),
        member<&Self::source_access_configurations>("SourceAccessConfigurations"),
        member<&Self::self_managed_event_source>("SelfManagedEventSource"),
        member<&Self::maximum_record_age>("MaximumRecordAgeInSeconds"),
        member<&Self::bisect_batch_on_function_error>("BisectBatchOnFunctionError"),
        member<&Self::maximum_retry_attempts>("MaximumRetryAttempts"),
        member<&Self::tumbling_window>("TumblingWindowInSeconds"),
        member<&Self::function_response_types>("FunctionResponseTypes"),
        member<&Self::managed_kafka>("AmazonManagedKafkaEventSourceConfig"),
        member<&Self::self_managed_kafka>("SelfManagedKafkaEventSourceConfig"),
        member<&Self::scaling_config>("ScalingConfig"),
        member<&Self::document_db>("DocumentDBEventSourceConfig"),
        member<&Self::kms_key_arn>("KMSKeyArn"),
        member<&Self::filter_criteria_error>("FilterCriteriaError"),
        member<&Self::event_source_mapping_arn>("EventSourceMappingArn"),
        member<&Self::metrics_config>("MetricsConfig"),
        member<&Self::logging_config>("LoggingConfig"),
        member<&Self::provisioned_poller_config>("ProvisionedPollerConfig"),
    };
  }
};

EventSourceMappingConfiguration wire(const Tenant& tenant, const mapping::MappingView& view);

/// OnSuccess: streams have no such destination.
Status refuse_on_success(const std::optional<DestinationConfig>& config);
/// What the mapping of a stream does not have, by the name of the first such member that is given.
struct OtherMember {
  std::string_view name;
  bool is_given;
};
Status refuse_other_members(std::initializer_list<OtherMember> members);
Status refuse_tumbling_window(const std::optional<std::int32_t>& seconds,
                              const std::optional<std::int32_t>& parallelization);
Status refuse_other_metrics(const std::optional<MappingMetricsConfig>& config);

/// Filters as patterns; one without a pattern is refused like an empty pattern.
std::vector<std::string> patterns_of(const FilterCriteria& criteria);

bool is_given(const std::optional<ScalingConfig>& config);
bool is_given(const std::optional<MappingLoggingConfig>& config);
bool is_given(const std::optional<ProvisionedPollerConfig>& config);
template <class T>
bool is_given(const std::optional<std::vector<T>>& list) {
  return list && !list->empty();
}

}  // namespace penstock::api::lambda
