#include "api/lambda/event_source_mapping.h"
#include "api/lambda/event_source_mapping_structures.h"

namespace penstock::api::lambda {
namespace {

struct UpdateEventSourceMappingRequest {
  std::optional<std::string> uuid;
  std::optional<std::string> function_name;
  std::optional<bool> enabled;
  std::optional<std::int32_t> batch_size;
  std::optional<FilterCriteria> filter_criteria;
  std::optional<std::int32_t> maximum_batching_window;
  std::optional<DestinationConfig> destination_config;
  std::optional<std::int32_t> maximum_record_age;
  std::optional<bool> bisect_batch_on_function_error;
  std::optional<std::int32_t> maximum_retry_attempts;
  std::optional<std::int32_t> parallelization_factor;
  std::optional<std::vector<SourceAccessConfiguration>> source_access_configurations;
  std::optional<std::int32_t> tumbling_window;
  std::optional<std::vector<std::string>> function_response_types;
  std::optional<ScalingConfig> scaling_config;
  std::optional<ManagedKafkaConfig> managed_kafka;
  std::optional<SelfManagedKafkaConfig> self_managed_kafka;
  std::optional<DocumentDbConfig> document_db;
  std::optional<std::string> kms_key_arn;
  std::optional<MappingMetricsConfig> metrics_config;
  std::optional<MappingLoggingConfig> logging_config;
  std::optional<ProvisionedPollerConfig> provisioned_poller_config;

  static constexpr auto shape() {
    using Self = UpdateEventSourceMappingRequest;
    using shape::member;
    return std::array{
        member<&Self::uuid>("UUID", kMappingUuid),
        member<&Self::function_name>("FunctionName", kOtherMappedFunction),
        member<&Self::enabled>("Enabled"),
        member<&Self::batch_size>("BatchSize", kBatchSize),
        member<&Self::filter_criteria>("FilterCriteria", {}, "Without filters: none any more."),
        member<&Self::maximum_batching_window>("MaximumBatchingWindowInSeconds", kBatchingWindow),
        member<&Self::destination_config>("DestinationConfig"),
        member<&Self::maximum_record_age>("MaximumRecordAgeInSeconds", kRecordAge),
        member<&Self::bisect_batch_on_function_error>("BisectBatchOnFunctionError"),
        member<&Self::maximum_retry_attempts>("MaximumRetryAttempts", kRetryAttempts),
        member<&Self::parallelization_factor>("ParallelizationFactor", kParallelization),
        member<&Self::source_access_configurations>("SourceAccessConfigurations",
                                                    {shape::length(0, 23)}, "Not of streams."),
        member<&Self::tumbling_window>("TumblingWindowInSeconds", kTumblingWindow,
                                       "Not served here."),
        member<&Self::function_response_types>("FunctionResponseTypes", kFunctionResponseTypes),
        member<&Self::scaling_config>("ScalingConfig", {}, "Not of streams."),
        member<&Self::managed_kafka>("AmazonManagedKafkaEventSourceConfig", {}, "Not of streams."),
        member<&Self::self_managed_kafka>("SelfManagedKafkaEventSourceConfig", {},
                                          "Not of streams."),
        member<&Self::document_db>("DocumentDBEventSourceConfig", {}, "Not of streams."),
        member<&Self::kms_key_arn>("KMSKeyArn", kResourceArn, "Kept and shown; empty: none."),
        member<&Self::metrics_config>("MetricsConfig"),
        member<&Self::logging_config>("LoggingConfig", {}, "Not of streams."),
        member<&Self::provisioned_poller_config>("ProvisionedPollerConfig", {}, "Not of streams."),
    };
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidParameterValueException", "ResourceInUseException",
    "ResourceConflictException",      "ServiceException",
    "TooManyRequestsException",       "ResourceNotFoundException"};
constexpr shape::Operation<UpdateEventSourceMappingRequest, EventSourceMappingConfiguration>
    kUpdateEventSourceMapping{
        .name = "UpdateEventSourceMapping",
        .errors = kErrors,
        .doc = "Changes a mapping for the batches formed from now on. Members not given stay.",
        .method = "PUT",
        .path = "/2015-03-31/event-source-mappings/{UUID}",
        .success_status = 202};

Status refuse_unserved(const UpdateEventSourceMappingRequest& input) {
  TRY_OK(refuse_on_success(input.destination_config));
  TRY_OK(refuse_other_members({
      {"SourceAccessConfigurations", is_given(input.source_access_configurations)},
      {"ScalingConfig", is_given(input.scaling_config)},
      {"AmazonManagedKafkaEventSourceConfig", input.managed_kafka.has_value()},
      {"SelfManagedKafkaEventSourceConfig", input.self_managed_kafka.has_value()},
      {"DocumentDBEventSourceConfig", input.document_db.has_value()},
      {"LoggingConfig", is_given(input.logging_config)},
      {"ProvisionedPollerConfig", is_given(input.provisioned_poller_config)},
  }));
  TRY_OK(refuse_other_metrics(input.metrics_config));
  return refuse_tumbling_window(input.tumbling_window, input.parallelization_factor);
}

mapping::ChangeMapping change_of(UpdateEventSourceMappingRequest& input) {
  mapping::ChangeMapping change{.function = std::move(input.function_name),
                                .enabled = input.enabled,
                                .batch_size = input.batch_size,
                                .window_s = input.maximum_batching_window,
                                .parallelization = input.parallelization_factor,
                                .max_age_s = input.maximum_record_age,
                                .max_retries = input.maximum_retry_attempts,
                                .bisect = input.bisect_batch_on_function_error,
                                .kms_key_arn = std::move(input.kms_key_arn)};
  if (input.function_response_types) {
    change.report_item_failures = !input.function_response_types->empty();
  }
  if (input.filter_criteria) change.filters = patterns_of(*input.filter_criteria);
  if (input.destination_config && input.destination_config->on_failure) {
    change.destination_arn = input.destination_config->on_failure->destination.value_or("");
  }
  if (input.metrics_config) {
    change.metrics = std::move(input.metrics_config->metrics).value_or(std::vector<std::string>{});
  }
  return change;
}

Task<Result<EventSourceMappingConfiguration>> update(mapping::MappingService& mappings,
                                                     Tenant tenant,
                                                     UpdateEventSourceMappingRequest input) {
  CO_TRY_OK(refuse_unserved(input));
  CO_TRY(const mapping::MappingView updated,
         co_await mappings.update(tenant, *input.uuid, change_of(input)));
  co_return wire(tenant, updated);
}

}  // namespace

shape::OperationInfo update_event_source_mapping_shape() {
  return shape::describe(kUpdateEventSourceMapping);
}

front::Operation update_event_source_mapping(mapping::MappingService& mappings) {
  return bind(kUpdateEventSourceMapping, kStyle,
              [&mappings](const front::Request& request, UpdateEventSourceMappingRequest input) {
                return update(mappings, request.caller.tenant, std::move(input));
              });
}

}  // namespace penstock::api::lambda
