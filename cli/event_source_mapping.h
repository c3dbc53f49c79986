#pragma once

#include "base/result.h"
#include "cli/api_client.h"
#include "shape/shape.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {
namespace wire {

struct OnFailure {
  std::optional<std::string> destination;
  static constexpr auto shape() {
    return std::array{shape::member<&OnFailure::destination>("Destination")};
  }
};

struct DestinationConfig {
  OnFailure on_failure;
  static constexpr auto shape() {
    return std::array{shape::member<&DestinationConfig::on_failure>("OnFailure")};
  }
};

struct Filter {
  std::string pattern;
  static constexpr auto shape() { return std::array{shape::member<&Filter::pattern>("Pattern")}; }
};

struct FilterCriteria {
  std::vector<Filter> filters;
  static constexpr auto shape() {
    return std::array{shape::member<&FilterCriteria::filters>("Filters")};
  }
};

struct CreateMapping {
  std::string event_source_arn;
  std::string function_name;
  std::string starting_position;
  std::optional<std::int64_t> batch_size;
  std::optional<std::int64_t> window_seconds;
  std::optional<std::int64_t> parallelization_factor;
  std::optional<std::int64_t> maximum_retry_attempts;
  std::optional<std::int64_t> maximum_record_age;
  bool bisect = false;
  std::optional<std::vector<std::string>> function_response_types;
  std::optional<DestinationConfig> destination_config;
  std::optional<FilterCriteria> filter_criteria;
  static constexpr auto shape() {
    using Self = CreateMapping;
    return std::array{
        shape::member<&Self::event_source_arn>("EventSourceArn"),
        shape::member<&Self::function_name>("FunctionName"),
        shape::member<&Self::starting_position>("StartingPosition"),
        shape::member<&Self::batch_size>("BatchSize"),
        shape::member<&Self::window_seconds>("MaximumBatchingWindowInSeconds"),
        shape::member<&Self::parallelization_factor>("ParallelizationFactor"),
        shape::member<&Self::maximum_retry_attempts>("MaximumRetryAttempts"),
        shape::member<&Self::maximum_record_age>("MaximumRecordAgeInSeconds"),
        shape::member<&Self::bisect>("BisectBatchOnFunctionError"),
        shape::member<&Self::function_response_types>("FunctionResponseTypes"),
        shape::member<&Self::destination_config>("DestinationConfig"),
        shape::member<&Self::filter_criteria>("FilterCriteria"),
    };
  }
};

struct Mapping {
  std::string uuid;
  std::string state;
  std::optional<std::string> function_arn;
  std::optional<std::string> event_source_arn;
  std::optional<std::string> last_processing_result;
  static constexpr auto shape() {
    using Self = Mapping;
    return std::array{
        shape::member<&Self::uuid>("UUID"),
        shape::member<&Self::state>("State"),
        shape::member<&Self::function_arn>("FunctionArn"),
        shape::member<&Self::event_source_arn>("EventSourceArn"),
        shape::member<&Self::last_processing_result>("LastProcessingResult"),
    };
  }
};

}  // namespace wire

Result<wire::Mapping> create_mapping(ApiClient& client, const wire::CreateMapping& request);
Result<wire::Mapping> get_mapping(ApiClient& client, const std::string& uuid);
Result<wire::Mapping> delete_mapping(ApiClient& client, const std::string& uuid);
Result<std::vector<wire::Mapping>> list_mappings(ApiClient& client);

/// An ARN as it is, or the ARN the service gives for a name.
Result<std::string> stream_arn(ApiClient& client, const std::string& name_or_arn);
Result<std::string> queue_arn(ApiClient& client, const std::string& name_or_arn);
Result<std::string> queue_url(ApiClient& client, const std::string& name);

/// "arn:aws:...:function:f" as "f".
std::string last_part(const std::string& arn);
/// "arn:aws:...:stream/s" as "s", "...:stream/s/consumer/c:1795752313" as "s/consumer/c".
std::string source_name(const std::string& arn);

}  // namespace penstock::cli
