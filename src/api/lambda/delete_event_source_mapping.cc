#include "api/lambda/event_source_mapping.h"
#include "api/lambda/event_source_mapping_structures.h"

namespace penstock::api::lambda {
namespace {

struct DeleteEventSourceMappingRequest {
  std::optional<std::string> uuid;
  static constexpr auto shape() {
    return std::array{shape::member<&DeleteEventSourceMappingRequest::uuid>("UUID", kMappingUuid)};
  }
};

constexpr std::string_view kErrors[] = {
    "InvalidParameterValueException", "ResourceInUseException",
    "ResourceConflictException",      "ServiceException",
    "TooManyRequestsException",       "ResourceNotFoundException"};
constexpr shape::Operation<DeleteEventSourceMappingRequest, EventSourceMappingConfiguration>
    kDeleteEventSourceMapping{
        .name = "DeleteEventSourceMapping",
        .errors = kErrors,
        .doc = "Ends a mapping and forgets how far it came. The answer says Deleting.",
        .method = "DELETE",
        .path = "/2015-03-31/event-source-mappings/{UUID}",
        .success_status = 202};

Task<Result<EventSourceMappingConfiguration>> remove(mapping::MappingService& mappings,
                                                     Tenant tenant, std::string uuid) {
  CO_TRY(const mapping::MappingView removed, co_await mappings.remove(tenant, std::move(uuid)));
  co_return wire(tenant, removed);
}

}  // namespace

shape::OperationInfo delete_event_source_mapping_shape() {
  return shape::describe(kDeleteEventSourceMapping);
}

front::Operation delete_event_source_mapping(mapping::MappingService& mappings) {
  return bind(kDeleteEventSourceMapping, kStyle,
              [&mappings](const front::Request& request, DeleteEventSourceMappingRequest input) {
                return remove(mappings, request.caller.tenant, std::move(*input.uuid));
              });
}

}  // namespace penstock::api::lambda
