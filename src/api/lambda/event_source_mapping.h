#pragma once

#include "api/bind.h"
#include "api/lambda/errors.h"
#include "mapping/mapping_service.h"

#include <vector>

/// The operations on event source mappings, one file each.
namespace penstock::api::lambda {

/// All of them, for make_lambda_service(). `mappings` outlives them.
std::vector<front::Operation> event_source_mapping_operations(mapping::MappingService& mappings);
std::vector<shape::OperationInfo> event_source_mapping_shapes();

front::Operation create_event_source_mapping(mapping::MappingService& mappings);
front::Operation get_event_source_mapping(mapping::MappingService& mappings);
front::Operation update_event_source_mapping(mapping::MappingService& mappings);
front::Operation delete_event_source_mapping(mapping::MappingService& mappings);
front::Operation list_event_source_mappings(mapping::MappingService& mappings);

shape::OperationInfo create_event_source_mapping_shape();
shape::OperationInfo get_event_source_mapping_shape();
shape::OperationInfo update_event_source_mapping_shape();
shape::OperationInfo delete_event_source_mapping_shape();
shape::OperationInfo list_event_source_mappings_shape();

}  // namespace penstock::api::lambda
