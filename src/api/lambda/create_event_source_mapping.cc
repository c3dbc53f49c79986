#include "api/lambda/event_source_mapping.h"
#include "api/lambda/event_source_mapping_structures.h"
#include "mapping/errors.h"
#include "mapping/record.h"

namespace penstock::api::lambda {
namespace {

using mapping::MappingErrc;

struct CreateEventSourceMappingRequest {
  std::optional<std::string> event_source_arn;
  std::optional<std::string> function_name;
  std::optional<bool> enabled;
  std::optional<std::int32_t> batch_size;
  std::optional<FilterCriteria> filter_criteria;
  std::optional<std::int32_t> maximum_batching_window;
  std::optional<std::int32_t> parallelization_factor;
  std::optional<std::string> starting_position;
  std::optional<shape::Timestamp> starting_position_timestamp;
  std::optional<DestinationConfig> destination_config;
  std::optional<std::int32_t> maximum_record_age;
  std::optional<bool> bisect_batch_on_function_error;
  std::optional<std::int32_t> maximum_retry_attempts;
  std::optional<std::map<std::string, std::string>> tags;
  std::optional<std::int32_t> tumbling_window;
  std::optional<std::vector<std::string>> topics;
  std::optional<std::vector<std::string>> queues;
  std::optional<std::vector<SourceAccessConfiguration>> source_access_configurations;
  std::optional<SelfManagedEventSource> self_managed_event_source;
  std::optional<std::vector<std::string>> function_response_types;
  std::optional<ManagedKafkaConfig> managed_kafka;
  std::optional<SelfManagedKafkaConfig> self_managed_kafka;
  std::optional<ScalingConfig> scaling_config;
  std::optional<DocumentDbConfig> document_db;
  std::optional<std::string> kms_key_arn;
  std::optional<MappingMetricsConfig> metrics_config;
  std::optional<MappingLoggingConfig> logging_config;
  std::optional<ProvisionedPollerConfig> provisioned_poller_config;

