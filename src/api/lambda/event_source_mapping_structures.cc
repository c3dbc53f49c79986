#include "api/lambda/event_source_mapping_structures.h"

#include "mapping/errors.h"

#include <algorithm>

namespace penstock::api::lambda {
namespace {

using mapping::MappingErrc;

std::int32_t narrow(std::int64_t value) { return static_cast<std::int32_t>(value); }

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Error unsupported(std::string_view member) {
  return {MappingErrc::kInvalidParameter,
          "Unsupported " + std::string(member) + " parameter for given event source mapping type."};
}

FilterCriteria criteria_of(const std::vector<std::string>& patterns) {
  FilterCriteria criteria{.filters = std::vector<Filter>{}};
  for (const std::string& pattern : patterns) criteria.filters->push_back({pattern});
  return criteria;
}

}  // namespace

EventSourceMappingConfiguration wire(const Tenant& tenant, const mapping::MappingView& view) {
  const mapping::MappingRecord& record = view.record;
  const mapping::Configuration& from = record.configuration;
  EventSourceMappingConfiguration out{
      .uuid = record.uuid,
      .starting_position = record.starting_position,
      .batch_size = narrow(from.batch_size),
      .maximum_batching_window = narrow(from.window_s),
      .parallelization_factor = narrow(from.parallelization),
      .event_source_arn = record.source_arn,
      .function_arn = record.function_arn,
      .last_modified = {record.last_modified_ms},
      .last_processing_result = view.last_result,
      .state = std::string(mapping::to_text(view.state)),
      .state_transition_reason = "User action",
      .destination_config = {.on_failure = OnFailure{unless_empty(from.destination_arn)}},
      .maximum_record_age = narrow(from.max_age_s),
      .bisect_batch_on_function_error = from.bisect,
      .maximum_retry_attempts = narrow(from.max_retries),
      .kms_key_arn = unless_empty(from.kms_key_arn),
      .event_source_mapping_arn = mapping::mapping_arn(tenant, record.uuid)};
  if (record.starting_position == "AT_TIMESTAMP") {
    out.starting_position_timestamp = shape::Timestamp{record.starting_position_ms};
  }
  if (!from.filters.empty()) out.filter_criteria = criteria_of(from.filters);
  if (from.report_item_failures) out.function_response_types.emplace_back(kResponseTypes[0]);
  if (!from.metrics.empty()) out.metrics_config = MappingMetricsConfig{from.metrics};
  return out;
}

Status refuse_on_success(const std::optional<DestinationConfig>& config) {
  if (config && config->on_success) return unsupported("DestinationConfig");
  return ok();
}

Status refuse_other_members(std::initializer_list<OtherMember> members) {
  const auto* const given =
      std::find_if(members.begin(), members.end(), [](const auto& m) { return m.is_given; });
  if (given != members.end()) return unsupported(given->name);
  return ok();
}

Status refuse_tumbling_window(const std::optional<std::int32_t>& seconds,
                              const std::optional<std::int32_t>& parallelization) {
  if (seconds.value_or(0) == 0) return ok();
  if (parallelization.value_or(1) > 1) {
    return Error{MappingErrc::kInvalidParameter,
                 "ParallelizationFactor must be 1 when TumblingWindowInSeconds is set."};
  }
  return Error{MappingErrc::kInvalidParameter,
               "Tumbling windows are not supported by this server: TumblingWindowInSeconds must "
               "be 0."};
}

Status refuse_other_metrics(const std::optional<MappingMetricsConfig>& config) {
  if (!config || !config->metrics) return ok();
  const bool fine = std::all_of(config->metrics->begin(), config->metrics->end(),
                                [](const std::string& metric) { return metric == "EventCount"; });
  if (!fine) return unsupported("MetricsConfig");
  return ok();
}

std::vector<std::string> patterns_of(const FilterCriteria& criteria) {
  std::vector<std::string> patterns;
  if (!criteria.filters) return patterns;
  for (const Filter& filter : *criteria.filters) patterns.push_back(filter.pattern.value_or(""));
  return patterns;
}

bool is_given(const std::optional<ScalingConfig>& config) {
  return config && config->maximum_concurrency;
}

bool is_given(const std::optional<MappingLoggingConfig>& config) {
  return config && config->system_log_level;
}

bool is_given(const std::optional<ProvisionedPollerConfig>& config) {
  return config &&
         (config->minimum_pollers || config->maximum_pollers || config->poller_group_name);
}

}  // namespace penstock::api::lambda
