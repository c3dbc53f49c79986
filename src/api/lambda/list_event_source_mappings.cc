#include "api/lambda/event_source_mapping.h"
#include "api/lambda/event_source_mapping_structures.h"

#include <algorithm>

namespace penstock::api::lambda {
namespace {

constexpr std::int32_t kPageMax = 100;

struct ListEventSourceMappingsRequest {
  std::optional<std::string> event_source_arn;
  std::optional<std::string> function_name;
  std::optional<std::string> marker;
  std::optional<std::int32_t> max_items;
  static constexpr auto shape() {
    using Self = ListEventSourceMappingsRequest;
    return std::array{
        shape::member<&Self::event_source_arn>(
            "EventSourceArn",
            {shape::in_query("EventSourceArn"), shape::pattern(kArnPattern, &is_source_arn),
             shape::length(0, 10'000)}),
        shape::member<&Self::function_name>(
            "FunctionName",
            {shape::in_query("FunctionName"),
             shape::pattern(kNamespacedFunctionNamePattern, &is_namespaced_function_name),
             shape::length(1, 256)}),
        shape::member<&Self::marker>("Marker", kMarker),
        shape::member<&Self::max_items>("MaxItems", kMaxItems, "At most 100 come at once."),
    };
  }
};

struct ListEventSourceMappingsResponse {
  std::optional<std::string> next_marker;
  std::vector<EventSourceMappingConfiguration> event_source_mappings;
  static constexpr auto shape() {
    using Self = ListEventSourceMappingsResponse;
    return std::array{shape::member<&Self::next_marker>("NextMarker"),
                      shape::member<&Self::event_source_mappings>("EventSourceMappings")};
  }
};

constexpr std::string_view kErrors[] = {"InvalidParameterValueException", "ServiceException",
                                        "TooManyRequestsException", "ResourceNotFoundException"};
constexpr shape::Operation<ListEventSourceMappingsRequest, ListEventSourceMappingsResponse>
    kListEventSourceMappings{
        .name = "ListEventSourceMappings",
        .errors = kErrors,
        .doc = "The mappings of an account in a region, of one source or one function if named.",
        .method = "GET",
        .path = "/2015-03-31/event-source-mappings"};

Result<ListEventSourceMappingsResponse> list(const mapping::MappingService& mappings,
                                             const Tenant& tenant,
                                             const ListEventSourceMappingsRequest& input) {
  const std::int32_t limit = std::min(input.max_items.value_or(kPageMax), kPageMax);
  TRY(const mapping::MappingService::Listed found,
      mappings.list(tenant, input.event_source_arn.value_or(""), input.function_name.value_or(""),
                    input.marker.value_or(""), static_cast<std::size_t>(limit)));
  ListEventSourceMappingsResponse reply;
  if (!found.next_marker.empty()) reply.next_marker = found.next_marker;
  for (const mapping::MappingView& view : found.mappings) {
    EventSourceMappingConfiguration& entry =
        reply.event_source_mappings.emplace_back(wire(tenant, view));
    // Criteria under a key of the customer's are shown by Get only.
    if (entry.kms_key_arn) entry.filter_criteria.reset();
  }
  return reply;
}

}  // namespace

shape::OperationInfo list_event_source_mappings_shape() {
  return shape::describe(kListEventSourceMappings);
}

front::Operation list_event_source_mappings(mapping::MappingService& mappings) {
  return bind(kListEventSourceMappings, kStyle,
              [&mappings](const front::Request& request, ListEventSourceMappingsRequest input) {
                return list(mappings, request.caller.tenant, input);
              });
}

}  // namespace penstock::api::lambda
