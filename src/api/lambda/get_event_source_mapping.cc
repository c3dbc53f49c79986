#include "api/lambda/event_source_mapping.h"
#include "api/lambda/event_source_mapping_structures.h"

namespace penstock::api::lambda {
namespace {

struct GetEventSourceMappingRequest {
  std::optional<std::string> uuid;
  static constexpr auto shape() {
    return std::array{shape::member<&GetEventSourceMappingRequest::uuid>("UUID", kMappingUuid)};
  }
};

constexpr std::string_view kErrors[] = {"InvalidParameterValueException", "ServiceException",
                                        "TooManyRequestsException", "ResourceNotFoundException"};
constexpr shape::Operation<GetEventSourceMappingRequest, EventSourceMappingConfiguration>
    kGetEventSourceMapping{.name = "GetEventSourceMapping",
                           .errors = kErrors,
                           .doc = "A mapping, its state and how its last batch went.",
                           .method = "GET",
                           .path = "/2015-03-31/event-source-mappings/{UUID}"};

}  // namespace

shape::OperationInfo get_event_source_mapping_shape() {
  return shape::describe(kGetEventSourceMapping);
}

front::Operation get_event_source_mapping(mapping::MappingService& mappings) {
  return bind(
      kGetEventSourceMapping, kStyle,
      [&mappings](const front::Request& request,
                  GetEventSourceMappingRequest input) -> Result<EventSourceMappingConfiguration> {
        const Tenant& tenant = request.caller.tenant;
        TRY(const mapping::MappingView found, mappings.get(tenant, *input.uuid));
        return wire(tenant, found);
      });
}

}  // namespace penstock::api::lambda
