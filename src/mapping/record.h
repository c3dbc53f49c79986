#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "shape/shape.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::mapping {

/// What a client may set, and later change. Names and units are those of the API; -1 is "no limit".
struct Configuration {
  std::int64_t batch_size = 100;
  std::int64_t window_s = 0;
  std::int64_t parallelization = 1;
  std::int64_t max_age_s = -1;
  std::int64_t max_retries = -1;
  bool bisect = false;
  bool report_item_failures = false;
  std::vector<std::string> filters;  ///< Patterns, as the client wrote them.
  std::string destination_arn;       ///< Of OnFailure; empty: none.
  std::string kms_key_arn;
  std::vector<std::string> metrics;
  bool operator==(const Configuration&) const = default;

  static constexpr auto shape() {
    using Self = Configuration;
    using shape::member;
    return std::array{
        member<&Self::batch_size>("batch_size"),
        member<&Self::window_s>("window_s"),
        member<&Self::parallelization>("parallelization"),
        member<&Self::max_age_s>("max_age_s"),
        member<&Self::max_retries>("max_retries"),
        member<&Self::bisect>("bisect"),
        member<&Self::report_item_failures>("report_item_failures"),
        member<&Self::filters>("filters"),
        member<&Self::destination_arn>("destination_arn"),
        member<&Self::kms_key_arn>("kms_key_arn"),
        member<&Self::metrics>("metrics"),
    };
  }
};

/// One mapping as the catalog keeps it, under mapping/<account>/<region>/<uuid>.
struct MappingRecord {
  std::int64_t format = 1;
  std::string uuid;
  std::string source_arn;
  std::string function_arn;  ///< As answered and invoked; it stays when the function is deleted.
  std::string starting_position;          ///< TRIM_HORIZON, LATEST or AT_TIMESTAMP.
  std::int64_t starting_position_ms = 0;  ///< AT_TIMESTAMP only.
  bool enabled = true;
  std::int64_t last_modified_ms = 0;
  std::string
      log;  ///< The stream's incarnation that positions belong to, decimal; empty until resolved.
  Configuration configuration;
  std::map<std::string, std::string> tags;
  bool operator==(const MappingRecord&) const = default;

  static constexpr auto shape() {
    using Self = MappingRecord;
    using shape::member;
    return std::array{
        member<&Self::format>("format"),
        member<&Self::uuid>("uuid"),
        member<&Self::source_arn>("source_arn"),
        member<&Self::function_arn>("function_arn"),
        member<&Self::starting_position>("starting_position"),
        member<&Self::starting_position_ms>("starting_position_ms"),
        member<&Self::enabled>("enabled"),
        member<&Self::last_modified_ms>("last_modified_ms"),
        member<&Self::log>("log"),
        member<&Self::configuration>("configuration"),
        member<&Self::tags>("tags"),
    };
  }
};

enum class MappingState : std::uint8_t {
  kCreating,
  kEnabling,
  kEnabled,
  kDisabling,
  kDisabled,
  kUpdating,
  kDeleting,
};
std::string_view to_text(MappingState state);  ///< "Creating", ...

/// Whether an EventSourceArn names a consumer of a stream, and the ARN of its stream; of a
/// stream's ARN itself.
bool is_consumer_source(std::string_view source_arn);
std::string stream_of_source(std::string_view source_arn);
/// "arn:aws:lambda:<region>:<account>:event-source-mapping:<uuid>"
std::string mapping_arn(const Tenant& tenant, std::string_view uuid);
std::string catalog_key(const Tenant& tenant, std::string_view uuid);
/// The tenant in a catalog key.
Result<Tenant> tenant_of_key(std::string_view key);
inline constexpr std::string_view kCatalogPrefix = "mapping/";

}  // namespace penstock::mapping