  static constexpr auto shape() {
    using Self = CreateEventSourceMappingRequest;
    using shape::member;
    return std::array{
        member<&Self::event_source_arn>("EventSourceArn", kSourceArn,
                                        "Of a data stream, or of a consumer of one."),
        member<&Self::function_name>("FunctionName", kMappedFunction),
        member<&Self::enabled>("Enabled", {}, "true if absent."),
        member<&Self::batch_size>("BatchSize", kBatchSize, "100 if absent."),
        member<&Self::filter_criteria>("FilterCriteria", {}, "What the function is given."),
        member<&Self::maximum_batching_window>("MaximumBatchingWindowInSeconds", kBatchingWindow),
        member<&Self::parallelization_factor>("ParallelizationFactor", kParallelization,
                                              "Batches of a shard at a time, 1 if absent."),
        member<&Self::starting_position>("StartingPosition", kStartingPosition, "Required."),
        member<&Self::starting_position_timestamp>("StartingPositionTimestamp", {},
                                                   "With AT_TIMESTAMP, and only then."),
        member<&Self::destination_config>("DestinationConfig"),
        member<&Self::maximum_record_age>("MaximumRecordAgeInSeconds", kRecordAge,
                                          "-1, no limit, if absent; or at least 60."),
        member<&Self::bisect_batch_on_function_error>("BisectBatchOnFunctionError"),
        member<&Self::maximum_retry_attempts>("MaximumRetryAttempts", kRetryAttempts,
                                              "-1, no limit, if absent."),
        member<&Self::tags>("Tags", kTags),
        member<&Self::tumbling_window>("TumblingWindowInSeconds", kTumblingWindow,
                                       "Not served here."),
        member<&Self::topics>("Topics", {shape::length(1, 1)}, "Not of streams."),
        member<&Self::queues>("Queues", {shape::length(1, 1)}, "Not of streams."),
        member<&Self::source_access_configurations>("SourceAccessConfigurations",
                                                    {shape::length(0, 23)}, "Not of streams."),
        member<&Self::self_managed_event_source>("SelfManagedEventSource", {}, "Not of streams."),
        member<&Self::function_response_types>("FunctionResponseTypes", kFunctionResponseTypes),
        member<&Self::managed_kafka>("AmazonManagedKafkaEventSourceConfig", {}, "Not of streams."),
        member<&Self::self_managed_kafka>("SelfManagedKafkaEventSourceConfig", {},
                                          "Not of streams."),
        member<&Self::scaling_config>("ScalingConfig", {}, "Not of streams."),
        member<&Self::document_db>("DocumentDBEventSourceConfig", {}, "Not of streams."),
        member<&Self::kms_key_arn>("KMSKeyArn", kResourceArn, "Kept and shown."),
        member<&Self::metrics_config>("MetricsConfig"),
        member<&Self::logging_config>("LoggingConfig", {}, "Not of streams."),
        member<&Self::provisioned_poller_config>("ProvisionedPollerConfig", {}, "Not of streams."),
    };
  }
};

constexpr std::string_view kErrors[] = {"InvalidParameterValueException",
                                        "ResourceConflictException", "ServiceException",
                                        "TooManyRequestsException", "ResourceNotFoundException"};
constexpr shape::Operation<CreateEventSourceMappingRequest, EventSourceMappingConfiguration>
    kCreateEventSourceMapping{
        .name = "CreateEventSourceMapping",
        .errors = kErrors,
        .doc = "Gives a stream's records to a function. The answer says Creating.",
        .method = "POST",
        .path = "/2015-03-31/event-source-mappings",
        .success_status = 202};

/// Streams and their consumers (enhanced fan-out) are sources here; other services are not.
Status recognise_source(const std::optional<std::string>& arn) {
  std::string_view rest = arn ? std::string_view(*arn) : std::string_view();
  std::string_view service;
  for (int part = 0; part < 5; ++part) {
    const std::size_t colon = rest.find(':');
    if (part == 2) service = rest.substr(0, colon);
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  constexpr std::string_view kStream = "stream/";
  if (service != "kinesis" || !rest.starts_with(kStream)) {
    return Error{MappingErrc::kInvalidParameter, "Unrecognized event source."};
  }
  if (rest.find('/', kStream.size()) != std::string_view::npos &&
      !mapping::is_consumer_source(*arn)) {
    return Error{MappingErrc::kInvalidParameter, "Unrecognized event source."};
  }
  return ok();
}

/// Not a constraint of the model: the service answers it under another name.
Status require_starting_position(const std::optional<std::string>& position) {
  if (position) return ok();
  return Error{MappingErrc::kInvalidParameter,
               "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
               "constraint: Member must not be null."};
}

/// In the order in which the service looks; what needs more than the request is checked behind it.
Status refuse_unserved(const CreateEventSourceMappingRequest& input) {
  TRY_OK(refuse_on_success(input.destination_config));
  TRY_OK(recognise_source(input.event_source_arn));
  TRY_OK(require_starting_position(input.starting_position));
  TRY_OK(refuse_other_members({
      {"Topics", is_given(input.topics)},
      {"Queues", is_given(input.queues)},
      {"SourceAccessConfigurations", is_given(input.source_access_configurations)},
      {"SelfManagedEventSource", input.self_managed_event_source.has_value()},
      {"AmazonManagedKafkaEventSourceConfig", input.managed_kafka.has_value()},
      {"SelfManagedKafkaEventSourceConfig", input.self_managed_kafka.has_value()},
      {"ScalingConfig", is_given(input.scaling_config)},
      {"DocumentDBEventSourceConfig", input.document_db.has_value()},
      {"LoggingConfig", is_given(input.logging_config)},
      {"ProvisionedPollerConfig", is_given(input.provisioned_poller_config)},
  }));
  TRY_OK(refuse_other_metrics(input.metrics_config));
  return refuse_tumbling_window(input.tumbling_window, input.parallelization_factor);
}

mapping::Configuration configuration_of(CreateEventSourceMappingRequest& input) {
  mapping::Configuration made;
  made.batch_size = input.batch_size.value_or(100);
  made.window_s = input.maximum_batching_window.value_or(0);
  made.parallelization = input.parallelization_factor.value_or(1);
  made.max_age_s = input.maximum_record_age.value_or(-1);
  made.max_retries = input.maximum_retry_attempts.value_or(-1);
  made.bisect = input.bisect_batch_on_function_error.value_or(false);
  made.report_item_failures = is_given(input.function_response_types);
  if (input.filter_criteria) made.filters = patterns_of(*input.filter_criteria);
  if (input.destination_config && input.destination_config->on_failure) {
    made.destination_arn = input.destination_config->on_failure->destination.value_or("");
  }
  made.kms_key_arn = input.kms_key_arn.value_or("");
  if (input.metrics_config) {
    made.metrics = std::move(input.metrics_config->metrics).value_or(std::vector<std::string>{});
  }
  return made;
}

Task<Result<EventSourceMappingConfiguration>> create(mapping::MappingService& mappings,
                                                     Tenant tenant,
                                                     CreateEventSourceMappingRequest input) {
  CO_TRY_OK(refuse_unserved(input));
  mapping::CreateMapping request{.source_arn = *input.event_source_arn,
                                 .function = *input.function_name,
                                 .enabled = input.enabled.value_or(true),
                                 .starting_position = input.starting_position.value_or(""),
                                 .configuration = configuration_of(input)};
  if (input.starting_position_timestamp) {
    request.starting_time = service_time(input.starting_position_timestamp->millis);
  }
  if (input.tags) request.tags = std::move(*input.tags);
  CO_TRY(const mapping::MappingView created, co_await mappings.create(tenant, std::move(request)));
  co_return wire(tenant, created);
}

}  // namespace

shape::OperationInfo create_event_source_mapping_shape() {
  return shape::describe(kCreateEventSourceMapping);
}

front::Operation create_event_source_mapping(mapping::MappingService& mappings) {
  return bind(kCreateEventSourceMapping, kStyle,
              [&mappings](const front::Request& request, CreateEventSourceMappingRequest input) {
                return create(mappings, request.caller.tenant, std::move(input));
              });
}

}  // namespace penstock::api::lambda
