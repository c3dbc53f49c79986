#include "mapping/record.h"

#include "stream/consumer_types.h"

namespace penstock::mapping {

std::string_view to_text(MappingState state) {
  switch (state) {
    case MappingState::kCreating: return "Creating";
    case MappingState::kEnabling: return "Enabling";
    case MappingState::kEnabled: return "Enabled";
    case MappingState::kDisabling: return "Disabling";
    case MappingState::kDisabled: return "Disabled";
    case MappingState::kUpdating: return "Updating";
    case MappingState::kDeleting: return "Deleting";
  }
  return "Enabled";
}

bool is_consumer_source(std::string_view source_arn) {
  return stream::parse_consumer_arn(source_arn).has_value();
}

std::string stream_of_source(std::string_view source_arn) {
  const auto consumer = stream::parse_consumer_arn(source_arn);
  if (!consumer) return std::string(source_arn);
  return stream::stream_arn(consumer->stream.tenant, consumer->stream.name);
}

std::string mapping_arn(const Tenant& tenant, std::string_view uuid) {
  return "arn:aws:lambda:" + tenant.region + ":" + tenant.account +
         ":event-source-mapping:" + std::string(uuid);
}

std::string catalog_key(const Tenant& tenant, std::string_view uuid) {
  std::string key(kCatalogPrefix);
  key.append(tenant.account).append("/").append(tenant.region).append("/").append(uuid);
  return key;
}

Result<Tenant> tenant_of_key(std::string_view key) {
  const std::size_t account = kCatalogPrefix.size();
  const std::size_t region = key.find('/', account);
  const std::size_t uuid = region == std::string_view::npos ? region : key.find('/', region + 1);
  if (uuid == std::string_view::npos)
    return Error{Errc::kCorrupt, "a mapping is stored under " + std::string(key)};
  return Tenant{std::string(key.substr(account, region - account)),
                std::string(key.substr(region + 1, uuid - region - 1))};
}

}  // namespace penstock::mapping
