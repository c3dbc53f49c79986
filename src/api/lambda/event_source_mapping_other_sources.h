#pragma once

#include "shape/shape.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What a mapping of another kind of source can be told (Kafka, queues, document databases). It is
/// read, so that it can be refused by name; nothing here is served.
namespace penstock::api::lambda {

struct SourceAccessConfiguration {
  std::optional<std::string> type;
  std::optional<std::string> uri;
  static constexpr std::string_view kShapeName = "SourceAccessConfiguration";
  static constexpr auto shape() {
    using Self = SourceAccessConfiguration;
    return std::array{shape::member<&Self::type>("Type"), shape::member<&Self::uri>("URI")};
  }
};

struct SelfManagedEventSource {
  std::optional<std::map<std::string, std::vector<std::string>>> endpoints;
  static constexpr std::string_view kShapeName = "SelfManagedEventSource";
  static constexpr auto shape() {
    return std::array{shape::member<&SelfManagedEventSource::endpoints>("Endpoints")};
  }
};

struct SchemaRegistryAccessConfig {
  std::optional<std::string> type;
  std::optional<std::string> uri;
  static constexpr std::string_view kShapeName = "KafkaSchemaRegistryAccessConfig";
  static constexpr auto shape() {
    using Self = SchemaRegistryAccessConfig;
    return std::array{shape::member<&Self::type>("Type"), shape::member<&Self::uri>("URI")};
  }
};

struct SchemaValidationConfig {
  std::optional<std::string> attribute;
  static constexpr std::string_view kShapeName = "KafkaSchemaValidationConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&SchemaValidationConfig::attribute>("Attribute")};
  }
};

struct SchemaRegistryConfig {
  std::optional<std::string> schema_registry_uri;
  std::optional<std::string> event_record_format;
  std::optional<std::vector<SchemaRegistryAccessConfig>> access_configs;
  std::optional<std::vector<SchemaValidationConfig>> schema_validation_configs;
  static constexpr std::string_view kShapeName = "KafkaSchemaRegistryConfig";
  static constexpr auto shape() {
    using Self = SchemaRegistryConfig;
    return std::array{
        shape::member<&Self::schema_registry_uri>("SchemaRegistryURI"),
        shape::member<&Self::event_record_format>("EventRecordFormat"),
        shape::member<&Self::access_configs>("AccessConfigs"),
        shape::member<&Self::schema_validation_configs>("SchemaValidationConfigs"),
    };
  }
};

struct ManagedKafkaConfig {
  std::optional<std::string> consumer_group_id;
  std::optional<SchemaRegistryConfig> schema_registry_config;
  static constexpr std::string_view kShapeName = "AmazonManagedKafkaEventSourceConfig";
  static constexpr auto shape() {
    using Self = ManagedKafkaConfig;
    return std::array{shape::member<&Self::consumer_group_id>("ConsumerGroupId"),
                      shape::member<&Self::schema_registry_config>("SchemaRegistryConfig")};
  }
};

struct SelfManagedKafkaConfig {
  std::optional<std::string> consumption_mode;
  std::optional<std::string> consumer_group_id;
  std::optional<SchemaRegistryConfig> schema_registry_config;
  static constexpr std::string_view kShapeName = "SelfManagedKafkaEventSourceConfig";
  static constexpr auto shape() {
    using Self = SelfManagedKafkaConfig;
    return std::array{shape::member<&Self::consumption_mode>("ConsumptionMode"),
                      shape::member<&Self::consumer_group_id>("ConsumerGroupId"),
                      shape::member<&Self::schema_registry_config>("SchemaRegistryConfig")};
  }
};

struct ScalingConfig {
  std::optional<std::int32_t> maximum_concurrency;
  static constexpr std::string_view kShapeName = "ScalingConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&ScalingConfig::maximum_concurrency>("MaximumConcurrency",
                                                                         {shape::range(2, 1'000)})};
  }
};

struct DocumentDbConfig {
  std::optional<std::string> database_name;
  std::optional<std::string> collection_name;
  std::optional<std::string> full_document;
  static constexpr std::string_view kShapeName = "DocumentDBEventSourceConfig";
  static constexpr auto shape() {
    using Self = DocumentDbConfig;
    return std::array{shape::member<&Self::database_name>("DatabaseName"),
                      shape::member<&Self::collection_name>("CollectionName"),
                      shape::member<&Self::full_document>("FullDocument")};
  }
};

struct MappingLoggingConfig {
  std::optional<std::string> system_log_level;
  static constexpr std::string_view kShapeName = "EventSourceMappingLoggingConfig";
  static constexpr auto shape() {
    return std::array{shape::member<&MappingLoggingConfig::system_log_level>("SystemLogLevel")};
  }
};

struct ProvisionedPollerConfig {
  std::optional<std::int32_t> minimum_pollers;
  std::optional<std::int32_t> maximum_pollers;
  std::optional<std::string> poller_group_name;
  static constexpr std::string_view kShapeName = "ProvisionedPollerConfig";
  static constexpr auto shape() {
    using Self = ProvisionedPollerConfig;
    return std::array{
        shape::member<&Self::minimum_pollers>("MinimumPollers", {shape::range(1, 200)}),
        shape::member<&Self::maximum_pollers>("MaximumPollers", {shape::range(1, 10'000)}),
        shape::member<&Self::poller_group_name>("PollerGroupName", {shape::length(0, 128)}),
    };
  }
};

}  // namespace penstock::api::lambda
