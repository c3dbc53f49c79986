#include "api/lambda/event_source_mapping.h"

namespace penstock::api::lambda {

std::vector<front::Operation> event_source_mapping_operations(mapping::MappingService& mappings) {
  return {create_event_source_mapping(mappings), get_event_source_mapping(mappings),
          update_event_source_mapping(mappings), delete_event_source_mapping(mappings),
          list_event_source_mappings(mappings)};
}

std::vector<shape::OperationInfo> event_source_mapping_shapes() {
  return {create_event_source_mapping_shape(), get_event_source_mapping_shape(),
          update_event_source_mapping_shape(), delete_event_source_mapping_shape(),
          list_event_source_mappings_shape()};
}

}  // namespace penstock::api::lambda
