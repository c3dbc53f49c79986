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

namespace penstock::function {

/// What a client says about how a function runs. Stored as it is.
struct Configuration {
  std::string package_type = "Zip";  ///< Or "Image": a remote endpoint.
  std::string image_uri;             ///< Image: http://host:port[/path].
  std::string runtime;               ///< Zip only, like the handler.
  std::string handler;
  std::string role;
  std::string description;
  std::int64_t timeout_s = 3;
  std::int64_t memory_mb = 128;
  std::int64_t ephemeral_mb = 512;
  std::string architecture = "x86_64";
  std::string tracing_mode = "PassThrough";
  std::optional<std::map<std::string, std::string>> variables;
  std::string dead_letter_arn;
  std::string kms_key_arn;
  std::string log_format = "Text";
  std::string application_log_level;  ///< With log format JSON only.
  std::string system_log_level;
  std::string log_group;  ///< Empty: /aws/lambda/<name>.
  bool operator==(const Configuration&) const = default;

  static constexpr auto shape() {
    using Self = Configuration;
    using shape::member;
    return std::array{
        member<&Self::package_type>("package_type"),
        member<&Self::image_uri>("image_uri"),
        member<&Self::runtime>("runtime"),
        member<&Self::handler>("handler"),
        member<&Self::role>("role"),
        member<&Self::description>("description"),
        member<&Self::timeout_s>("timeout_s"),
        member<&Self::memory_mb>("memory_mb"),
        member<&Self::ephemeral_mb>("ephemeral_mb"),
        member<&Self::architecture>("architecture"),
        member<&Self::tracing_mode>("tracing_mode"),
        member<&Self::variables>("variables"),
        member<&Self::dead_letter_arn>("dead_letter_arn"),
        member<&Self::kms_key_arn>("kms_key_arn"),
        member<&Self::log_format>("log_format"),
        member<&Self::application_log_level>("application_log_level"),
        member<&Self::system_log_level>("system_log_level"),
        member<&Self::log_group>("log_group"),
    };
  }
};

/// One function as the catalog keeps it, under function/<account>/<region>/<name>.
struct FunctionRecord {
  std::int64_t format = 1;
  std::string name;
  Configuration configuration;
  std::string code_sha256;  ///< Base64, as clients see it; of an image, of its URI.
  std::int64_t code_bytes = 0;
  std::int64_t last_modified_ms = 0;
  std::string revision_id;
  std::map<std::string, std::string> tags;
  bool operator==(const FunctionRecord&) const = default;

  static constexpr auto shape() {
    using Self = FunctionRecord;
    using shape::member;
    return std::array{
        member<&Self::format>("format"),
        member<&Self::name>("name"),
        member<&Self::configuration>("configuration"),
        member<&Self::code_sha256>("code_sha256"),
        member<&Self::code_bytes>("code_bytes"),
        member<&Self::last_modified_ms>("last_modified_ms"),
        member<&Self::revision_id>("revision_id"),
        member<&Self::tags>("tags"),
    };
  }
};

/// What the model's constraints do not say: which members belong together, reserved variables,
/// the size of the variables, runtimes. `why_not` says why this server cannot run the runtime;
/// empty when it can.
/// fails     FunctionErrc::kInvalidParameter, kNotSupported
Status check_configuration(const Configuration& configuration, std::string_view why_not);

/// Whether Lambda knows a runtime of this name, whether this server runs it or not.
bool is_known_runtime(std::string_view runtime);
/// 2026-01-31T12:34:56.789+0000
std::string last_modified_text(std::int64_t unix_ms);
/// 2026/01/31
std::string date_path(WallTime now);

std::string catalog_key(const Tenant& tenant, std::string_view name);
/// The tenant in a catalog key.
Result<Tenant> tenant_of_key(std::string_view key);
inline constexpr std::string_view kCatalogPrefix = "function/";

}  // namespace penstock::function
